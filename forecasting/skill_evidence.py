"""Forecasts of skill shares held to the ads that came: which method ships, and how far shares stray."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import norm

from forecasting.parameters import Parameters
from forecasting.series.intervals import NOMINAL
from forecasting.series.panel import Array, Panel
from forecasting.series.rolling import backtest_table, select_method
from forecasting.skill_mentions import Ads, Counts, yearly
from forecasting.skill_shares import MEAN, MEAN_YEARS, NAIVE, Levels, damped, shares_of, smoothed, staying

SKILL_SHARES: Final = "skill_shares"

_TELLING: Final = 5
"""Occupations from which on the mean of a skill's errors tells its own movement."""
_NONE: Final = np.array([1.0])
"""Shocks where no past tells their shape: all of one size."""
_COLUMNS: Final = [
    *("method", "origin", "horizon", "series", "occupation", "skill", "size"),
    *("forecast", "actual", "error", "noise", "low", "high"),
]


@dataclass(frozen=True)
class Spread:
    """How far a skill's shares stray from their forecast: in all its occupations together, and in each.

    Parameters
    ----------
    times : tuple of float
        Middles of the tested windows, years from the base year, ascending.
    variance : tuple of float
        Squared log points at each; never falling.
    shocks : ndarray
        Past errors common to a skill's occupations, scaled to a mean square of 1: most skills hardly move, a
        few a lot.
    own : tuple of float
        Squared log points at each of an occupation alone, beyond what its counts and waves explain; never
        falling; empty for none.
    """

    times: tuple[float, ...]
    variance: tuple[float, ...]
    shocks: Array
    own: tuple[float, ...] = ()

    def at(self, time: float) -> float:
        """Return the common variance at a time ahead; beyond the tested windows it grows in proportion."""
        return self._grown(self.variance, time)

    def own_at(self, time: float) -> float:
        """Return an occupation's own variance at a time ahead, likewise."""
        return self._grown(self.own, time) if self.own else 0.0

    def _grown(self, variance: tuple[float, ...], time: float) -> float:
        if time >= self.times[-1]:
            return variance[-1] * time / self.times[-1]
        return float(np.interp(time, (0.0, *self.times), (0.0, *variance)))


def middle(years: int) -> float:
    """Return the middle of a window, years from the base year: what its openings ask on average.

    The window runs from the year after the base year to the horizon; a year's ads stand at its middle.

    Examples
    --------
    >>> middle(1), middle(10)
    (1.0, 5.5)
    """
    return (years + 1) / 2


def share_errors(ads: Ads, horizons: Sequence[int], parameters: Parameters) -> pd.DataFrame:
    """Forecast every window's shares from every past year, with what was known then.

    Returns
    -------
    DataFrame
        Columns as `forecasting.series.rolling.rolling_errors` with ``occupation, skill``; ``size`` are the
        ads at the origin, forecast and actual shares of the ads of a window, ``error`` their difference in
        log-odds, ``noise`` the part of its variance that the counts explain, ``low`` and ``high`` the 80 %
        interval as made at the origin. Skills that were rare there are left out.
    """
    years = ads.years
    if not len(years) or years.max() == years.min():
        return pd.DataFrame(columns=_COLUMNS)
    outcome = yearly(ads, int(years.max()), parameters)
    frames = []
    for origin in range(int(years.min()), int(years.max())):
        if not (years == origin).any():
            continue
        known = yearly(ads, origin, parameters)
        fits = _fits(known, parameters["profile_damping"])
        reached = [horizon for horizon in horizons if origin + horizon <= years.max()]
        least = parameters["scored_share"]
        frames += [_errors(ads, known, outcome, fits, origin, horizon, least) for horizon in reached]
    errors = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)
    return _with_intervals(errors)


def _fits(counts: Counts, damping: Mapping[str, float]) -> dict[str, Levels]:
    """Return every method's levels; the moving ones share a fit."""
    moving = smoothed(counts)
    fits = {NAIVE: staying(counts, 1), MEAN: staying(counts, MEAN_YEARS)}
    return fits | {name: damped(moving, left) for name, left in damping.items()}


def _errors(
    ads: Ads,
    known: Counts,
    outcome: Counts,
    fits: Mapping[str, Levels],
    origin: int,
    horizon: int,
    least: float,
) -> pd.DataFrame:
    """Return the rows of one origin and window; only pairs that were asked often enough at the origin."""
    window = slice(known.ads.shape[1], known.ads.shape[1] + horizon)
    given, asked = outcome.ads[:, window].sum(axis=1), outcome.mentions[:, window].sum(axis=1)
    common = shares_of(fits[MEAN].at(0.0)) >= least
    row = np.flatnonzero(common & (known.ads[:, -1] > 0) & (given > 0))
    odds = np.log((asked[row] + 0.5) / (given[row] - asked[row] + 0.5))
    frames = []
    for name, levels in fits.items():
        share = shares_of(levels.of_ads(middle(horizon))[row])
        soft = (share * given[row] + 0.5) / (given[row] + 1)  # the actual odds have this correction too
        binomial = 1 / (given[row] * soft * (1 - soft))
        noise = binomial + levels.wave.over(horizon) + levels.variance[row, -1]
        frame = pd.DataFrame({"series": row, "forecast": share, "actual": asked[row] / given[row]})
        frames.append(
            frame.assign(
                method=name,
                origin=origin,
                horizon=horizon,
                size=known.ads[row, -1],
                error=odds - np.log(soft / (1 - soft)),
                noise=noise,
                occupation=ads.index["occupation"].to_numpy()[row],
                skill=ads.index["skill"].to_numpy()[row],
            )
        )
    return pd.concat(frames, ignore_index=True)


def _with_intervals(errors: pd.DataFrame) -> pd.DataFrame:
    """Add the interval that the errors known at each origin make; none where there are none."""
    low, high = np.full(len(errors), np.nan), np.full(len(errors), np.nan)
    reach = norm.ppf((1 + NOMINAL) / 2)
    for _, mine in errors.groupby("method"):
        for origin, at in mine.groupby("origin"):
            past = mine[mine["origin"] + mine["horizon"] <= origin]
            if past.empty:
                continue
            tested = {
                middle(years): _beyond_noise(past[past["horizon"] == years])
                for years in sorted(set(past["horizon"]))
            }
            spread = Spread(tuple(tested), tuple(np.maximum.accumulate(list(tested.values()))), _NONE)
            forecast = np.clip(at["forecast"].to_numpy(dtype=float), 1e-6, 1 - 1e-6)
            odds = np.log(forecast / (1 - forecast))
            stray = at["horizon"].map({years: spread.at(middle(years)) for years in set(at["horizon"])})
            wide = reach * np.sqrt(at["noise"].to_numpy(dtype=float) + stray.to_numpy(dtype=float))
            low[at.index], high[at.index] = shares_of(odds - wide), shares_of(odds + wide)
    return errors.assign(low=low, high=high)[_COLUMNS]


def _beyond_noise(errors: pd.DataFrame) -> float:
    """Return the variance that, beside their noise, puts 80 % of the errors inside an 80 % interval.

    Errors have longer tails than a normal: their mean square would make intervals too wide.
    """
    off = (errors["error"].to_numpy(dtype=float) / norm.ppf((1 + NOMINAL) / 2)) ** 2
    return max(float(np.quantile(off - errors["noise"].to_numpy(dtype=float), NOMINAL)), 0.0)


def fit_share_spread(errors: pd.DataFrame, minimum_origins: int) -> Spread | None:
    """Return how far skills stray by the errors of the method that ships; None where too few origins tell.

    Parameters
    ----------
    errors : DataFrame
        Rows of `share_errors` of one method.

    Notes
    -----
    The mean product of the errors of two occupations of a skill, over its occupations: waves and counting
    errors of different occupations have nothing in common, so what is left is movement of the skill. What
    the mean square of all errors exceeds it by, less their noise, is movement of occupations alone.
    """
    times: list[float] = []
    variance: list[float] = []
    own: list[float] = []
    means: list[Array] = []
    for horizon in sorted(set(errors["horizon"])):
        at = errors[errors["horizon"] == horizon]
        if at["origin"].nunique() >= minimum_origins:
            sums = at.assign(squared=at["error"] ** 2).groupby(["origin", "skill"])
            total, squared, count = sums["error"].sum(), sums["squared"].sum(), sums.size()
            several = count >= 2
            product = (total**2 - squared)[several] / (count - 1)[several]
            found = float(product.sum() / count[several].sum()) if several.any() else 0.0
            times.append(middle(horizon))
            variance.append(max([found, 0.0, *variance[-1:]]))
            beyond = float((at["error"] ** 2 - at["noise"]).mean()) - variance[-1]
            own.append(max([beyond, 0.0, *own[-1:]]))
            means.append((total / count)[count >= _TELLING].to_numpy(dtype=float))
    if not times:
        return None
    scaled = [each / np.sqrt((each**2).mean()) for each in means if (each**2).sum() > 0]
    return Spread(tuple(times), tuple(variance), np.concatenate(scaled) if scaled else _NONE, tuple(own))


def share_table(
    ads: Ads, errors: pd.DataFrame, horizons: Sequence[int], parameters: Parameters
) -> pd.DataFrame:
    """Return the scores of every method and window; absolute errors in shares of ads."""
    counts = yearly(ads, int(ads.years.max()), parameters) if len(ads.years) else None
    names = [NAIVE, MEAN, *parameters["profile_damping"]]
    shares = np.empty((0, 0)) if counts is None else _shares(counts)
    panel = Panel(ads.index[["occupation", "skill"]], counts.years if counts else (), shares)
    return backtest_table(
        panel, errors, names, horizons, parameters["size_classes"], parameters["minimum_origins"]
    )


def _shares(counts: Counts) -> Array:
    return np.divide(counts.mentions, counts.ads, out=np.full(counts.ads.shape, np.nan), where=counts.ads > 0)


def choose_share_method(table: pd.DataFrame, minimum_origins: int) -> str:
    """Return the method to ship: one that beats the last share and the mean of the latest, else that mean.

    By the absolute error of the share, at every backtested window: that is what a lack adds up.
    """
    scores = table.assign(log_mae=table["mae"])
    best = select_method(scores, MEAN, minimum_origins)
    rivals = scores[scores["method"].isin([best, NAIVE])]
    beaten = best in (MEAN, NAIVE) or select_method(rivals, NAIVE, minimum_origins) == best
    return best if beaten else MEAN
