"""Who gains and who loses against another allocation, and whether money goes where the need is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.funding.applications import Cents
from forecasting.series.panel import Array

UNKNOWN = "unknown"
"""Group of an application that does not tell it."""


def gains(cents: Cents, baseline: Cents, groups: pd.DataFrame) -> pd.DataFrame:
    """Return what groups gain or lose against a baseline allocation of the same applications.

    Parameters
    ----------
    cents, baseline : ndarray of int64, shape (applications,)
        Cents under the allocation, and under the one it is held against.
    groups : DataFrame
        A row for each application and a column for each way of grouping: sector, region, education, age. A
        missing value is the group ``unknown``, so that each column adds up to the whole.

    Returns
    -------
    DataFrame
        ``by, group, applications, gainers, losers, cents, baseline, change, share, baseline_share,
        relative_change``; amounts in cents, the last null where the baseline is nothing. ``applications``
        tells which rows are too small to publish.

    Raises
    ------
    InputError
        If the lengths differ.
    """
    if not len(cents) == len(baseline) == len(groups):
        given = (
            f"{len(cents):,} amounts, {len(baseline):,} in the baseline and {len(groups):,} rows of groups"
        )
        remedy = "allocate the same applications twice"
        raise InputError([Problem("equity", given, "one of each for every application", remedy)])
    change = cents - baseline
    each = pd.DataFrame(
        {
            "applications": 1,
            "gainers": (change > 0).astype(np.int64),
            "losers": (change < 0).astype(np.int64),
            "cents": cents,
            "baseline": baseline,
            "change": change,
        }
    )
    parts = []
    for column in groups.columns:
        labels = groups[column].astype(object).where(groups[column].notna(), UNKNOWN).astype(str)
        table = each.groupby(labels.to_numpy(), sort=True).sum().rename_axis("group").reset_index()
        parts.append(table.assign(by=str(column)))
    if not parts:
        parts = [each.iloc[:0].assign(by="", group="")]
    found = pd.concat(parts, ignore_index=True)
    for share, amount in (("share", "cents"), ("baseline_share", "baseline")):
        whole = int(each[amount].sum())
        found[share] = found[amount] / whole if whole else np.nan
    found["relative_change"] = (found["change"] / found["baseline"]).where(found["baseline"] > 0)
    front = ["by", "group"]
    return found[[*front, *[column for column in found.columns if column not in front]]]


def concentration_index(amounts: Array | Cents, need: Array, heads: Array | None = None) -> float:
    """Return how far money goes to those who need most, from −1 to 1; 0 where need does not matter.

    ``C = 2·Σ xᵢ·rᵢ / Σ xᵢ − 1``, with xᵢ what a unit gets and rᵢ the share of persons with less need, its own
    and those of equal need counted half: one minus twice the area under the concentration curve, exactly,
    with ties as one step (Kakwani, Wagstaff and van Doorslaer 1997, Journal of Econometrics 77; not re-read).
    Asked for by METHOD.md section 8.4.

    Parameters
    ----------
    amounts : ndarray of shape (units,)
        Cents or euros, at least 0.
    need : ndarray of shape (units,)
        Only its order counts.
    heads : ndarray of shape (units,), optional
        Persons in a unit; 1 by default.

    Returns
    -------
    float
        NaN where nothing is paid or nobody is there.

    Examples
    --------
    >>> concentration_index(np.array([0, 0, 0, 100]), np.array([1.0, 2.0, 3.0, 4.0]))
    0.75
    >>> concentration_index(np.array([10, 20]), np.array([5.0, 5.0]))
    0.0
    """
    people = np.ones(len(need)) if heads is None else np.asarray(heads, dtype=float)
    money = np.asarray(amounts, dtype=float)
    if money.sum() <= 0 or people.sum() <= 0:
        return float("nan")
    below, tied = _below(need, people)
    ranks = (below + tied / 2) / people.sum()
    return float(2 * (money @ ranks) / money.sum() - 1)


def _below(need: Array, people: Array) -> tuple[Array, Array]:
    """Return the persons with less need than each unit's, and those with the same, its own included."""
    _, level = np.unique(need, return_inverse=True)
    size = np.bincount(level, weights=people)
    below = np.cumsum(size) - size
    return below[level].astype(float), size[level].astype(float)


def share_to_neediest(amounts: Array | Cents, need: Array, part: float, heads: Array | None = None) -> float:
    """Return the share of the money that goes to the neediest part of the persons.

    Parameters
    ----------
    amounts, need, heads
        As `concentration_index`.
    part : float
        0.25 for the neediest quarter; of units of equal need across its border, the share of their money that
        their share within it would get.

    Returns
    -------
    float
        NaN where nothing is paid or nobody is there.

    Examples
    --------
    >>> share_to_neediest(np.array([10, 20, 30, 40]), np.array([1.0, 2.0, 3.0, 4.0]), 0.25)
    0.4
    """
    people = np.ones(len(need)) if heads is None else np.asarray(heads, dtype=float)
    money = np.asarray(amounts, dtype=float)
    if money.sum() <= 0 or people.sum() <= 0:
        return float("nan")
    return float(money @ inside_neediest(need, part, people) / money.sum())


def inside_neediest(need: Array, part: float, people: Array) -> Array:
    """Return how far each unit is in the neediest part of the persons, from 0 to 1, shape (units,)."""
    above, tied = _below(-np.asarray(need, dtype=float), people)
    return np.clip((part * people.sum() - above) / np.where(tied > 0, tied, 1.0), 0.0, 1.0)


def equity_summary(
    allocations: Sequence[tuple[str, Cents]], need: Array, part: float, heads: Array | None = None
) -> pd.DataFrame:
    """Return ``allocation, cents, concentration_index, share_to_neediest``, a row for each allocation.

    Parameters
    ----------
    allocations : sequence of (str, ndarray of int64)
        Name and cents of each, over the same units: before and after.
    need, part, heads
        As `share_to_neediest`.
    """
    return pd.DataFrame(
        [
            {
                "allocation": name,
                "cents": int(cents.sum()),
                "concentration_index": concentration_index(cents, need, heads),
                "share_to_neediest": share_to_neediest(cents, need, part, heads),
            }
            for name, cents in allocations
        ],
        columns=["allocation", "cents", "concentration_index", "share_to_neediest"],
    )
