"""Made-up programmes of applications for the tests of the allocation."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from forecasting.funding.applications import Applications, GroupCaps
from tests.oracles import allocation as oracle

FIRMS, BRANCHES = "de minimis headroom", "yearly limit"
HOMES = {"b1": "f1", "b2": "f1", "b3": "f2", "b4": ""}
"""The firm that each branch belongs to."""

Programme = tuple[int, Applications]


def of_cells(
    budget: int,
    cells: list[tuple[float, int, int]],
    branches: list[str],
    firms: list[str],
    parts: list[float | None],
) -> Programme:
    """Return applications of weight, floor and cap; each group's limit is a part of the way to its caps."""
    count = len(cells)
    firms = [HOMES[branch] if branch else firm for branch, firm in zip(branches, firms, strict=True)]
    floors = [floor for _, floor, _ in cells]
    caps = [cap for _, _, cap in cells]
    wanted = iter(parts)

    def limits(labels: list[str]) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for label in sorted(set(labels) - {""}):
            low = sum(floor for floor, own in zip(floors, labels, strict=True) if own == label)
            high = sum(cap for cap, own in zip(caps, labels, strict=True) if own == label)
            part = next(wanted)
            found[label] = None if part is None else low + int(part * (high - low))
        return found

    groups = (GroupCaps(BRANCHES, branches, limits(branches)), GroupCaps(FIRMS, firms, limits(firms)))
    asked = Applications(
        tuple(f"a{number}" for number in range(count)),
        np.array([weight for weight, _, _ in cells]),
        np.array(floors, dtype=np.int64),
        np.array(caps, dtype=np.int64),
        groups,
    )
    return max(budget, sum(floors), 1), asked


@st.composite
def programmes(draw: st.DrawFn, most: int = 9, weights: st.SearchStrategy[float] | None = None) -> Programme:
    """Return a programme whose floors are within its budget and limits."""
    count = draw(st.integers(1, most))
    amount = st.one_of(st.integers(0, 30), st.integers(0, 10**9))
    weight = (
        weights
        if weights is not None
        else st.one_of(st.sampled_from([0.0, 0.1, 1.0, 3.0]), st.floats(1e-4, 1e6))
    )
    cells = []
    for _ in range(count):
        cap = draw(amount)
        cells.append((draw(weight), draw(st.sampled_from([0, 0, cap // 3, cap])), cap))
    branches = draw(st.lists(st.sampled_from(["", "", *HOMES]), min_size=count, max_size=count))
    firms = draw(st.lists(st.sampled_from(["", "f1", "f2"]), min_size=count, max_size=count))
    parts = draw(st.lists(st.sampled_from([None, 0.0, 0.3, 0.8, 1.0]), min_size=6, max_size=6))
    budget = draw(st.one_of(st.integers(1, 100), st.integers(1, 4 * 10**9)))
    return of_cells(budget, cells, branches, firms, parts)


def node_of(asked: Applications) -> oracle.Node:
    """Return the same programme as the oracle reads it."""
    branches, firms = asked.groups
    root = oracle.Node("", None)
    homes = {"": root}
    for label in sorted(set(firms.labels) - {""}):
        homes[label] = oracle.Node(label, firms.caps[label])
        root.nodes.append(homes[label])
    for label in sorted(set(branches.labels) - {""}):
        homes[label] = oracle.Node(label, branches.caps[label])
        homes[HOMES[label]].nodes.append(homes[label])
    for row, name in enumerate(asked.ids):
        cell = oracle.Cell(
            name, Fraction(float(asked.weights[row])), int(asked.floors[row]), int(asked.caps[row])
        )
        homes[branches.labels[row] or firms.labels[row]].cells.append(cell)
    return root
