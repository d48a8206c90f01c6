"""Indicators of the field beside the score: ITA, coverage, tension; each with its interval and class.

They say the same openings and supply in ratios that policy makers know. A ratio names its direction: of
"job seekers per opening" more is better for employers, of "openings per job seeker" for seekers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.cells import SOURCES, Cells
from forecasting.series.panel import Array
from forecasting.substitution import spillover
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS

ITA: Final = "ita"
ITA_WITH_SUBSTITUTION: Final = "ita_with_substitution"
COVERAGE: Final = "coverage"
SEEKERS_PER_OPENING: Final = "job_seekers_per_opening"
OPENINGS_PER_SEEKER: Final = "openings_per_job_seeker"

_CELL: Final = ["region", "occupation", "scenario", "horizon"]
_PERCENTS: Final = (10, 50, 90)
_DECIMALS: Final = 9
"""Of a ratio: differences below it are floating point."""
_OF: Final = {
    ITA: (ENTRANTS, JOBSEEKERS),
    ITA_WITH_SUBSTITUTION: (ENTRANTS, JOBSEEKERS),
    COVERAGE: (ENTRANTS,),
    SEEKERS_PER_OPENING: (JOBSEEKERS,),
    OPENINGS_PER_SEEKER: (JOBSEEKERS,),
}
"""Supply that each indicator holds beside the openings: where either is unknown, so is the indicator."""


def ratio(above: Array, below: Array) -> Array:
    """Return above / below; infinite where only `below` is zero, NaN where both are.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    array([0.5, inf, nan])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)


def indicator_draws(openings: Array, supply: Mapping[str, Array], spilled: Array) -> dict[str, Array]:
    """Return each indicator's draws.

    Parameters
    ----------
    openings : ndarray of shape (cells, draws)
        Persons over the window.
    supply : mapping of str to ndarray of shape (cells, draws)
        Persons over the window by source: entrants, job seekers.
    spilled : ndarray of shape (cells, draws)
        Entrants gained by passive substitution, less those lost, as `forecasting.substitution` returns them.

    Notes
    -----
    ITA = (I + U) / B, ROA's indicator of the future labour market (METHOD.md section 1.3); above 1 supply
    exceeds openings. It differs from ROA's in three ways. It is by occupation, ROA's by education. U is every
    job seeker above friction, ROA's only the short-term unemployed: where many have sought long, ours is
    higher and reads worse for entrants. It leaves passive substitution out; ``ita_with_substitution`` has it,
    as persons who change occupation where ROA adds it to the openings of their education. Over the whole
    region both are the same: substitution only moves persons.

    Coverage = I / B, entrants over openings as OSKA's *kaetus* (METHOD.md section 3); both are flows over the
    same window, so yearly figures give the same ratio.

    Tension holds a stock, job seekers who count once per window, beside openings that add up over it: the
    longer the window, the fewer job seekers per opening. Compare windows of one length only.
    """
    entering, seeking = supply[ENTRANTS], supply[JOBSEEKERS]
    return {
        ITA: ratio(entering + seeking, openings),
        # who fills an occupation's last opening leaves it at exactly 1, not at 1 and a rounding error
        ITA_WITH_SUBSTITUTION: ratio(entering + seeking + spilled, openings).round(_DECIMALS),
        COVERAGE: ratio(entering, openings),
        SEEKERS_PER_OPENING: ratio(seeking, openings),
        OPENINGS_PER_SEEKER: ratio(openings, seeking),
    }


def with_spillover(
    cells: Cells, occupations: tuple[str, ...], recruitment: Mapping[str, Array | None], share: float
) -> Cells:
    """Return the cells with `spilled` filled in, each region and window by itself.

    Parameters
    ----------
    cells : Cells
        Without aggregates: these are summed from their cells afterwards. A cell that a reason hides neither
        gives nor takes, so that sums over published cells keep their persons and tell nothing about it.
    occupations : tuple of str
        In the order of the columns of `recruitment`.
    recruitment : mapping of str to ndarray of shape (streams, occupations), or None
        By region; None where nobody says who recruits from where.
    share : float
        Parameter ``passive_substitution``.
    """
    spilled = np.zeros_like(cells.spilled)
    entrants = cells.supply[SOURCES.index(ENTRANTS)]
    others = cells.supply.sum(axis=0) - entrants
    known = cells.index[cells.index["reason"] == ""]
    column = pd.Index(occupations).get_indexer(pd.Index(cells.index["occupation"]))
    for _, rows in known.groupby(["region", "horizon", "scenario"]):
        recruited = recruitment[str(rows["region"].iloc[0])]
        if recruited is not None:
            at = rows.index.to_numpy()
            spilled[at] = spillover(
                cells.gap.openings[at], entrants[at], others[at], recruited[:, column[at]], share
            )
    return replace(cells, spilled=spilled)


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


def indicators_table(
    cells: Cells, ita_classes: Mapping[str, Any], balance_classes: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the published table ``indicators``.

    Parameters
    ----------
    ita_classes : mapping
        Parameter of that name: ``bounds`` between the classes and their ``labels``.
    balance_classes : mapping
        Parameter of that name: ``bounds``, and ``labels`` of each indicator but ITA.
    """
    supply = dict(zip(cells.sources, cells.supply, strict=True))
    frames = []
    for name, draws in indicator_draws(cells.gap.openings, supply, cells.spilled).items():
        reason = cells.index["reason_openings"].astype(str)
        for source in _OF[name]:
            reason = reason.where(reason.ne(""), cells.index[f"reason_{source}"].astype(str))
        if name in balance_classes["labels"]:
            likeliest = _class_of(draws, balance_classes["bounds"], balance_classes["labels"][name])
        else:
            likeliest = _class_of(draws, ita_classes["bounds"], ita_classes["labels"])
        above = {"probability_above_one": classes(draws, [1.0])[:, 1]}
        figures = pd.DataFrame(quantiles(draws) | likeliest | above)
        hidden = reason.ne("").to_numpy()
        figures[hidden] = None
        none = figures["p50"].isna().to_numpy() & ~hidden
        frames.append(
            pd.concat([cells.index[_CELL], figures], axis=1).assign(
                indicator=name, reason=np.where(none, "not_applicable", reason)
            )
        )
    return pd.concat(frames, ignore_index=True)


def _class_of(draws: Array, bounds: Sequence[float], labels: Sequence[str]) -> dict[str, Any]:
    """Return the likeliest class and its probability."""
    chance = classes(draws, bounds)
    likeliest = np.nan_to_num(chance, nan=-1.0).argmax(axis=1)
    known = np.isfinite(chance).all(axis=1)
    return {
        "class": np.where(known, np.array(labels, dtype=object)[likeliest], None),
        "class_probability": np.where(known, chance[np.arange(len(chance)), likeliest], np.nan),
    }
