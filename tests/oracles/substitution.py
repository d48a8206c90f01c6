"""Passive substitution of one draw, each flow from occupation to occupation written out."""

from collections.abc import Sequence

Flows = dict[tuple[int, int], float]


def flows(
    openings: Sequence[float],
    entrants: Sequence[float],
    others: Sequence[float],
    recruitment: Sequence[Sequence[float]],
    share: float,
) -> Flows:
    """Return the persons who move, by occupation they leave and occupation they take up."""
    everywhere = range(len(openings))
    short = [max(openings[o] - entrants[o] - others[o], 0.0) for o in everywhere]
    asked: Flows = {}
    for origin in everywhere:
        surplus = min(max(entrants[origin] + others[origin] - openings[origin], 0.0), entrants[origin])
        recruits = sum(stream[origin] for stream in recruitment)
        for stream in recruitment:
            pulls = [
                stream[o] * short[o] / openings[o] if o != origin and openings[o] > 0 else 0.0
                for o in everywhere
            ]
            if sum(pulls) == 0 or recruits == 0:
                continue
            looking = share * surplus * stream[origin] / recruits
            for o in everywhere:
                asked[origin, o] = asked.get((origin, o), 0.0) + looking * pulls[o] / sum(pulls)
    moved = {}
    for (origin, target), persons in asked.items():
        queue = sum(asked.get((o, target), 0.0) for o in everywhere)
        if persons > 0:
            moved[origin, target] = persons * min(1.0, short[target] / queue)
    return moved


def gained(moved: Flows, occupations: int) -> list[float]:
    """Return what each occupation gains less what it loses."""
    net = [0.0] * occupations
    for (origin, target), persons in moved.items():
        net[origin] -= persons
        net[target] += persons
    return net
