"""Where an answer leads: links of the API's description (OpenAPI 3.1, section 4.8.20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_FIRST: Final = "$response.body#/items/0"
_OF_OCCUPATION: Final = (
    *("read_occupation", "read_skills", "read_occupation_backtest", "list_occupations_of_gaps"),
    *("list_occupations_of_openings", "list_occupations_of_supply", "list_occupations_of_transitions"),
    "list_occupations_of_indicators",
)


@dataclass(frozen=True)
class Link:
    """One operation to ask next.

    Parameters
    ----------
    to : str
        Name of the operation.
    parameters : mapping of str to str
        Runtime expressions by parameter.
    body : mapping or None
        Runtime expressions that make up the body of the next request.
    """

    to: str
    parameters: Mapping[str, str]
    body: Mapping[str, Any] | None = None

    def described(self) -> dict[str, Any]:
        """Return the link as OpenAPI writes it."""
        told: dict[str, Any] = {"operationId": self.to, "parameters": dict(self.parameters)}
        return told if self.body is None else told | {"requestBody": dict(self.body)}


def _each(operations: tuple[str, ...], code: str) -> tuple[Link, ...]:
    return tuple(Link(to, {"code": code}) for to in operations)


LINKS: Final[Mapping[str, tuple[Link, ...]]] = {
    "list_releases": (
        Link("read_release", {"release": f"{_FIRST}/release"}),
        Link("read_backtest", {"release": f"{_FIRST}/release"}),
        Link("read_changes", {"release": f"{_FIRST}/release", "from": "$response.body#/items/1/release"}),
        Link("read_gaps", {"release": f"{_FIRST}/release"}),
    ),
    "list_occupations": _each(_OF_OCCUPATION, f"{_FIRST}/code"),
    "read_gaps": _each(_OF_OCCUPATION, f"{_FIRST}/occupation/code"),
    "list_questions_shortages": _each(_OF_OCCUPATION[:1], f"{_FIRST}/occupation/code"),
    "list_occupations_of_transitions": _each(_OF_OCCUPATION[:1], f"{_FIRST}/destination/code"),
    "list_questions_emerging_skills": (Link("read_skill", {"code": f"{_FIRST}/skill/code"}),),
    "list_skills": (
        Link("read_skill", {"code": f"{_FIRST}/code"}),
        Link("find_transitions", {}, {"skills": [f"{_FIRST}/code"]}),
    ),
    "list_regions": (
        Link("read_gaps", {"region": f"{_FIRST}/code"}),
        Link("read_weights", {"region": f"{_FIRST}/code"}),
    ),
    "read_weights": _each(_OF_OCCUPATION[:1], f"{_FIRST}/occupation/code"),
    "read_skill_weights": (Link("read_skill", {"code": f"{_FIRST}/skill/code"}),),
    "list_bulk": (Link("read_bulk", {"file": f"{{{_FIRST}/name}}.csv"}),),
}
"""By the operation that was asked."""
