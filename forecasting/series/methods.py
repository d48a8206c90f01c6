"""Every way to forecast a table of series by name: the frozen default, the models, the baselines."""

from forecasting.series.baselines import Forecaster, Mean, Naive, SeasonalNaive
from forecasting.series.combination import default_forecaster
from forecasting.series.counts import CountBoosting
from forecasting.series.intermittent import TSB, Croston
from forecasting.series.library import LibraryModel
from forecasting.series.smoothing import SES, DampedTrend, Theta


def named_forecasters(seed: int = 1) -> dict[str, Forecaster]:
    """Return the forecasters by name; those of the library need it only when they are asked.

    Examples
    --------
    >>> named_forecasters()["mean-3"]
    Mean(periods=3, name='mean')
    """
    return {
        "default": default_forecaster(seed),
        "boosting": CountBoosting(seed),
        "last": Naive(),
        "seasonal-naive": SeasonalNaive(),
        "mean-3": Mean(3),
        "mean-6": Mean(6),
        "ses-0.2": SES(0.2),
        "ses-0.3": SES(0.3),
        "theta": Theta(),
        "damped-trend": DampedTrend(),
        "croston": Croston(),
        "tsb": TSB(),
        "auto-ets": LibraryModel("AutoETS"),
        "auto-theta": LibraryModel("AutoTheta"),
    }
