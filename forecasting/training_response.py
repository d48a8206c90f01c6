"""How training can respond: the openings that listed courses could help to fill within the window.

That no course teaches a skill is zero and said so; that nobody lists courses is unknown.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cells import KEY, Cells
from forecasting.parameters import Parameters
from forecasting.questions import quantiles
from forecasting.series.panel import Array

TRAINABLE: Final = "trainable"
NO_COURSE: Final = "no_course"
NOTHING_MISSING: Final = "nothing_missing"
ABSTAIN: Final = "abstain"
ANSWERS: Final[dict[str, str]] = {
    TRAINABLE: "courses teach part of what is missing, in time",
    NO_COURSE: "courses are listed, but none teaches anything that is missing, in time: zero",
    NOTHING_MISSING: "no skill is missing",
    ABSTAIN: "no answer: see reason",
}

_CELL: Final = list(KEY)
_WEEKS_A_YEAR: Final = 365.25 / 7


@dataclass(frozen=True)
class Catalogue:
    """Courses, shortest first.

    Parameters
    ----------
    codes : tuple of str
    hours, price : ndarray of shape (courses,)
        NaN where unknown.
    mandatory : ndarray of bool, shape (courses,)
        Required by law whatever is decided: no aid.
    teaches : ndarray of shape (courses, skills)
        1 where the course teaches the skill, else 0: floats, since they multiply masses many times.
    """

    codes: tuple[str, ...]
    hours: Array
    price: Array
    mandatory: NDArray[np.bool_]
    teaches: Array

    def taught(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the skills that any of the chosen courses teaches."""
        return np.asarray(self.teaches[chosen].any(axis=0), dtype=bool)


def catalogue(courses: pd.DataFrame, skills: tuple[str, ...]) -> Catalogue:
    """Read the canonical table ``courses``; skills that no profile asks are left out."""
    rows = courses.sort_values(["hours", "course"], na_position="last")
    place = {code: number for number, code in enumerate(skills)}
    teaches = np.zeros((len(rows), len(skills)))
    for number, listed in enumerate(rows["skills"].fillna("")):
        teaches[number, [place[code] for code in str(listed).split() if code in place]] = 1.0
    return Catalogue(
        tuple(rows["course"].astype(str)),
        rows["hours"].to_numpy(dtype=float),
        rows["price"].to_numpy(dtype=float),
        rows["mandatory"].eq(True).to_numpy(dtype=bool),
        teaches,
    )


def in_time(offered: Catalogue, years: int, pace: Mapping[str, float]) -> NDArray[np.bool_]:
    """Return the courses that end within the window; one of unknown length does not say so."""
    weeks = pace["weeks_to_start"] + offered.hours / pace["hours_a_week"]
    return np.asarray(weeks <= years * _WEEKS_A_YEAR)


@dataclass(frozen=True)
class Window:
    """What the catalogue can do within a number of years.

    Parameters
    ----------
    hours : float
        Of teaching that fit.
    open : ndarray of bool, shape (courses,)
        Courses that end in time and that no law requires.
    taught, free, untimed : ndarray of bool, shape (skills,)
        Skills taught in time; of them by courses that no law requires; and by courses of unknown length only.
    """

    hours: float
    open: NDArray[np.bool_]
    taught: NDArray[np.bool_]
    free: NDArray[np.bool_]
    untimed: NDArray[np.bool_]

    @classmethod
    def of(cls, offered: Catalogue, years: int, pace: Mapping[str, float]) -> "Window":
        """Return the window of so many years."""
        fits = in_time(offered, years, pace)
        taught, open_ = offered.taught(fits), fits & ~offered.mandatory
        untimed = offered.taught(np.isnan(offered.hours)) & ~taught
        hours = (years * _WEEKS_A_YEAR - pace["weeks_to_start"]) * pace["hours_a_week"]
        return cls(hours, open_, taught, offered.taught(open_), untimed)


def best_courses(
    missing: Array, offered: Catalogue, chosen: NDArray[np.bool_], most: int, hours: float
) -> list[int]:
    """Return courses that teach most of what is missing, each of what those before it leave.

    Parameters
    ----------
    missing : ndarray of shape (skills,)
        Missing mass.
    chosen : ndarray of bool, shape (courses,)
        Courses to choose from.
    most : int
        Number of courses.
    hours : float
        What they may last together.

    Notes
    -----
    Greedy weighted cover: the best first; of equals the shortest, then the lowest code.
    """
    left = missing.copy()
    found: list[int] = []
    free = chosen.copy()
    while len(found) < most:
        gain = np.where(free & (offered.hours <= hours), offered.teaches @ left, 0.0)
        best = int(np.argmax(gain)) if len(gain) else 0
        if not len(gain) or gain[best] <= 0:
            break
        found.append(best)
        free[best] = False
        hours -= float(offered.hours[best])
        left[offered.teaches[best] > 0] = 0.0
    return found


def training_response_table(
    cells: Cells, skill_gaps: pd.DataFrame, courses: pd.DataFrame, base_year: int, parameters: Parameters
) -> pd.DataFrame:
    """Return the published table ``training_response``: one row per cell of ``skill_gaps``.

    Parameters
    ----------
    skill_gaps : DataFrame
        Published table: persons lacking per skill, null where unknown.
    courses : DataFrame
        Canonical table; empty where nobody lists courses.
    parameters : Parameters
        ``training_pace, training_courses``.

    Notes
    -----
    Trainable gap = O × score × share of the missing skill mass that a listed course teaches within the window
    (DESIGN.md section 2). The missing mass of a skill is its importance times the persons lacking with it.
    Hours, weeks and price are of the courses listed, all of them taken one after another: the most that one
    person needs.
    """
    skills = tuple(sorted(skill_gaps["skill"].unique()))
    offered = catalogue(courses, skills)
    leaf = cells.index[~cells.index["aggregate"]]
    mass = _missing(skill_gaps, leaf, skills, parameters["tolerated_unknown"])
    pace, most = parameters["training_pace"], parameters["training_courses"]
    windows = {int(years): Window.of(offered, int(years), pace) for years in leaf["horizon"].unique()}
    draws = cells.gap.unfilled[leaf.index.to_numpy()]
    unfilled, mean = quantiles(draws, "trainable"), draws.mean(axis=1)
    rows = []
    for number, (_, cell) in enumerate(leaf.iterrows()):
        row = {name: cell[name] for name in _CELL} | {
            "from_year": base_year,
            "to_year": base_year + int(cell["horizon"]),
            "reason": cell["reason"],
            "unfilled": float(mean[number]),
        }
        if not row["reason"] and (courses.empty or np.isnan(mass[number]).any()):
            row["reason"] = "unavailable"
        if not row["reason"]:
            row |= _response(mass[number], offered, windows[int(cell["horizon"])], pace, most)
            share = row.get("taught", np.nan)
            row |= {name: float(values[number] * share) for name, values in unfilled.items()}
        elif cell["reason"]:
            row["unfilled"] = np.nan
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["answer"] = frame["answer"].fillna(ABSTAIN)
    frame["courses"] = frame["courses"].fillna("")
    return frame.assign(why=[_sentence(row) for row in frame.to_dict("records")])


COLUMNS: Final = (
    *_CELL,
    "from_year",
    "to_year",
    "answer",
    "unfilled",
    "taught",
    "taught_mandatory_only",
    "taught_unknown_length",
    "trainable_p10",
    "trainable_p50",
    "trainable_p90",
    "courses",
    "taught_by_listed",
    "hours",
    "weeks",
    "price",
    "reason",
)


def _missing(
    skill_gaps: pd.DataFrame, leaf: pd.DataFrame, skills: tuple[str, ...], tolerated: float
) -> Array:
    """Return the missing mass of each cell, shape (cells, skills), known skills alone.

    All NaN where more of the asked mass than is tolerated is unknown, as in the lack of the score.
    """
    mass = np.zeros((len(leaf), len(skills)))
    row = pd.MultiIndex.from_frame(leaf[_CELL]).get_indexer(pd.MultiIndex.from_frame(skill_gaps[_CELL]))
    inside = row >= 0
    column = pd.Index(skills).get_indexer(pd.Index(skill_gaps["skill"]))
    value = (skill_gaps["importance"] * skill_gaps["unfilled"]).to_numpy(dtype=float)
    mass[row[inside], column[inside]] = value[inside]
    asked = (skill_gaps["importance"] * skill_gaps["asked"]).to_numpy(dtype=float)[inside]
    whole, hidden = (
        np.bincount(row[inside], weights=each, minlength=len(leaf))
        for each in (asked, np.where(np.isnan(value[inside]), asked, 0.0))
    )
    mass = np.nan_to_num(mass)
    mass[(whole <= 0) | (hidden > tolerated * whole)] = np.nan
    return mass


def _response(
    mass: Array, offered: Catalogue, window: Window, pace: Mapping[str, float], most: int
) -> dict[str, Any]:
    """Return what courses can do for one cell."""
    whole = mass.sum()
    if whole <= 0:
        return {"answer": NOTHING_MISSING, "reason": "not_applicable"}
    share = float(mass[window.taught].sum() / whole)
    found: dict[str, Any] = {
        "taught": share,
        "taught_mandatory_only": float(mass[window.taught & ~window.free].sum() / whole),
        "taught_unknown_length": float(mass[window.untimed].sum() / whole),
    }
    if share <= 0 and found["taught_unknown_length"] > 0:
        return found | {"taught": np.nan, "reason": "unavailable"}
    best = best_courses(mass, offered, window.open, most, window.hours)
    if not best:
        return found | {"answer": TRAINABLE if share > 0 else NO_COURSE}
    listed = np.zeros(len(offered.codes), dtype=bool)
    listed[best] = True
    hours = float(offered.hours[best].sum())
    return found | {
        "answer": TRAINABLE,
        "courses": " ".join(offered.codes[course] for course in best),
        "taught_by_listed": float(mass[offered.taught(listed)].sum() / whole),
        "hours": hours,
        "weeks": pace["weeks_to_start"] + hours / pace["hours_a_week"],
        "price": float(offered.price[best].sum()),
    }


def _sentence(row: Mapping[Hashable, Any]) -> str:
    span = f"{row['from_year']}-{row['to_year']}"
    if row["answer"] == NOTHING_MISSING:
        return f"{span}: no skill is missing, so there is nothing to train for."
    if row["answer"] == ABSTAIN:
        return f"{span}: what training can do is unknown, {row['reason']}."
    if row["answer"] == NO_COURSE:
        return (
            f"{span}: of {row['unfilled']:,.0f} unfilled openings none is trainable: no listed course "
            "teaches in time anything that is missing."
        )
    told = (
        f"{span}: about {row['trainable_p50']:,.0f} persons trainable (80 %: {row['trainable_p10']:,.0f} to "
        f"{row['trainable_p90']:,.0f}), also for openings that nobody comes for: "
        f"courses teach {row['taught']:.0%} of what is missing in time"
    )
    if not row["courses"]:
        return f"{told}, none of them beyond what the law requires."
    price = f", EUR {row['price']:,.0f}" if np.isfinite(row["price"]) else ", price unknown"
    return (
        f"{told}; {row['courses']} teach {row['taught_by_listed']:.0%} in at most {row['hours']:,.0f} hours, "
        f"{row['weeks']:,.0f} weeks{price} a person."
    )
