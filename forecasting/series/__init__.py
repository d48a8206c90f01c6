"""Forecast many related series: baselines, global LightGBM, rolling origins and intervals."""
