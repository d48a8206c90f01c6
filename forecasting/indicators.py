"""Indicators of the field beside the score: ITA, coverage, tension; each with its interval and class.

They say the same openings and supply in ratios that policy makers know. A ratio names its direction: of
"job seekers per opening" more is better for employers, of "openings per job seeker" for seekers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.cells import SOURCES, Cells
from forecasting.series.panel import Array
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS

ITA: Final = "ita"
COVERAGE: Final = "coverage"
SEEKERS_PER_OPENING: Final = "job_seekers_per_opening"
OPENINGS_PER_SEEKER: Final = "openings_per_job_seeker"

_CELL: Final = ["region", "occupation", "scenario", "horizon"]
_PERCENTS: Final = (10, 50, 90)
_OPENED: Final = "reason_openings"


def ratio(above: Array, below: Array) -> Array:
    """Return above / below; infinite where only `below` is zero, NaN where both are.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    array([0.5, inf, nan])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)


def indicator_draws(openings: Array, supply: Mapping[str, Array]) -> dict[str, Array]:
    """Return each indicator's draws.

    Parameters
    ----------
    openings : ndarray of shape (cells, draws)
        Persons over the window.
    supply : mapping of str to ndarray of shape (cells, draws)
        Persons over the window by source: entrants, job seekers.

    Notes
    -----
    ITA = (I + U) / B, ROA's indicator of the future labour market (METHOD.md section 1.3), here by
    occupation where ROA's is by education, without passive substitution; above 1 supply exceeds openings.
    Coverage = I / B, entrants over openings as OSKA's *kaetus* (METHOD.md section 3); both are flows over the
    same window, so yearly figures give the same ratio.
    """
    entering, seeking = supply[ENTRANTS], supply[JOBSEEKERS]
    return {
        ITA: ratio(entering + seeking, openings),
        COVERAGE: ratio(entering, openings),
        SEEKERS_PER_OPENING: ratio(seeking, openings),
        OPENINGS_PER_SEEKER: ratio(openings, seeking),
    }


def classes(draws: Array, bounds: Sequence[float]) -> Array:
    """Return the probability of each class, shape (cells, classes); NaN where no draw has a value.

    A value equal to a bound belongs to the class below it.

    Examples
    --------
    >>> classes(np.array([[0.8, 1.0, 1.2, np.inf]]), [0.85, 1.15])
    array([[0.25, 0.25, 0.5 ]])
    """
    known = ~np.isnan(draws)
    place = np.where(known, np.searchsorted(np.asarray(bounds), draws, side="left"), -1)
    counts = np.stack([(place == number).sum(axis=1) for number in range(len(bounds) + 1)], axis=1)
    total = known.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def quantiles(draws: Array) -> dict[str, Array]:
    """Return P10, P50 and P90 of draws that may be infinite; NaN where unknown or infinite."""
    ordered = np.sort(draws, axis=1)  # NaN last
    known = (~np.isnan(draws)).sum(axis=1)
    found = {}
    for percent in _PERCENTS:
        place = np.clip(np.ceil(percent / 100 * known).astype(int) - 1, 0, draws.shape[1] - 1)
        value = ordered[np.arange(len(draws)), place]
        found[f"p{percent}"] = np.where((known > 0) & np.isfinite(value), value, np.nan)
    return found


def indicators_table(cells: Cells, ita_classes: Mapping[str, Any]) -> pd.DataFrame:
    """Return the published table ``indicators``.

    Parameters
    ----------
    ita_classes : mapping
        Parameter of that name: ``bounds`` between the classes and their ``labels``.
    """
    supply = dict(zip(SOURCES, cells.supply, strict=True))
    needed = {
        ITA: [_OPENED, *(f"reason_{source}" for source in SOURCES)],
        COVERAGE: [_OPENED, f"reason_{ENTRANTS}"],
        SEEKERS_PER_OPENING: [_OPENED, f"reason_{JOBSEEKERS}"],
        OPENINGS_PER_SEEKER: [_OPENED, f"reason_{JOBSEEKERS}"],
    }
    frames = []
    for name, draws in indicator_draws(cells.gap.openings, supply).items():
        reasons = cells.index[needed[name]].astype(str)
        reason = reasons.apply(lambda row: next(filter(None, row), ""), axis=1)
        figures = pd.DataFrame(quantiles(draws))
        if name == ITA:
            figures = figures.assign(**_class_of(draws, ita_classes))
        hidden = reason.ne("").to_numpy()
        figures[hidden] = None
        none = figures["p50"].isna().to_numpy() & ~hidden
        frames.append(
            pd.concat([cells.index[_CELL], figures], axis=1).assign(
                indicator=name, reason=np.where(none, "not_applicable", reason)
            )
        )
    return pd.concat(frames, ignore_index=True)


def _class_of(draws: Array, ita_classes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the likeliest class and its probability."""
    chance = classes(draws, ita_classes["bounds"])
    likeliest = np.nan_to_num(chance, nan=-1.0).argmax(axis=1)
    known = np.isfinite(chance).all(axis=1)
    label = np.array(ita_classes["labels"], dtype=object)[likeliest]
    return {
        "class": np.where(known, label, None),
        "class_probability": np.where(known, chance[np.arange(len(chance)), likeliest], np.nan),
    }
