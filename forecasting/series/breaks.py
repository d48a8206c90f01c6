"""Structural breaks: where the level of many series, or of one, shifts faster than it usually moves.

A series' step is the change of its log from one period to the next, less what is usual at that time of the
year. It is held against the series' own usual step (a robust standard deviation), so that a wandering series
(random walk) and a noisy one (AR(1)) are judged alike. First the market: the median step of all series. Then
each series apart from the market, so that a common shock is one row and not a thousand. The false discovery
rate sorts out doubtful steps (Benjamini and Hochberg 1995); one odd reading is no shift, so that the last
period's cannot be told yet; large steps in a row, as in a crisis of three quarters, are one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from forecasting.series.panel import Array, Panel

MARKET: Final = "market"
SERIES: Final = "series"
_WINDOWS: Final = {1: 1, 4: 2, 12: 3}
"""Periods that a shift must last to be one, by periods in a year."""
_SMALLEST: Final = 5.0
"""Median level below which logs are mostly the noise of counting: such series are not judged."""
_FEWEST_PERIODS: Final = 8
_FEWEST_SERIES: Final = 5
"""Series from which on there is a market to tell apart from them."""
_FEWEST_YEARS: Final = 6
"""Years from which on the usual step of a time of the year is taken off; of fewer it would be noise."""
_TRIM: Final = 3.0
_TRIMMED_DEVIATION: Final = 0.9866
"""Standard deviation of a normal variable cut at three."""
_EFFICIENCY: Final = 0.6
"""Degrees of freedom per step of the trimmed deviation: chosen so that false reports are as few as said."""
_HEAVIEST_TAIL: Final = 8.0
"""Least degrees of freedom of a step's distribution: with fewer, no single series' shift would count."""
_IN_A_ROW: Final = 2.0
"""Usual steps from which on a step belongs to the shift beside it."""
_COLUMNS: Final = ["scope", "period", "until", "shift", "change", "deviations", "p", "kept", "moved"]


@dataclass(frozen=True)
class _Steps:
    """Steps of the judged series, shape (series, periods), in log points; NaN where unknown.

    `now` is the change to each period, `held` that from a few periods before to a few after, `later` that to
    the period a year after.
    """

    now: Array
    held: Array
    later: Array

    def median(self) -> "_Steps":
        """Return the market's."""
        return _Steps(_median(self.now), _median(self.held), _median(self.later))

    def apart_from(self, market: "_Steps") -> "_Steps":
        """Return what the market does not explain."""
        return _Steps(self.now - market.now, self.held - market.held, self.later - market.later)


def find_breaks(panel: Panel, *, rate: float = 0.05) -> pd.DataFrame:
    """Return the level shifts of the market and, apart from it, of single series.

    Parameters
    ----------
    panel : Panel
        Levels or counts; NaN is left out. Series with a median below 5 or fewer than 8 known periods are not
        judged; fewer than 5 series have no market, and each is judged by itself.
    rate : float, default 0.05
        False discovery rate among the steps of the market, and among those of all series.

    Returns
    -------
    DataFrame
        The keys (empty for the market); ``scope`` market or series; ``period`` and ``until``, the first and
        last period of the shift; ``shift`` in log points and ``change`` as a share, of a series apart from
        the market's; ``deviations``, how many usual steps its largest is, and its ``p``; ``kept``, the share
        of the shift still there a year later (near 1 a new level, near 0 a passing one, NaN unknown);
        ``moved``, for the market the share of series that went at least half as far the same way. By period,
        market first.

    Notes
    -----
    Of 200 simulated panels without a break (normal steps; random walk, AR(1), noise; 25 to 107 periods), 0 to
    9 in 100 report a shift of the market, 0 to 5 one of any series. With heavy tails (Student's t, 6 degrees,
    random walk) it is 36 to 58 and 19 to 26: a rare large step and a small break are then the same thing.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> logs = 5 + rng.normal(0, 0.05, (20, 40)).cumsum(axis=1)
    >>> logs[:, 25:] -= 0.8
    >>> found = find_breaks(Panel(pd.DataFrame({"job": range(20)}), tuple(range(40)), np.exp(logs), 4))
    >>> found[["scope", "period", "moved"]].to_numpy().tolist()
    [['market', 25, 1.0]]
    """
    judged = np.flatnonzero(_judged(panel.values))
    empty = pd.DataFrame({name: pd.Series(dtype=float) for name in ["row", *_COLUMNS]})
    frames = [empty]
    if len(judged) and len(panel.periods) >= _FEWEST_PERIODS:
        steps = _steps(panel.values[judged], panel.season, panel.periods[0])
        if len(judged) >= _FEWEST_SERIES:
            market = steps.median()
            frames.append(_reported(market, rate, panel, MARKET).assign(row=-1))
            frames[-1]["moved"] = _moved(steps, frames[-1], panel.periods[0])
            steps = steps.apart_from(market)
        found = _reported(steps, rate, panel, SERIES)
        frames.append(found.assign(row=judged[found["row"]], moved=np.nan))
    table = pd.concat([frame for frame in frames if len(frame)] or [empty], ignore_index=True)
    keys = panel.index.astype(object).reindex(table["row"])  # integers stay so beside the market's NaN
    keys = keys.reset_index(drop=True)
    table = pd.concat([keys, table[_COLUMNS]], axis=1)
    return table.sort_values(["period", "scope", "p"], ignore_index=True)


def _judged(values: Array) -> NDArray[np.bool_]:
    known = np.isfinite(values)
    enough: NDArray[np.bool_] = known.sum(axis=1) >= _FEWEST_PERIODS
    level = np.zeros(len(values))
    level[enough] = np.nanmedian(values[enough], axis=1)
    return enough & (level >= _SMALLEST)


def _steps(values: Array, season: int, first: int) -> _Steps:
    logs = np.log(np.maximum(values, 0.5))
    now, held, later = np.full((3, *logs.shape), np.nan)
    now[:, 1:] = np.diff(logs, axis=1)
    # The reading at the step and the one before it are left out: either may be the odd one.
    window = _WINDOWS[season]
    held[:, 2:-1] = _means(logs[:, 3:], window) - _means(logs[:, ::-1], window)[:, ::-1][:, :-3]
    later[:, 1:-season] = logs[:, 1 + season :] - logs[:, : -1 - season]
    usual = _usual(now, season, first)
    return _Steps(now - usual, held - _usual(held, season, first), later - usual)


def _means(logs: Array, window: int) -> Array:
    """Return the mean of the known values among each period and those after it."""
    padded = np.pad(logs, ((0, 0), (0, window - 1)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)
    known = np.isfinite(windows)
    count = known.sum(axis=2)
    return np.where(count > 0, np.where(known, windows, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan)


def _usual(steps: Array, season: int, first: int) -> Array:
    """Return the median step of each time of the year, or with few years of all times."""
    usual = np.repeat(_row_median(steps)[:, None], steps.shape[1], axis=1)
    for position in range(season if steps.shape[1] >= _FEWEST_YEARS * season else 0):
        at = np.flatnonzero((np.arange(steps.shape[1]) + first) % season == position)
        often = np.isfinite(steps[:, at]).sum(axis=1) >= _FEWEST_YEARS
        usual[:, at] = np.where(often, _row_median(steps[:, at]), usual[:, at[0]])[:, None]
    return usual


def _row_median(values: Array) -> Array:
    known = np.isfinite(values).any(axis=1)
    medians = np.zeros(len(values))
    medians[known] = np.nanmedian(values[known], axis=1)
    return medians


def _median(steps: Array) -> Array:
    """Return the median over series, shape (1, periods); NaN where fewer than five are known."""
    enough = np.isfinite(steps).sum(axis=0) >= _FEWEST_SERIES
    median = np.full((1, steps.shape[1]), np.nan)
    median[0, enough] = np.nanmedian(steps[:, enough], axis=0)
    return median


def _reported(steps: _Steps, rate: float, panel: Panel, scope: str) -> pd.DataFrame:
    """Return the shifts that pass the false discovery rate and last; large steps in a row are one shift."""
    deviations, freedom = _deviations(steps.now, panel.season)
    p = 2 * stats.t.sf(np.abs(deviations), np.minimum(freedom, _tail(deviations))[:, None])
    lasting = np.nan_to_num(steps.held / np.where(steps.now == 0, np.nan, steps.now)) >= 0.5
    run = _runs(deviations)
    row, column = np.nonzero((run > 0) & np.isin(run, run[_discoveries(p, rate) & lasting]))
    cells = pd.DataFrame({"run": run[row, column], "row": row, "first": column, "last": column})
    cells = cells.assign(shift=steps.now[row, column], deviations=deviations[row, column], p=p[row, column])
    # The step with the least p goes first, so that it stands for the run.
    grouped = cells.sort_values("p", kind="stable").groupby("run")
    runs = grouped.agg(
        {"row": "first", "first": "min", "last": "max", "shift": "sum", "deviations": "first", "p": "first"}
    )
    periods = np.asarray(panel.periods)
    return runs.assign(
        scope=scope,
        period=periods[runs["first"]],
        until=periods[runs["last"]],
        change=np.expm1(runs["shift"]),
        kept=_gone_on(steps, runs) / runs["shift"],
    ).reset_index(drop=True)


def _runs(deviations: Array) -> NDArray[np.int64]:
    """Return a number for each run of large steps the same way, 0 elsewhere."""
    known = np.nan_to_num(deviations)
    large = (np.abs(known) >= _IN_A_ROW) * np.sign(known)
    begins = (large != 0) & (np.diff(large, axis=1, prepend=0.0) != 0)
    return np.where(large != 0, begins.ravel().cumsum().reshape(large.shape), 0)


def _gone_on(steps: _Steps, runs: pd.DataFrame) -> Array:
    """Return how far from before the shift the level is, a year after its last period."""
    row, first, last = (runs[name].to_numpy(dtype=int) for name in ("row", "first", "last"))
    total = np.nan_to_num(steps.now).cumsum(axis=1)
    before_last = total[row, last] - total[row, first] + steps.now[row, first] - steps.now[row, last]
    return steps.later[row, last] + before_last


def _deviations(steps: Array, season: int) -> tuple[Array, Array]:
    """Return steps over the series' usual step, and the degrees of freedom of that.

    The usual step is the standard deviation of the steps within three of the median absolute one: nearly as
    efficient as that of all, and as untouched by breaks as the latter.
    """
    known = np.isfinite(steps)
    rough = 1.4826 * _row_median(np.abs(steps))
    inside = known & (np.abs(steps) <= _TRIM * rough[:, None])
    positions = season if steps.shape[1] >= _FEWEST_YEARS * season else 1
    count = np.maximum(inside.sum(axis=1) - positions, 1)
    squares = np.where(inside, steps, 0.0) ** 2
    usual = np.sqrt(squares.sum(axis=1) / count) / _TRIMMED_DEVIATION
    return steps / np.where(usual > 0, usual, np.nan)[:, None], np.maximum(_EFFICIENCY * count, 1.0)


def _tail(deviations: Array) -> float:
    """Return the degrees of freedom of the t distribution whose tail is as heavy as that of all deviations.

    Judged by the 95th percentile over the median of absolute deviations; a single series tells too little.
    """
    size = np.abs(deviations[np.isfinite(deviations)])
    if len(deviations) < _FEWEST_SERIES or not len(size):
        return float("inf")
    grid = np.geomspace(2, 200, 100)
    ratios = stats.t.ppf(0.975, grid) / stats.t.ppf(0.75, grid)  # falls with the degrees of freedom
    middle, far = np.quantile(size, [0.5, 0.95])
    found = float(np.interp(-far / max(middle, 1e-12), -ratios, grid, left=grid[0], right=np.inf))
    return max(found, _HEAVIEST_TAIL)


def _discoveries(p: Array, rate: float) -> NDArray[np.bool_]:
    """Return which p values pass Benjamini and Hochberg's rule over all of them."""
    known = np.sort(p[np.isfinite(p)])
    passed = np.flatnonzero(known <= rate * np.arange(1, len(known) + 1) / max(len(known), 1))
    return np.nan_to_num(p, nan=1.0) <= (known[passed[-1]] if len(passed) else -1.0)


def _moved(steps: _Steps, market: pd.DataFrame, first: int) -> Array:
    """Return for each shift of the market the share of series that went half as far or more, the same way."""
    total = np.nan_to_num(steps.now).cumsum(axis=1)
    begin, end = (market[name].to_numpy(dtype=int) - first for name in ("period", "until"))
    moves = total[:, end] - total[:, begin - 1]
    return (moves / market["shift"].to_numpy() >= 0.5).mean(axis=0)
