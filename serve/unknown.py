"""What a request names and the release does not have: each with what may have been meant, or came after."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Final

from serve.problems import Fault, Refusal, shown
from serve.release import Concept, Release

NAMES_SHOWN: Final = 20
_SUGGESTED: Final = 3
"""Codes that are suggested for one that is unknown, and unknown codes for which that is done."""

_ASIDE: Final = re.compile(r"\s*\([^()]*\)")
_SEARCH: Final = {
    "occupation": "search /v1/occupations?q=",
    "skill": "search /v1/skills?q=",
}


def refuse(code: str, faults: Sequence[Fault]) -> None:
    """Refuse a request that has faults, all of them in one sentence.

    Raises
    ------
    Refusal
        If there is any.
    """
    if faults:
        told = "; ".join(
            f"{fault.parameter} {fault.value}: {fault.message}" for fault in faults[:NAMES_SHOWN]
        )
        raise Refusal(code, f"{told}.", faults)


def unknown_codes(release: Release, parameter: str, asked: Sequence[str]) -> list[Fault]:
    """Return a fault for each code of a classification that the release does not have, or that is retired.

    Parameters
    ----------
    parameter : {"occupation", "skill"}
        Names the parameter and, with an s, the classification.
    """
    known = release.occupations if parameter == "occupation" else release.skills
    retired = release.retired.get(f"{parameter}s", {})
    faults: list[Fault] = []
    suggested = 0
    for code in asked:
        if code in retired:
            faults.append(_retired(parameter, code, retired[code]))
        elif code not in known:
            near = _near(code, known, retired) if suggested < _SUGGESTED else ()
            suggested += 1
            faults.append(Fault(parameter=parameter, value=code, message=_not_there(parameter, near)))
    return faults


def _retired(parameter: str, code: str, successors: Sequence[str]) -> Fault:
    told = f"retired; its successors are {', '.join(successors)}"
    return Fault(parameter=parameter, value=code, message=told, successors=list(successors))


def _not_there(parameter: str, near: Sequence[Concept]) -> str:
    told = "not in the release"
    if near:
        told += f"; nearest are {_listed(near)}"
    return f"{told}; {_SEARCH[parameter]}"


def _near(asked: str, known: Mapping[str, Concept], retired: Mapping[str, object]) -> list[Concept]:
    """Return the concepts whose code or label, in any language, is most like what was asked."""
    wanted = shown(asked).strip().casefold()
    names: dict[str, str] = {}
    for concept in known.values():
        if concept.code not in retired:
            for name in (concept.code, *concept.labels.values()):
                names.setdefault(name.casefold(), concept.code)
    found = get_close_matches(wanted, names, 3 * _SUGGESTED)
    found.sort(key=lambda name: -_begun_alike(name, wanted))  # codes are read from the left
    return [known[code] for code in dict.fromkeys(names[name] for name in found)][:_SUGGESTED]


def _begun_alike(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def unknown_region(release: Release, asked: str) -> Fault:
    """Return the fault of a region that is neither a code nor a name, with the one that may be meant."""
    known = list(release.regions.values())
    more = ", …" if len(known) > NAMES_SHOWN else ""
    meant = [region for region in known if _short(asked) in {_short(name) for name in region.labels.values()}]
    told = f"is {meant[0].code} meant? " if len(meant) == 1 else ""
    message = f"{told}the scored regions are {_listed(known[:NAMES_SHOWN])}{more}: see /v1/regions"
    return Fault(parameter="region", value=asked, message=message)


def _listed(concepts: Sequence[Concept]) -> str:
    return ", ".join(f"{concept.code} = {concept.label('en')}" for concept in concepts)


def _short(name: str) -> str:
    """Return a name without what stands in brackets, in small letters."""
    return _ASIDE.sub("", name).strip().casefold()


def refuse_codes(faults: Sequence[Fault]) -> None:
    """Refuse unknown codes, all at once; where every one of them is retired, that is what is said.

    Raises
    ------
    Refusal
        If there is any fault: 410 where all are retired, else 404.
    """
    refuse("retired_code" if all(fault.successors for fault in faults) else "unknown_code", faults)
