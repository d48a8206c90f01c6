"""Groups too small to show, and the others that must then be hidden with them.

A total minus what is shown must not reveal a small group: so one hidden group is never alone, and the hidden
ones together are not small either. Nor must groups of several ways of grouping: a sector that is a region and
two applicants more tells of these two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def hidden(members: Sequence[int], least: int) -> NDArray[np.bool_]:
    """Return which groups of one way of grouping are not shown.

    Parameters
    ----------
    members : sequence of int, length groups
        Persons or applicants of each; the groups add up to the whole.
    least : int
        A group with fewer is small; one without any hides nobody.

    Returns
    -------
    ndarray of bool, shape (groups,)
        Small ones, and the smallest of the others until two or more are hidden that are not small together.

    Examples
    --------
    >>> hidden([3, 40, 90, 25], 20).tolist(), hidden([25, 40], 20).tolist(), hidden([3], 20).tolist()
    ([True, False, False, True], [False, False], [True])
    """
    sizes = np.asarray(members, dtype=np.int64)
    found = (sizes > 0) & (sizes < least)
    for at in np.argsort(sizes, kind="stable"):
        if not found.any() or (found.sum() > 1 and sizes[found].sum() >= least):
            break
        found[at] |= sizes[at] > 0
    return found


def labels(table: pd.DataFrame, by: str, unknown: str) -> "pd.Series[str]":
    """Return the group of each application in one way of grouping, those that tell none as `unknown`."""
    told = table[by].replace("", pd.NA).astype(object)
    return told.where(told.notna(), unknown).astype(str)


def applicants(table: pd.DataFrame, by: str, unknown: str) -> "pd.Series[int]":
    """Return the number of single undertakings of each group, those that tell none as `unknown`."""
    return table["single_undertaking"].groupby(labels(table, by, unknown).to_numpy()).nunique()


_EXACT: Final = 1e-9


def hidden_across(
    groups: pd.DataFrame, own: "pd.Series[str]", least: int, beside: Sequence[NDArray[np.bool_]] = ()
) -> set[tuple[str, str]]:
    """Return the groups of several ways of grouping that are not shown, as (column, label).

    Parameters
    ----------
    groups : DataFrame of shape (applications, ways of grouping)
        Label of each application in each way.
    own : Series of length applications
        Single undertaking of each.
    least : int
        As in `hidden`.
    beside : sequence of ndarray of bool, shape (applications,)
        Further sets of applications of which the same figures are shown whatever is hidden here.

    Notes
    -----
    Whoever knows who is in which group knows sums over sets of applications. A small set is told where it is
    a linear combination of the shown ones and the whole: then the smallest group in the combination is hidden
    as well, until none is told. Small sets that are looked at: hidden groups, and what a shown set has more
    than another one inside it.
    """
    if groups.empty:
        return set()
    names = [str(way) for way in groups]
    coded = [pd.factorize(groups[way].astype(str), sort=True) for way in groups]
    alike, first = _alike([*(codes for codes, _ in coded), *beside])
    owners, each = pd.factorize(own)
    known: dict[bytes, int] = {}

    def size(atoms: NDArray[np.bool_]) -> int:
        key = atoms.tobytes()
        if key not in known:
            known[key] = int(np.bincount(owners[atoms[alike]], minlength=len(each)).astype(bool).sum())
        return known[key]

    member = {
        (way, str(label)): codes[first] == at
        for way, (codes, told) in zip(names, coded, strict=True)
        for at, label in enumerate(told)
    }
    count = {key: size(atoms) for key, atoms in member.items()}
    always = [each[first] for each in beside] + [np.ones(len(first), dtype=bool)]
    dark: set[tuple[str, str]] = set()
    for way in names:
        mine = [key for key in member if key[0] == way]
        out = hidden([count[key] for key in mine], least)
        dark |= {key for key, dropped in zip(mine, out, strict=True) if dropped}
    while told := _told(member, dark, always, size, least):
        dark.add(min(told, key=lambda key: (count[key], key)))
        dark |= _completed(dark, count, least)
    return dark


def _alike(columns: Sequence[NDArray[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each application which others are in all the same sets, and one application of each kind."""
    kind = pd.DataFrame(dict(enumerate(columns))).groupby(list(range(len(columns)))).ngroup().to_numpy()
    _, first, alike = np.unique(kind, return_index=True, return_inverse=True)
    return alike, first


def _told(
    member: Mapping[tuple[str, str], NDArray[np.bool_]],
    dark: set[tuple[str, str]],
    always: Sequence[NDArray[np.bool_]],
    size: Callable[[NDArray[np.bool_]], int],
    least: int,
) -> list[tuple[str, str]]:
    """Return the shown groups that together tell a small set; none where none is told."""
    keys = sorted(member.keys() - dark)
    shown = [*(member[key] for key in keys), *always]
    known = np.array(shown, dtype=float)
    common = known @ known.T  # kinds of applications in both: a set is in another one if all of its are
    inside = [(out, one) for out, one in np.argwhere(common == np.diag(common)).tolist() if out != one]
    differences = (shown[out] & ~shown[one] for out, one in inside)
    few = [each for each in (*(member[key] for key in sorted(dark)), *differences) if 0 < size(each) < least]
    if not few:
        return []
    sought = np.array(few, dtype=float).T
    parts = np.linalg.lstsq(known.T, sought, rcond=None)[0]
    exact = np.abs(known.T @ parts - sought).max(axis=0) < _EXACT
    for found in parts.T[exact]:
        used = [key for key, part in zip(keys, found, strict=False) if abs(part) > _EXACT]
        if used:
            return used
    return []


def _completed(
    dark: set[tuple[str, str]], count: dict[tuple[str, str], int], least: int
) -> set[tuple[str, str]]:
    """Return what must be hidden, so that no way of grouping hides one group alone, or few applicants."""
    more = set(dark)
    for way in {way for way, _ in dark}:
        rest = sorted((count[key], key) for key in count if key[0] == way and count[key] > 0)
        for _, key in rest:
            out = [each for each in more if each[0] == way]
            if len(out) > 1 and sum(count[each] for each in out) >= least:
                break
            more.add(key)
    return more
