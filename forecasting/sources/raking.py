"""Raking, where the sources look for it."""

from forecasting.raking import Floats, rake

__all__ = ["Floats", "rake"]
