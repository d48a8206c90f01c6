"""Transitions for a person's skills: a pure computation, by POST so that no address holds any of them."""

from typing import Any

from fastapi import APIRouter, Response

from forecasting.errors import ForecastingError
from forecasting.published import PUBLISHED
from serve import answers, people, tabled
from serve.bodies import Given
from serve.openapi import problems
from serve.problems import Fault, Refusal
from serve.query import Served, resolve
from serve.release import Concept, Release
from serve.schemas_skills import Person, PersonTransitions
from serve.table import Record
from serve.tabled import NO_DESTINATION
from serve.unknown import refuse_codes, unknown_codes

router = APIRouter(prefix="/v1", tags=["transitions"], route_class=Given)


@router.post(
    "/transitions",
    summary="Where somebody with these skills can go",
    response_model=PersonTransitions,
    responses=problems(404, 410, 503),
)
def find_transitions(release: Served, person: Person) -> Response:
    """Destinations near in skills, of like level and wage, and likely to be short: nothing of it is kept.

    The same skills and the same release give the same bytes. Near is not able: licences and diplomas are in
    no profile.
    """
    place, years = resolve(release, person.region, person.horizon)
    occupation = [person.occupation] if person.occupation is not None else []
    refuse_codes(
        [
            *unknown_codes(release, "occupation", occupation),
            *unknown_codes(release, "skill", list(dict.fromkeys(person.skills))),
        ]
    )
    _refuse_without_profile(release, occupation)
    rows = _rows(release, place, years, person) if people.known(release) else []
    found = [row for row in rows if row["destination"] is not None]
    why = None if found else (rows[0]["reason"] if rows else None) or "unavailable"
    why = NO_DESTINATION if why == "not_applicable" else why
    named = answers.named(release.occupations[occupation[0]], person.lang) if occupation else None
    resolved: dict[str, Any] = {
        "region": answers.named(place, person.lang),
        "horizon": years,
        "occupation": named,
        "lang": person.lang,
    }
    body = {
        "release": answers.block(release).model_dump(mode="json"),
        "resolved": resolved,
        "meaning": PUBLISHED["transitions"].meaning,
        "units": tabled.units("transitions"),
        "thresholds": people.thresholds(release),
        "items": [people.item(release, row, person.lang) for row in found],
        "reason": answers.reason(why),
    }
    headers = {"Cache-Control": "no-store", "Content-Language": person.lang}
    return Response(tabled.encoded(body), headers=headers, media_type="application/json")


def _refuse_without_profile(release: Release, occupation: list[str]) -> None:
    """Refuse an occupation that stands for others, or whose skills nobody has told."""
    profiled = release.tables["skill_profiles"].values("occupation") if people.known(release) else occupation
    told = "has no profile of skills: give an occupation without others below it, or leave it out"
    faults = [
        Fault(parameter="occupation", value=code, message=told) for code in occupation if code not in profiled
    ]
    if faults:
        raise Refusal("bad_parameter", f"The occupation {told}.", faults)


def _rows(release: Release, place: Concept, years: int, person: Person) -> list[Record]:
    """Return the rows, or a fault that tells nothing of the person."""
    try:
        return people.transitions(release, place, years, person.skills, person.occupation)
    except ForecastingError:
        told = "transitions cannot be worked out for this request: the tables do not cover what it names"
    except Exception as error:  # the cause may hold the skills: only its kind is told
        kind = type(error).__name__
        raise RuntimeError(f"transitions of a person: {kind}") from None
    raise Refusal("bad_parameter", f"{told}.", [Fault(parameter="skills", value=None, message=told)])
