"""Why a course has its weight, in Dutch and English, each number in it from the row."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

from forecasting.funding.reasons import band_text, number, percent, reason_in
from forecasting.funding.weights import BAND, NEUTRAL, WeightRule

_SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "need_to_have": "need to have",
        "nice_to_have": "nice to have",
        "not_needed": "not needed",
        "unknown": "unknown",
        BAND: "on average {score} of the openings that ask its {skills} skills lack them at {percent}, "
        "in the band {span}; weight {weight}{topped}",
        NEUTRAL: "{unknown} of its {skills} skills are unknown, {reason}; neutral weight {weight}",
        "nothing_lacking": "none of its {skills} skills is lacking at {percent}; weight 0",
        "not_in_time": "with {hours} hours it ends after the window; weight 0",
        "targets_without_weight": "none of its target occupations has a weight ({targets}); weight 0",
        "topped": " with {factors}",
        "addressed": "it addresses {addressed} of what is trainable in the region",
        "surplus": "{overlap} of its skills are in surplus",
        "opens": "{opens} of its skills are lacking and taught by no listed course in time",
        "targets": "target occupations {targets}",
        "mandatory": "mandatory training: no aid under GBER art. 31(2)",
    },
    "nl": {
        "need_to_have": "nodig (need to have)",
        "nice_to_have": "nuttig (nice to have)",
        "not_needed": "niet nodig",
        "unknown": "onbekend",
        BAND: "gemiddeld mist {score} van de baanopeningen die haar {skills} competenties vragen ze bij "
        "{percent}, in de band {span}; gewicht {weight}{topped}",
        NEUTRAL: "{unknown} van haar {skills} competenties zijn onbekend, {reason}; "
        "neutraal gewicht {weight}",
        "nothing_lacking": "geen van haar {skills} competenties ontbreekt bij {percent}; gewicht 0",
        "not_in_time": "met {hours} uur eindigt ze na het venster; gewicht 0",
        "targets_without_weight": "geen van haar doelberoepen heeft een gewicht ({targets}); gewicht 0",
        "topped": " met {factors}",
        "addressed": "ze dekt {addressed} van wat in de regio opleidbaar is",
        "surplus": "{overlap} van haar competenties is in overschot",
        "opens": "{opens} van haar competenties ontbreken en leert geen andere opleiding op tijd",
        "targets": "doelberoepen {targets}",
        "mandatory": "verplichte opleiding: geen steun volgens AGVV art. 31(2)",
    },
}


def why_course(row: Mapping[Hashable, Any], rule: WeightRule, language: str) -> str:
    """Return why a course has its weight and its need."""
    says, ground = _SAYS[language], str(row["ground"])
    told: dict[str, Any] = {
        "skills": row["skills"],
        "unknown": row["skills_unknown"],
        "reason": reason_in(str(row["reason"]), language),
        "percent": f"P{100 * rule.quantile:g}",
        "weight": number(row["weight"], language, 2),
        "hours": number(row["hours"], language),
        "targets": _targets(str(row["target_weights"]), language),
        "opens": row["opens"],
        "topped": says["topped"].format(factors=row["factors"]) if row["factors"] else "",
    }
    if ground == BAND:
        told |= {
            "score": percent(row["score"], language),
            "span": band_text(int(row["band"]), rule, language),
        }
    parts = [says[ground].format(**told)]
    if ground == BAND and row["addressed"] == row["addressed"]:
        parts.append(says["addressed"].format(addressed=percent(row["addressed"], language)))
    if row["surplus_overlap"] > 0:
        parts.append(says["surplus"].format(overlap=percent(row["surplus_overlap"], language)))
    if ground == BAND and row["opens"]:
        parts.append(says["opens"].format(**told))
    if ground == BAND and row["target_weights"]:
        parts.append(says["targets"].format(**told))
    if row["mandatory"]:
        parts.append(says["mandatory"])
    need = says[str(row["need"])]
    return f"{need[:1].upper()}{need[1:]}: {'; '.join(parts)}."


def _targets(text: str, language: str) -> str:
    """Return target occupations as read: 2421 (weight 1.25)."""
    named = [entry.rsplit(":", 1) for entry in text.split()]
    shown = [
        f"{code} ({weight if weight == '?' else number(float(weight), language, 2)})"
        for code, weight in named
    ]
    return ", ".join(shown)
