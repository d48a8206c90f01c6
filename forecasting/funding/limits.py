"""Change limits: no amount moves by more than a declared share of last period's, as floors and caps."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InputError, Problem
from forecasting.funding.applications import Cents, line_numbers


@dataclass(frozen=True)
class Limited:
    """Floors and caps within the change limit.

    Parameters
    ----------
    floors, caps : ndarray of int64, shape (applications,)
        Cents.
    gave_way : ndarray of bool, shape (applications,)
        Where the change limit could not be kept, since a cap is below it or a floor above: those go before.
    """

    floors: Cents
    caps: Cents
    gave_way: NDArray[np.bool_]


def change_limits(previous: Cents, largest_change: float, floors: Cents, caps: Cents) -> Limited:
    """Return floors and caps that keep |x − previous| ≤ ρ·previous (METHOD.md section 8.2).

    A cap (law, or what is asked) goes before a floor, and a floor before the change limit.

    Parameters
    ----------
    previous : ndarray of int64, shape (applications,)
        Cents of the last period; 0 for who got nothing then, who has no change limit: a share of nothing
        would keep out for good whoever is new.
    largest_change : float
        ρ, a share as declared: 0.2 is exactly a fifth.
    floors, caps : ndarray of int64, shape (applications,)
        Cents, floor ≤ cap.

    Raises
    ------
    InputError
        If the share is not from 0 to 1, or an amount is missing, negative or not in whole cents.

    Examples
    --------
    >>> zero, most = np.zeros(3, dtype=np.int64), np.array([500, 90, 500])
    >>> limited = change_limits(np.array([101, 200, 0]), 0.2, zero, most)
    >>> limited.floors.tolist(), limited.caps.tolist(), limited.gave_way.tolist()
    ([81, 90, 0], [121, 90, 500], [False, True, False])
    """
    _refuse(previous, largest_change, len(caps))
    share = Fraction(str(largest_change))
    before = previous.tolist()
    least = [-((share.numerator - share.denominator) * each // share.denominator) for each in before]
    most = [(share.numerator + share.denominator) * each // share.denominator for each in before]
    returning = previous > 0
    down = np.where(returning, np.array(least, dtype=np.int64), floors)
    up = np.where(returning, np.array(most, dtype=np.int64), caps)
    low = np.minimum(np.maximum(floors, down), caps)
    high = np.maximum(np.minimum(caps, up), floors)
    return Limited(low, high, returning & ((caps < down) | (floors > up)))


def _refuse(previous: Cents, largest_change: float, applications: int) -> None:
    found = []
    if len(previous) != applications:
        given, expected = f"{len(previous):,} rows", f"{applications:,}, one for each application"
        remedy = "give 0 for who got nothing"
        found.append(Problem("previous_allocation", given, expected, remedy, "cents"))
    if not 0 <= largest_change <= 1:
        found.append(
            Problem("change limit", f"{largest_change}", "a share from 0 to 1", "give 0.2 for 20 per cent")
        )
    if previous.dtype.kind not in "iu":
        remedy = "give euros × 100 as int64"
        found.append(Problem("previous_allocation", f"{previous.dtype}", "whole cents", remedy, "cents"))
    elif (previous < 0).any():
        worst = f"{int(previous.min())}"
        remedy = "give 0 where nothing was paid; a clawback is recorded apart"
        rows = line_numbers(previous < 0)
        found.append(Problem("previous_allocation", worst, "0 cents or more", remedy, "cents", rows))
    if found:
        raise InputError(found)
