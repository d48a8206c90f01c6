"""The scale on which errors of large and small series can be compared."""

from dataclasses import dataclass

import numpy as np

from forecasting.series.panel import Array


@dataclass(frozen=True)
class Scale:
    """The scale errors are pooled on: variance about constant from a count of one to the largest.

    Parameters
    ----------
    bend : float
        Value around which the square root turns into a logarithm; 1 for counts.
    whole : bool
        Values are counts.
    """

    bend: float
    whole: bool

    def stretch(self, values: Array) -> Array:
        """Return 2·asinh(√(value / bend))."""
        return 2 * np.arcsinh(np.sqrt(np.maximum(values, 0) / self.bend))

    def restore(self, stretched: Array) -> Array:
        """Return the values `stretch` came from, never negative; counts whole.

        Examples
        --------
        >>> counts = Scale(bend=1.0, whole=True)
        >>> counts.restore(counts.stretch(np.array([0.5, 6.3, 6.9])))
        array([0., 6., 6.])
        """
        values = self.bend * np.sinh(np.maximum(stretched, 0) / 2) ** 2
        return np.maximum(np.ceil(values) - 1, 0) if self.whole else values

    def outcomes(self, actual: Array, generator: np.random.Generator) -> Array:
        """Return outcomes on the stretched scale, a count anywhere in the unit above it."""
        return self.stretch(actual + 1 - generator.random(actual.shape) if self.whole else actual)

    def forecasts(self, forecast: Array) -> Array:
        """Return forecasts on the stretched scale, those of counts in the middle of that unit."""
        return self.stretch(np.maximum(forecast, 0) + (0.5 if self.whole else 0))

    def loading(self, forecast: Array) -> Array:
        """Return by how much a log point of market moves a forecast on the stretched scale, 0 to 1."""
        middle = np.maximum(forecast, 0) + (0.5 if self.whole else 0)
        return np.maximum(forecast, 0) / np.sqrt(np.maximum(middle * (middle + self.bend), 1e-300))


def fit_scale(values: Array) -> Scale:
    """Return the scale for a panel: counts if every known value is whole."""
    known = values[np.isfinite(values)]
    if (known == np.round(known)).all():
        return Scale(bend=1.0, whole=True)
    return Scale(bend=0.1 * float(np.median(known[known > 0])), whole=False)
