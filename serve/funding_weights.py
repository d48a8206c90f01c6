"""Published weights with what they follow from, and the same weights under another rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from forecasting.errors import ForecastingError
from forecasting.funding.words import GROUNDS
from serve import answers, tabled
from serve.funding_given import refuse
from serve.funding_release import (
    OCCUPATION,
    SKILL,
    TABLE,
    caution,
    draws,
    frame,
    parameters,
    place,
    records,
    rows_of,
)
from serve.problems import Fault
from serve.release import Concept, Release
from serve.resources import Order, Resource
from serve.schemas import Language
from serve.schemas_funding import RuleChange, Simulation

_CHOICES: Final = {"ground": tuple(GROUNDS)}
_FIRST: Final[Mapping[str, Order]] = {"weight": (("weight", True),)}
READ: Final = {
    OCCUPATION: Resource(
        "weights",
        "weights",
        "",
        "",
        "funding",
        listed=(OCCUPATION,),
        choices=_CHOICES,
        orders={**_FIRST, "need": (("need", True),), "code": ((OCCUPATION, False),)},
    ),
    SKILL: Resource(
        "weights/skills",
        "skill_weights",
        "",
        "",
        "funding",
        listed=(SKILL,),
        choices=_CHOICES,
        orders={**_FIRST, "code": ((SKILL, False),)},
    ),
}

_SIDE: Final = (
    *("weight", "band", "ground", "quantile", "trainable_lower", "share_lower", "factor", "factors"),
)
_BANDS: Final = ("edges", "weights")
_CHANGED: Final[Mapping[str, tuple[str, ...]]] = {
    "weight_quantile": ("quantile",),
    "edges": _BANDS,
    "weights": ("weights", "edges"),
    "floor": ("floor", "cap"),
    "neutral": ("neutral", "floor", "cap"),
    "top-ups": ("topups",),
}
"""Fields of a change of rule by the first word of what the rule refuses."""


def published(
    release: Release,
    unit: str,
    region: Concept,
    codes: Iterable[str],
    ground: str | None,
    order: str,
    lang: Language,
    part: slice,
) -> tuple[dict[str, Any], int]:
    """Return the body of one part of a list of weights, without its paging, and how many there are in all.

    Parameters
    ----------
    unit : {"occupation", "skill"}
    codes : iterable of str
        Known codes of that unit; none for all.
    """
    listed = list(codes)
    wanted: dict[str, list[Any]] = {"region": [region.code]}
    wanted |= {unit: listed} if listed else {}
    wanted |= {"ground": [ground]} if ground is not None else {}
    echo = {
        "region": answers.named(region, lang),
        unit: listed or None,
        "ground": ground,
        "order": order,
        "lang": lang,
    }
    content, total = tabled.body(release, READ[unit], tabled.Asked(wanted, order, echo), lang, part)
    return {**content, **caution(release, unit), "grounds": GROUNDS}, total


@dataclass(frozen=True)
class Simulated:
    """Weights of a region under the release's rule and another.

    Parameters
    ----------
    body : dict
        The answer, without paging and items.
    rows : list of dict
        ``code, before, after, changed, reason, why``, by code.
    """

    body: dict[str, Any]
    rows: list[dict[str, Any]]


def simulate(release: Release, store: Path, asked: Simulation) -> Simulated:
    """Return the weights of a region under another rule, beside the release's own.

    What the release hides stays hidden: its draws are never read, its weight is the neutral one of whatever
    rule is tried, and its reason stays.

    Raises
    ------
    Refusal
        With every part of the rule that cannot be used, or if region or draws are not there.
    """
    from forecasting.funding.periods import band_changes
    from forecasting.funding.weights import WeightRule, share_at_zero

    unit, region = asked.unit, place(release, asked.region)
    made_by = parameters(release)
    rule = _ruled(WeightRule.of(made_by, unit), asked.rule)
    at = rows_of(release, unit, [region.code])
    old = frame(release, TABLE[unit], at)
    kept = draws(release, store, unit, at)
    surplus = float(made_by["course_rule"]["surplus"])
    new = _weighed(old, kept, unit, rule, surplus, asked.lang)
    changes = band_changes(old, new)
    weights = old["weight"].to_numpy(dtype=float), new["weight"].to_numpy(dtype=float)
    totals = {
        "cells": len(old),
        "change_band": int(changes.loc[changes["changed"], "cells"].sum()),
        "change_weight": int((weights[0] != weights[1]).sum()),
        "zero_before": share_at_zero(weights[0]) if len(old) else None,
        "zero_after": share_at_zero(weights[1]) if len(old) else None,
        "changes": records(changes),
    }
    rows = [row for row in _beside(old, new, unit) if row["changed"] or not asked.changed_only]
    empty = tabled.NO_MATCH if len(old) else "unavailable"
    body = {
        **caution(release, unit),
        "resolved": {
            "unit": unit,
            "region": answers.named(region, asked.lang),
            "horizon": int(made_by["weight_horizon"]),
            "rule": _said(rule),
            "changed_only": asked.changed_only,
            "lang": asked.lang,
        },
        "units": {name: own for name, own in tabled.units(TABLE[unit]).items() if name in _SIDE},
        "grounds": GROUNDS,
        "totals": totals,
        "reason": None if rows else answers.reason(empty),
    }
    return Simulated(body, rows)


def item(release: Release, unit: str, row: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """Return one compared weight with its code named and its reason in words."""
    concepts = release.occupations if unit == OCCUPATION else release.skills
    named = answers.label_of(concepts, row["code"], lang)
    rest = {name: row[name] for name in ("before", "after", "changed", "why")}
    return {unit: named, **rest, "reason": answers.reason(row["reason"])}


def _weighed(old: Any, kept: Any, unit: str, rule: Any, surplus: float, lang: Language) -> Any:
    """Return the table under a rule, with the sentences of one language; what had a reason keeps it."""
    from forecasting.funding.reasons import why_skill
    from forecasting.funding.weight_tables import occupation_weights, skill_weights

    if unit == OCCUPATION:
        found = occupation_weights(old, kept, rule)
    else:
        found = skill_weights(old, kept, rule, surplus)
        hidden = old["reason"].ne("").to_numpy(dtype=bool)
        found.loc[hidden, "reason"] = old.loc[hidden, "reason"].astype(object)
        rows = found[hidden].to_dict("records")
        for name, language in (("why", "en"), ("why_nl", "nl")):
            found.loc[hidden, name] = [why_skill(row, rule, language) for row in rows]
    return found.assign(why=found["why_nl"]) if lang == "nl" else found


def _beside(old: Any, new: Any, unit: str) -> list[dict[str, Any]]:
    """Return each row of both tables, which are of the same cells."""
    sides = [records(each[[*_SIDE]]) for each in (old, new)]
    told = records(new[[unit, "reason", "why"]])
    return [
        {"code": row[unit], "before": before, "after": after, "changed": before["weight"] != after["weight"]}
        | {"reason": row["reason"], "why": row["why"]}
        for before, after, row in zip(*sides, told, strict=True)
    ]


def _ruled(rule: Any, change: RuleChange) -> Any:
    """Return a rule with what was asked.

    Raises
    ------
    Refusal
        With every part that the rule refuses: each is set back in turn, so that the next is seen as well.
    """
    asked = {name: value for name, value in change.model_dump().items() if value is not None}
    asked |= {name: tuple(asked[name]) for name in ("edges", "weights") if name in asked}
    faults, tried = list[Fault](), dict(asked)
    while True:
        try:
            found = replace(rule, **tried)
            break
        except ForecastingError as error:
            told = str(error).removeprefix("weight rule: ").partition(" Do: ")[0]
            names = next((own for word, own in _CHANGED.items() if told.startswith(word)), _BANDS)
            wrong = [name for name in names if name in tried]
            faults.append(Fault(parameter=f"rule.{wrong[0]}", value=None, message=f"{told} Do: correct it."))
            tried = {name: value for name, value in tried.items() if name not in names}
    refuse(faults)
    return found


def _said(rule: Any) -> dict[str, Any]:
    """Return the parts of a rule that a weight follows from, before a former period's holds it."""
    names = ("quantile", "edges", "weights", "floor", "cap", "neutral", "topups", "topup_share", "conditions")
    return {name: getattr(rule, name) for name in names}
