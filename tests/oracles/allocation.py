"""Allocation in plain loops and fractions: amounts by recursion, the level by trying every bend."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise


@dataclass
class Cell:
    """One application."""

    name: str
    weight: Fraction
    floor: int
    cap: int


@dataclass
class Node:
    """Cells and nodes under one limit; None where nothing limits them."""

    name: str
    limit: int | None
    cells: list[Cell] = field(default_factory=list)
    nodes: list["Node"] = field(default_factory=list)


def at(cell: Cell, level: Fraction) -> Fraction:
    return max(min(level * cell.weight, Fraction(cell.cap)), Fraction(cell.floor))


def amount(node: Node, level: Fraction) -> Fraction:
    """Return what a node gets at a level, no more than its limit."""
    total = Fraction(0)
    for cell in node.cells:
        total += at(cell, level)
    for inner in node.nodes:
        total += amount(inner, level)
    return total if node.limit is None else min(total, Fraction(node.limit))


def bends(node: Node) -> list[Fraction]:
    """Return every level at which the amount may bend, 0 included."""
    found = [Fraction(0)]
    for cell in node.cells:
        if cell.weight > 0:
            found += [cell.floor / cell.weight, cell.cap / cell.weight]
    for inner in node.nodes:
        found += bends(inner)
        reached = reach(inner)
        if reached is not None:
            found.append(reached)
    return found


def reach(node: Node, limit: int | None = None) -> Fraction | None:
    """Return the lowest level at which a node without its limit would get it; None where it never does."""
    most = node.limit if limit is None else limit
    if most is None:
        return None
    free = Node(node.name, None, node.cells, node.nodes)
    levels = sorted(set(bends(free)))
    for low, high in pairwise(levels):
        below, above = amount(free, low), amount(free, high)
        if below >= most:
            return low
        if above >= most:
            return low + (high - low) * (most - below) / (above - below)
    return levels[-1] if amount(free, levels[-1]) >= most else None


def shares(budget: int, node: Node) -> dict[str, Fraction]:
    """Return what each cell gets before rounding."""
    level = reach(node, budget)
    if level is None:
        level = max(bends(node))
    return _shares(node, level)


def _shares(node: Node, level: Fraction) -> dict[str, Fraction]:
    own = reach(node)
    level = level if own is None else min(level, own)
    found = {cell.name: at(cell, level) for cell in node.cells}
    for inner in node.nodes:
        found |= _shares(inner, level)
    return found


def hamilton(parts: dict[str, Fraction], total: int) -> dict[str, int]:
    """Give the cents that are left one by one to the largest part not yet rounded up; ties by name."""
    given = {name: int(part) for name, part in parts.items()}
    waiting = set(parts)
    while sum(given.values()) < total:
        best = None
        for name in sorted(waiting):
            if best is None or parts[name] - int(parts[name]) > parts[best] - int(parts[best]):
                best = name
        given[best] += 1
        waiting.remove(best)
    return given


def cents(budget: int, root: Node) -> dict[str, int]:
    """Return whole cents, rounded from the outside in."""
    exact = shares(budget, root)
    return _rounded(root, int(sum(exact.values())), exact)


def _rounded(node: Node, total: int, exact: dict[str, Fraction]) -> dict[str, int]:
    parts = {cell.name: exact[cell.name] for cell in node.cells}
    for inner in node.nodes:
        parts[inner.name] = sum(exact[cell.name] for cell in _all_cells(inner))
    given = hamilton(parts, total)
    found = {cell.name: given[cell.name] for cell in node.cells}
    for inner in node.nodes:
        found |= _rounded(inner, given[inner.name], exact)
    return found


def _all_cells(node: Node) -> list[Cell]:
    return node.cells + [cell for inner in node.nodes for cell in _all_cells(inner)]


def greedy(
    budget: int, values: Sequence[float], floors: Sequence[int], caps: Sequence[int]
) -> tuple[list[int], float]:
    """Return the fractional knapsack: floors first, then the best value per euro up to its cap."""
    given = list(floors)
    left = budget - sum(floors)
    for cell in sorted(range(len(values)), key=lambda each: -values[each]):
        if values[cell] > 0:
            more = min(left, caps[cell] - given[cell])
            given[cell] += more
            left -= more
    return given, sum(value * own for value, own in zip(values, given, strict=True))


def concentration(amounts: Sequence[float], need: Sequence[float], heads: Sequence[float]) -> float:
    """Return one minus twice the area under the concentration curve, by trapezes; ties are one step."""
    people, money, area = 0.0, 0.0, 0.0
    for level in sorted(set(need)):
        more_people = sum(h for h, n in zip(heads, need, strict=True) if n == level)
        more_money = sum(a for a, n in zip(amounts, need, strict=True) if n == level)
        area += more_people * (money + money + more_money) / 2
        people += more_people
        money += more_money
    return 1 - 2 * area / (people * money)
