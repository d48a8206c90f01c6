"""The truth beside a simulated region: realised flows, true profiles, unfilled posts by cause, the gap score.

The score is DESIGN.md section 2 written out anew: nothing of the method that it judges is used. Windows run
from 1 January after `start` to 31 December of `end`; flows are persons, and stocks are those of 31 December.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.sources.simulation.catalogue import AGGREGATE, Array
from forecasting.sources.simulation.record import Record
from forecasting.sources.simulation.world import World, window_asked, window_held, window_lack

Figures = dict[str, Array]

CONVENTIONS: Final = ("net", "gross")
_SUMMED: Final = (
    *("exits", "returns", "given_up", "entrants", "transfers_in", "transfers_out", "job_losses"),
    *("hires_entrants", "hires_jobseekers", "posted", "filled", "cancelled"),
)
_CAUSES: Final = ("person", "skills", "conditions")


@dataclass(frozen=True)
class Window:
    """A window of time, and whether it lies before or after the base year."""

    start: int
    end: int
    when: str

    @property
    def years(self) -> int:
        """Return its length."""
        return self.end - self.start


def windows(world: World) -> list[Window]:
    """Return the windows after the base year, and those that end with it."""
    base = world.settings.base_year
    after = [Window(base, base + years, "future") for years in world.settings.horizons]
    return after + [Window(base - years, base, "past") for years in world.settings.horizons]


def flows(world: World, window: Window) -> Figures:
    """Return a window's flows and stocks by name, arrays of shape (futures, occupations, regions).

    Notes
    -----
    Net: leavers are those who leave the labour force less those who come back to it; gross: leavers are all
    who leave the occupation, to rest or to another one. Openings are max(expansion, 0) + replacement,
    replacement max(leavers + min(expansion, 0), 0). Job seekers are those out of work at the start, above the
    months of job losses that are mere search.
    """
    record = world.after if window.when == "future" else world.past
    first = world.settings.base_year + 1 if window.when == "future" else world.settings.first_year
    rows = slice(window.start + 1 - first, window.end + 1 - first)
    found = {name: record.flow(name)[rows].sum(axis=0) for name in _SUMMED}
    employed, vacancies = (_both_ends(world, record, name, rows) for name in ("employed", "vacancies"))
    found |= {"employment_start": employed[0], "employment_end": employed[1]}
    found |= {"open_start": vacancies[0], "open_end": vacancies[1]}
    found["employment_year"] = record.mean("employed")[rows.stop - 1]
    found["expansion"] = employed[1] - employed[0]
    found["hires"] = found["filled"]
    found["hires_movers"] = found["transfers_in"]
    found["movers"] = found["transfers_in"]
    found["jobseekers"] = _available(world, record, rows)
    found |= _unfilled(record, rows)
    leavers = {
        "net": found["exits"] + found["given_up"] - found["returns"],
        "gross": found["exits"] + found["transfers_out"],
    }
    for name, out in leavers.items():
        shrinking = np.minimum(found["expansion"], 0)
        found[f"replacement_{name}"] = np.maximum(out + shrinking, 0)
        found[f"openings_{name}"] = np.maximum(found["expansion"], 0) + found[f"replacement_{name}"]
    return found


def _both_ends(world: World, record: Record, name: str, rows: slice) -> tuple[Array, Array]:
    """Return a stock at the start and the end of a window."""
    ends = record.end(name)
    if rows.start > 0:
        return ends[rows.start - 1], ends[rows.stop - 1]
    before = world.past.end(name)[-1] if record is world.after else ends[0]
    return np.broadcast_to(before, ends[0].shape).astype(float), ends[rows.stop - 1]


def _available(world: World, record: Record, rows: slice) -> Array:
    """Return persons out of work at the start above search, by occupation."""
    stocks = [_both_ends(world, record, name, rows)[0] for name in ("entrant_pool", "short", "long")]
    rates, losing = world.settings.market, world.habits.losing[:, None]
    employed = _both_ends(world, record, "employed", rows)[0]
    return np.maximum(sum(stocks) - rates["friction_months"] * rates["job_loss"] * losing * employed, 0)


def _unfilled(record: Record, rows: slice) -> Figures:
    """Return posts withdrawn or still open at the end, by cause."""
    lost = {cause: record.flow(f"lost_{cause}")[rows].sum(axis=0) for cause in _CAUSES}
    still = {cause: record.flow(f"open_{cause}")[rows.stop - 1] for cause in _CAUSES}
    by_cause = {f"unfilled_{cause}": lost[cause] + still[cause] for cause in _CAUSES}
    return by_cause | {"unfilled": np.sum(list(by_cause.values()), axis=0)}


def gap_score(openings: Array, supply: Array, lack: Array) -> Figures:
    """Return what stays unfilled and why: DESIGN.md section 2, best-matched source first.

    Parameters
    ----------
    openings : ndarray
        O, persons.
    supply, lack : ndarray of shape (sources, *openings.shape)
        S_g, persons, and l_g.

    Examples
    --------
    >>> found = gap_score(np.array([10.0]), np.array([[4.0], [3.0]]), np.array([[0.5], [0.0]]))
    >>> [float(found[name][0]) for name in ("no_person", "lacking_skills", "score")]
    [3.0, 2.0, 0.5]
    """
    taken, left = np.zeros_like(supply), openings.copy()
    order = np.argsort(lack, axis=0, kind="stable")
    for rank in range(len(supply)):
        this = order[rank][None]
        took = np.minimum(left, np.take_along_axis(supply, this, axis=0)[0])
        np.put_along_axis(taken, this, took[None], axis=0)
        left = left - took
    lacking = (taken * lack).sum(axis=0)
    unfilled = left + lacking
    share = np.divide(unfilled, openings, out=np.full(openings.shape, np.nan), where=openings > 0)
    return {
        "openings": openings,
        "no_person": left,
        "lacking_skills": lacking,
        "unfilled": unfilled,
        "score": share,
        "taken": taken,
    }


def scores(world: World, window: Window, found: Figures, convention: str) -> Figures:
    """Return the score and its parts in a window, arrays of shape (futures, occupations, regions)."""
    sources = ["entrants", "jobseekers"] + (["movers", "returns"] if convention == "gross" else [])
    lacks = source_lacks(world, window, found)
    supply = np.stack([found[source] for source in sources])
    lack = np.stack([lacks[source] for source in sources])
    told = gap_score(found[f"openings_{convention}"], supply, lack)
    return told | {f"lack_{source}": lacks[source] for source in sources}


def source_lacks(world: World, window: Window, found: Figures) -> Figures:
    """Return l by source, shape (futures, occupations, regions); job seekers by how long they seek."""
    if window.when == "future":
        lacks = world.windows[:, :, world.settings.horizons.index(window.years)]
    else:
        lacks = window_lack(world.profiles, world.curves, window.start, window.end)[:, None]
    long = long_share(world, window)
    cells = {name: lacks[row][..., None] + 0 * found["openings_net"] for row, name in enumerate(_LACKING)}
    mixed = (1 - long)[..., None] * cells["short"] + long[..., None] * cells["long"]
    return {
        "entrants": cells["entrants"],
        "jobseekers": mixed,
        "movers": cells["movers"],
        "returns": cells["long"],
    }


_LACKING: Final = ("entrants", "short", "long", "movers")


def long_share(world: World, window: Window) -> Array:
    """Return the share of the long-term among job seekers at a window's start, shape (1, occupations)."""
    row = window.start - world.settings.first_year
    long = world.past.end("long")[max(row, 0)].sum(axis=2)
    rest = sum(world.past.end(name)[max(row, 0)].sum(axis=2) for name in ("entrant_pool", "short"))
    return np.asarray(np.divide(long, long + rest, out=np.full(long.shape, 0.5), where=long + rest > 0))


def skill_table(world: World, window: Window, told: Figures) -> pd.DataFrame:
    """Return unfilled persons per skill in every cell that has any, net: U1·p + Σ x·max(p − h, 0)."""
    asked = window_asked(world.profiles, window.start, window.end)
    held = {
        name: window_held(world.profiles, world.curves, name, window.start, window.end) for name in _LACKING
    }
    long = long_share(world, window)[0][:, None]
    seeking = (1 - long) * held["short"] + long * held["long"]
    short = [np.maximum(asked - held["entrants"], 0), np.maximum(asked - seeking, 0)]
    codes, skills = world.listed.occupations["code"].to_numpy(), world.listed.skills["code"].to_numpy()
    frames = []
    for column, region in enumerate(world.listed.regions):
        persons = told["no_person"][0, :, column, None] * asked
        for source, missing in enumerate(short):
            persons = persons + told["taken"][source, 0, :, column, None] * missing
        rows, places = np.nonzero(persons > 0.005)
        cells = {"region": region, "occupation": codes[rows], "skill": skills[places]}
        frames.append(pd.DataFrame({**cells, "persons": persons[rows, places]}))
    return pd.concat(frames, ignore_index=True).assign(window=window.when, horizon=window.years)


def profile_table(world: World) -> pd.DataFrame:
    """Return true profiles at the base year and the end of each window, of what is asked at all."""
    base, found, curves = world.settings.base_year, world.profiles, world.curves
    codes, skills = world.listed.occupations["code"].to_numpy(), world.listed.skills["code"].to_numpy()
    frames = []
    for year in (base, *(base + years for years in world.settings.horizons)):
        asked = found.at(year)
        rows, places = np.nonzero(asked > 0.001)
        long = long_share(world, Window(base, year, "future"))[0][:, None]
        held = {name: found.held(curves, name, year, year)[0] for name in _LACKING}
        seeking = (1 - long) * held["short"] + long * held["long"]
        figures = {
            "asked": asked,
            "importance": curves.importance,
            "held_entrants": held["entrants"],
            "held_jobseekers": seeking,
            "held_workers": found.workers[year - found.first_year],
        }
        cells = {"year": year, "occupation": codes[rows], "skill": skills[places]}
        frames.append(
            pd.DataFrame({**cells, **{k: v[rows, places].astype(float) for k, v in figures.items()}})
        )
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class Cells:
    """Which cells there are: leaves, then sums over parents.

    Parameters
    ----------
    index : DataFrame
        ``region, occupation, aggregate``, occupations (leaves and parents) × regions (markets and their sum).
    over : ndarray of shape (occupations and parents, occupations)
        1 where an occupation belongs to the row.
    across : ndarray of shape (regions and their sum, regions)
    """

    index: pd.DataFrame
    over: Array
    across: Array

    def sums(self, figure: Array) -> Array:
        """Return a figure of every cell, shape (futures, cells)."""
        found = self.over @ figure @ self.across.T
        return np.asarray(found.reshape(len(figure), -1))


def cells(world: World, parents: dict[str, str]) -> Cells:
    """Return the cells of a world.

    Parameters
    ----------
    parents : dict of str to str
        Parent of every code of occupations, empty at the root.
    """
    leaves = world.listed.occupations["code"].tolist()
    lines = {leaf: _line(leaf, parents) for leaf in leaves}
    above = sorted({code for line in lines.values() for code in line[1:]})
    rows = [*leaves, *above]
    over = np.array([[float(row in lines[leaf]) for leaf in leaves] for row in rows])
    regions = [*world.listed.regions, AGGREGATE]
    count = len(world.listed.regions)
    across = np.vstack([np.eye(count), np.ones(count)])
    index = pd.DataFrame(
        [(region, row) for row in rows for region in regions], columns=["region", "occupation"]
    )
    aggregate = index["occupation"].isin(above) | (index["region"] == AGGREGATE)
    return Cells(index.assign(aggregate=aggregate), over, across)


def _line(code: str, parents: dict[str, str]) -> list[str]:
    found = [code]
    while parents.get(found[-1]):
        found.append(parents[found[-1]])
    return found
