"""Groups inside groups: applications that share a limit, as those of one undertaking share its headroom."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

NO_GROUP: Final = ""
"""Label of an application that belongs to no group."""


@dataclass
class Group:
    """A set of applications under one limit; the whole programme is the outermost.

    Parameters
    ----------
    name : str
        What limits it, as ``de minimis headroom``; empty for the whole programme.
    label : str
        Which one it is, as the undertaking's id.
    cap : int or None
        Cents all its applications may get together; None where nothing limits them.
    cells : list of int
        Positions of the applications that are in no smaller group.
    groups : list of Group
        The smaller groups in it.
    """

    name: str
    label: str
    cap: int | None
    cells: list[int] = field(default_factory=list)
    groups: list["Group"] = field(default_factory=list)


def nest(
    cells: int, names: Sequence[str], labels: Sequence[Sequence[str]], caps: Sequence[dict[str, int | None]]
) -> Group:
    """Return the tree of groups; groupings come innermost first and must nest (see `crossing`).

    Parameters
    ----------
    cells : int
        Number of applications.
    names : sequence of str
        Of each grouping.
    labels : sequence of sequence of str
        Of each grouping, a label for each application; `NO_GROUP` where it is in none.
    caps : sequence of dict of str to int or None
        Of each grouping, the cap by label.
    """
    whole = Group("", "", None)
    place = [whole] * cells
    for name, own, most in zip(reversed(names), reversed(labels), reversed(caps), strict=True):
        found: dict[str, Group] = {}
        for cell, label in enumerate(own):
            if label == NO_GROUP:
                continue
            if label not in found:
                found[label] = Group(name, label, most[label])
                place[cell].groups.append(found[label])
            place[cell] = found[label]
    for cell, group in enumerate(place):
        group.cells.append(cell)
    return whole


def crossing(inner: Sequence[str], outer: Sequence[str]) -> list[str]:
    """Return the labels of the inner grouping whose applications are in different outer groups.

    Examples
    --------
    >>> crossing(["a", "a", "b", ""], ["x", "y", "y", "y"])
    ['a']
    """
    homes: dict[str, set[str]] = {}
    for own, around in zip(inner, outer, strict=True):
        if own != NO_GROUP:
            homes.setdefault(own, set()).add(around)
    return sorted(label for label, found in homes.items() if len(found) > 1)


def tree_of_sets(cells: int, names: Sequence[str], members: Sequence[frozenset[int]]) -> Group | None:
    """Return sets of applications as a tree, or None where two of them overlap without one in the other."""
    whole = Group("", "", None)
    place = [whole] * cells
    for position in sorted(range(len(members)), key=lambda each: -len(members[each])):
        homes = {id(place[cell]): place[cell] for cell in members[position]}
        if len(homes) > 1:
            return None
        for home in homes.values():
            group = Group(names[position], names[position], None)
            home.groups.append(group)
            for cell in members[position]:
                place[cell] = group
    for cell, group in enumerate(place):
        group.cells.append(cell)
    return whole
