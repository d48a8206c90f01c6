"""One sentence of why for each weight and course, in Dutch and English, each number in it from the row."""

import math
from collections.abc import Hashable, Mapping
from typing import Any, Final

from forecasting.funding.weights import (
    BAND,
    MANDATORY_ONLY,
    NEUTRAL,
    NOTHING_TRAINABLE,
    UNCERTAIN,
    WORKING_CONDITIONS,
    WeightRule,
)

Row = Mapping[Hashable, Any]

_SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        BAND: "{lower} of {openings} openings{asking} are trainable at {percent}: {share}, "
        "in the band {span}",
        NEUTRAL: "no weight can be told, {reason}: neutral weight {weight}",
        NOTHING_TRAINABLE: "nothing that is missing is taught in time, or nothing is missing: weight 0",
        MANDATORY_ONLY: "only training that the law requires teaches what is missing: weight 0",
        UNCERTAIN: "at {percent} nothing is trainable, at the median {median} of {openings} "
        "openings{asking}: too uncertain, weight 0",
        WORKING_CONDITIONS: "working conditions explain at least {conditions} of what stays unfilled: "
        "weight 0",
        "asking": " that ask the skill",
        "weight": "weight {weight}",
        "topped": "weight {weight} with {factors}",
        "beyond": "{low} or more",
        "between": "{low} to {high}",
        "step": "held at {weight} by the largest step of {step} from {previous}",
        "hysteresis": "kept in its former band within {hysteresis} of the edge",
        "freeze": "frozen at {weight} for the budget period {period}",
    },
    "nl": {
        BAND: "{lower} van {openings} baanopeningen{asking} zijn opleidbaar bij {percent}: {share}, "
        "in de band {span}",
        NEUTRAL: "er is geen gewicht te bepalen, {reason}: neutraal gewicht {weight}",
        NOTHING_TRAINABLE: "er ontbreekt niets, of geen opleiding leert op tijd wat ontbreekt: gewicht 0",
        MANDATORY_ONLY: "enkel wettelijk verplichte opleiding leert wat ontbreekt: gewicht 0",
        UNCERTAIN: "bij {percent} is niets opleidbaar, bij de mediaan {median} van {openings} "
        "baanopeningen{asking}: te onzeker, gewicht 0",
        WORKING_CONDITIONS: "arbeidsomstandigheden verklaren minstens {conditions} van wat open blijft: "
        "gewicht 0",
        "asking": " die de competentie vragen",
        "weight": "gewicht {weight}",
        "topped": "gewicht {weight} met {factors}",
        "beyond": "{low} of meer",
        "between": "{low} tot {high}",
        "step": "op {weight} gehouden door de grootste stap van {step} vanaf {previous}",
        "hysteresis": "in de vorige band gehouden, binnen {hysteresis} van de grens",
        "freeze": "bevroren op {weight} voor de begrotingsperiode {period}",
    },
}
_REASONS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "confidential": "too few persons",
        "not_applicable": "no openings",
        "unavailable": "no source says it",
        "low_reliability": "too unreliable",
        "no_likely_state": "no state is likely enough",
    },
    "nl": {
        "confidential": "te weinig personen",
        "not_applicable": "geen baanopeningen",
        "unavailable": "geen bron zegt het",
        "low_reliability": "te onbetrouwbaar",
        "no_likely_state": "geen toestand is waarschijnlijk genoeg",
    },
}


_TO_DUTCH: Final = str.maketrans(",.", ".,")


def number(value: float, language: str, digits: int = 0) -> str:
    """Return a figure as the language writes it.

    Examples
    --------
    >>> number(1234.5, "en", 1), number(1234.5, "nl", 1)
    ('1,234.5', '1.234,5')
    """
    text = f"{value:,.{digits}f}"
    return text if language == "en" else text.translate(_TO_DUTCH)


def percent(share: float, language: str) -> str:
    """Return a share as a percentage, to a tenth.

    Examples
    --------
    >>> percent(0.0125, "en"), percent(0.0125, "nl")
    ('1.2 %', '1,2 %')
    """
    return f"{number(100 * share, language, 1)} %"


def reason_in(reason: str, language: str) -> str:
    """Return what a reason code says."""
    return _REASONS[language].get(reason, reason)


def why_cell(row: Row, rule: WeightRule, language: str) -> str:
    """Return why a cell has its weight."""
    return _why(row, rule, language, row["openings"], "")


def why_skill(row: Row, rule: WeightRule, language: str) -> str:
    """Return why a skill has its weight in its region."""
    return _why(row, rule, language, row["asked"], _SAYS[language]["asking"])


def _why(row: Row, rule: WeightRule, language: str, openings: float, asking: str) -> str:
    says, ground = _SAYS[language], str(row["ground"])
    told = {
        "weight": number(row["weight"], language, 2),
        "reason": reason_in(str(row["reason"]), language),
        "asking": asking,
        "percent": f"P{100 * rule.quantile:g}",
    }
    if ground in {BAND, UNCERTAIN}:
        told |= {
            "lower": number(row["trainable_lower"], language, 1),
            "median": number(row["trainable_p50"], language, 1),
            "openings": number(openings, language),
            "share": percent(row["share_lower"], language),
        }
    if ground == BAND:
        told["span"] = band_text(int(row["band"]), rule, language)
    if ground == WORKING_CONDITIONS:
        told["conditions"] = percent(row["conditions_share"], language)
    sentence = says[ground].format(**told)
    if ground == BAND:
        by_rule = _by_rule(row, rule)
        topped = {"weight": number(by_rule, language, 2), "factors": row.get("factors")}
        sentence += "; " + says["topped" if row.get("factors") else "weight"].format(**topped)
    return _capital(f"{sentence}{held_text(row, rule, language)}.")


def _by_rule(row: Row, rule: WeightRule) -> float:
    """Return the weight that the band gives, before a former period's holds it."""
    return float(rule.clipped(rule.weights[int(row["band"])] * row["factor"]))


def band_text(band: int, rule: WeightRule, language: str) -> str:
    """Return where a band begins and ends."""
    low, high = rule.span(band)
    kind = "between" if math.isfinite(high) else "beyond"
    said = {"low": percent(low, language), "high": percent(high, language) if math.isfinite(high) else ""}
    return _SAYS[language][kind].format(**said)


def held_text(row: Row, rule: WeightRule, language: str) -> str:
    """Return what holds a weight to the former period's, after a semicolon; empty where nothing does."""
    if not row["held_by"]:
        return ""
    said = {
        "weight": number(row["weight"], language, 2),
        "step": number(rule.step, language, 2),
        "previous": number(row["previous"], language, 2),
        "hysteresis": percent(rule.hysteresis, language),
        "period": row["period"],
    }
    names = str(row["held_by"]).split()
    return "".join("; " + _SAYS[language][name].format(**said) for name in names)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
