"""An appeal: which inputs would move a course of an allocation into the next band, and by how much."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.catalogue import read_courses
from forecasting.funding.courses import NOTHING_LACKING, score_courses
from forecasting.funding.in_force import COURSE_WEIGHTS, tables_in_force
from forecasting.funding.programme import markets
from forecasting.funding.programme_weights import needed
from forecasting.funding.what_if import Lever, appeal_of_course
from training.allocation_inputs import INPUTS, load
from training.allocation_result import read_trace

_NOTES: Final[dict[str, tuple[str, str]]] = {
    "ground": (
        "Its weight rests on another ground than its band: that comes first.",
        "Haar gewicht berust op een andere grond dan haar band: die komt eerst.",
    ),
    "held": (
        "Its weight is held to the former period's: another band counts from the next period on.",
        "Haar gewicht is aan dat van de vorige periode gehouden: een andere band telt vanaf de volgende.",
    ),
    "none": (
        "It is in the last band, or no single input of these reaches the next one.",
        "Ze zit in de laatste band, of geen enkele van deze gegevens alleen bereikt de volgende.",
    ),
}


@dataclass(frozen=True)
class Appeal:
    """What would move one course of one region.

    Parameters
    ----------
    region, course, title : str
    why, why_nl : str
        Why it has its weight.
    levers : tuple of Lever
    notes : tuple of (str, str)
        What else counts, in English and Dutch.
    """

    region: str
    course: str
    title: str
    why: str
    why_nl: str
    levers: tuple[Lever, ...]
    notes: tuple[tuple[str, str], ...]


def appeals(folder: Path, course: str, region: str | None) -> list[Appeal]:
    """Return the appeal of a course in a region, by default in each from which it was applied for.

    Raises
    ------
    InputError
        If the folder is no allocation's.
    ForecastingError
        If course or region is unknown.
    """
    applied = read_trace(folder)["applications"]
    call, basis, _ = load(folder / INPUTS)
    known = markets(basis)
    if region is not None and region not in known:
        raise ForecastingError(f"region {region!r}; expected one of {', '.join(known)}. Do: correct it.")
    from_ = sorted({str(each["region"]) for each in applied if each["course"] == course})
    tables = tables_in_force(basis.tables, call.carry, basis.weighing)
    offered = read_courses(call.courses, tables["skills"]["code"], tables["occupations"]["code"])
    most, found = int(basis.weighing["course_rule"]["suggestions"]), []
    for each in [region] if region else from_ or known[:1]:
        needs = needed(offered, each, tables)
        scores = score_courses(offered, needs, basis.weighing).assign(held_by="")
        if call.carry is not None:
            scores = call.carry.held(COURSE_WEIGHTS, scores, basis.weighing)
        if course not in offered.codes:
            raise ForecastingError(f"course {course!r}; expected one of the catalogue. Do: correct the code.")
        row = scores[scores["course"] == course].iloc[0]
        banded = row["ground"] in (rules.BAND, NOTHING_LACKING)
        levers = appeal_of_course(course, offered, needs, basis.rule, most) if banded else ()
        none = banded and not levers
        counts = {"ground": not banded, "held": bool(row["held_by"]), "none": none}
        notes = tuple(_NOTES[name] for name, holds in counts.items() if holds)
        title, why, why_nl = (str(row[name]) for name in ("title", "why", "why_nl"))
        found.append(Appeal(each, course, title, why, why_nl, levers, notes))
    return found
