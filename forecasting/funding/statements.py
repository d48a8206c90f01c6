"""A statement of reasons for each applicant, in Dutch and English, each number from the result's row."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from forecasting.funding.conditioned import NEAREST
from forecasting.funding.conditions_told import named_in
from forecasting.funding.programme import Call, Decision
from forecasting.funding.programme_tables import with_findings
from forecasting.funding.reasons import number, percent
from forecasting.funding.words import NOT_FOR_SOLE_USE

Row = Mapping[Hashable, Any]
LANGUAGES: Final = ("nl", "en")
_OF_ROW: Final = (
    *("id", "undertaking", "course", "course_title", "region", "refused", "course_why", "course_why_nl"),
    *("cents", "eligible_cents", "base_cents", "floor_cents", "cap_cents", "legal_cap_cents", "bound"),
    *("share_cents", "previous_cents", "change_limit_gave_way", "participation_cents", "probability_top"),
    *("p_low_cents", "p50_cents", "p_high_cents", "weight", "course_weight", "group_factor", "groups"),
    *("size", "weighted_size"),
)
_OF_FINDING: Final = ("rule", "version", "article", "kind", "detail", "detail_nl", "cents")

_SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Statements of reasons, decision of {day}",
        "release": "Release {release}; budget {budget}; weights at P{quantile} of the draws.",
        "head": "{id}: undertaking {undertaking}, course {course} {title}, region {region}",
        "paid": "Awarded: {euros} on {eligible} of eligible costs ({part}).",
        "refused": "Awarded: nothing. The law allows no aid for this application:",
        "rule": "{rule}, version of {version}, {article}: {detail}",
        "none": "No rule of law limits the amount further.",
        "law": "By law at most {cap}. Rules that count:",
        "eligible_cost": "{weight} × {size} of eligible costs = {weighted}",
        "participant_hours": "{weight} × {size} hours of participants = {weighted}",
        "weight": "Weight {course}, times {factor} for the groups of the participants ({groups}), within the "
        "rule's bounds: {weight}.",
        "plain": "Weight {weight}.",
        "level": "Every unit of weight × size gets {level} cents where nothing else limits: {share} cents "
        "before rounding, {cents} cents after it.",
        "free": "The budget is larger than what may be paid: everybody is at the cap. {share} cents before "
        "rounding, {cents} cents after it.",
        "free_class": "All in the same conditions are at the cap. {share} cents before rounding, {cents} "
        "cents after it.",
        "base": "Of this, {base} is the base that every eligible participant gets.",
        "bound_weight": "The weight decides the amount.",
        "bound_floor": "The least amount ({floor}) decides.",
        "bound_cap": "The most that may be paid ({cap}) decides.",
        "bound_group": "A limit shared with other applications decides: {bound}.",
        "bound_condition": "Conditions of the programme on the groups of this application set that level: "
        "{names}.",
        "bound_value": "The rule decides: money goes where its weight is greatest.",
        "bound_fairest": "The rule decides: the least share of a unit of weight is as large as can be.",
        "rule_value": "By the rule of most value, within the conditions: {share} cents before rounding, "
        "{cents} cents after it.",
        "rule_fairest": "By the rule of the fairest shares, within the conditions: {share} cents before "
        "rounding, {cents} cents after it.",
        "previous": "Last period: {previous}; change limit {limit}: from {floor} to {cap}.",
        "gave_way": "The change limit could not be kept: the law goes before it.",
        "interval": "Were each of {draws} draws of the forecast the truth: from {low} to {high} ({span}), "
        "median {middle}; probability to be among the first {top} of the amounts: {chance}.",
        "baseline": "By participation alone, every weight 1: {baseline}.",
        "appeal": "Objections: name the application and what is wrong; a correction is a new allocation that "
        "refers to this one.",
    },
    "nl": {
        "title": "Motivering per aanvraag, beslissing van {day}",
        "release": "Release {release}; budget {budget}; gewichten bij P{quantile} van de trekkingen.",
        "head": "{id}: onderneming {undertaking}, opleiding {course} {title}, regio {region}",
        "paid": "Toegekend: {euros} op {eligible} in aanmerking komende kosten ({part}).",
        "refused": "Toegekend: niets. De wet laat voor deze aanvraag geen steun toe:",
        "rule": "{rule}, versie van {version}, {article}: {detail}",
        "none": "Geen rechtsregel beperkt het bedrag verder.",
        "law": "Volgens de wet hoogstens {cap}. Regels die tellen:",
        "eligible_cost": "{weight} × {size} in aanmerking komende kosten = {weighted}",
        "participant_hours": "{weight} × {size} deelnemersuren = {weighted}",
        "weight": "Gewicht {course}, maal {factor} voor de doelgroepen van de deelnemers ({groups}), binnen "
        "de grenzen van de regel: {weight}.",
        "plain": "Gewicht {weight}.",
        "level": "Elke eenheid gewicht × omvang krijgt {level} cent waar niets anders beperkt: {share} cent "
        "voor afronding, {cents} cent erna.",
        "free": "Het budget is groter dan wat betaald mag worden: iedereen krijgt het maximum. {share} cent "
        "voor afronding, {cents} cent erna.",
        "free_class": "Allen in dezelfde voorwaarden krijgen het maximum. {share} cent voor afronding, "
        "{cents} cent erna.",
        "base": "Daarvan is {base} de basis die elke in aanmerking komende deelnemer krijgt.",
        "bound_weight": "Het gewicht bepaalt het bedrag.",
        "bound_floor": "Het minimumbedrag ({floor}) bepaalt.",
        "bound_cap": "Het maximum dat betaald mag worden ({cap}) bepaalt.",
        "bound_group": "Een grens die met andere aanvragen wordt gedeeld bepaalt: {bound}.",
        "bound_condition": "Voorwaarden van het programma voor de groepen van deze aanvraag bepalen dat "
        "bedrag per eenheid: {names}.",
        "bound_value": "De regel bepaalt: het geld gaat waar het gewicht het grootst is.",
        "bound_fairest": "De regel bepaalt: het kleinste deel per eenheid gewicht is zo groot als het kan.",
        "rule_value": "Volgens de regel van de meeste waarde, binnen de voorwaarden: {share} cent voor "
        "afronding, {cents} cent erna.",
        "rule_fairest": "Volgens de regel van de eerlijkste delen, binnen de voorwaarden: {share} cent voor "
        "afronding, {cents} cent erna.",
        "previous": "Vorige periode: {previous}; grens op de verandering {limit}: van {floor} tot {cap}.",
        "gave_way": "De grens op de verandering kon niet worden gehouden: de wet gaat voor.",
        "interval": "Was elk van {draws} trekkingen van de voorspelling de waarheid: van {low} tot {high} "
        "({span}), mediaan {middle}; kans om bij de eerste {top} van de bedragen te zijn: {chance}.",
        "baseline": "Naar deelname alleen, elk gewicht 1: {baseline}.",
        "appeal": "Bezwaar: noem de aanvraag en wat niet klopt; een verbetering is een nieuwe toekenning die "
        "naar deze verwijst.",
    },
}

_FINDING: Final[dict[str, dict[str, str]]] = {
    "en": {
        "refused": "no aid possible",
        "cap": "at most {cents}",
        "notify": "to be notified to the Commission from {cents}",
        "publish": "the award is made public",
        "warning": "note, limits nothing",
    },
    "nl": {
        "refused": "geen steun mogelijk",
        "cap": "hoogstens {cents}",
        "notify": "aan te melden bij de Commissie vanaf {cents}",
        "publish": "de toekenning wordt openbaar gemaakt",
        "warning": "opmerking, beperkt niets",
    },
}
"""What follows from a finding; the sentence of the rule itself is of `forecasting.funding.law_sentences`."""


def euro(cents: float, language: str) -> str:
    """Return cents as euros in the language.

    Examples
    --------
    >>> euro(123456, "en"), euro(123456, "nl")
    ('EUR 1,234.56', '1.234,56 euro')
    """
    told = number(float(cents) / 100, language, 2)
    return f"EUR {told}" if language == "en" else f"{told} euro"


def statements(
    call: Call, decision: Decision, release: str, quantile: float, about: Mapping[str, Any], language: str
) -> str:
    """Return the statements of all applicants as one Markdown text: the parts of `statement_parts`."""
    return "".join(statement_parts(call, decision, release, quantile, about, language))


def statement_parts(
    call: Call, decision: Decision, release: str, quantile: float, about: Mapping[str, Any], language: str
) -> Iterator[str]:
    """Yield the text that heads the statements of all applicants, then each of them.

    Parameters
    ----------
    release : str
        Id, for the head.
    quantile : float
        That the weights rest on.
    about : mapping
        ``allocation_change_limit, allocation_interval, allocation_top_share``: values in force.
    language : {"nl", "en"}
    """
    says = _SAYS[language]
    head = says["release"].format(
        release=release, budget=euro(call.budget, language), quantile=f"{100 * quantile:g}"
    )
    yield f"# {says['title'].format(day=call.day)}\n\n{head}\n\n{NOT_FOR_SOLE_USE[language]}"
    for at, (row, own) in enumerate(with_findings(decision, _OF_ROW, _OF_FINDING)):
        level = decision.above.level if decision.under is None else decision.under.level_of(at)
        yield "\n\n" + "\n".join(_statement(row, own, level, call, decision, about, language))
    yield "\n"


def _statement(
    row: Row,
    findings: Sequence[Row],
    level: Fraction | None,
    call: Call,
    decision: Decision,
    about: Mapping[str, Any],
    language: str,
) -> Iterator[str]:
    says = _SAYS[language]
    yield "## " + says["head"].format(
        id=row["id"],
        undertaking=row["undertaking"],
        course=row["course"],
        title=row["course_title"],
        region=row["region"],
    )
    yield ""
    if row["refused"]:
        yield says["refused"]
        yield from _rules([each for each in findings if each["kind"] in {"refused", "warning"}], language)
        yield from ("", says["appeal"])
        return
    part = row["cents"] / row["eligible_cents"]
    yield says["paid"].format(
        euros=euro(row["cents"], language),
        eligible=euro(row["eligible_cents"], language),
        part=percent(part, language),
    )
    yield from ("", f"- {row['course_why_nl' if language == 'nl' else 'course_why']}")
    yield f"- {_weight(row, call.size, language)}"
    told = {"share": number(row["share_cents"], language, 3), "cents": number(row["cents"], language)}
    if call.rule != NEAREST:
        yield "- " + says[f"rule_{call.rule}"].format(**told)
    elif level is None:
        yield "- " + says["free" if decision.under is None else "free_class"].format(**told)
    else:
        yield "- " + says["level"].format(level=number(float(level), language, 6), **told)
    if row["base_cents"]:
        yield "- " + says["base"].format(base=euro(row["base_cents"], language))
    yield "- " + _bound(row, language)
    if not pd.isna(row["previous_cents"]):
        limit = percent(about["allocation_change_limit"], language)
        bounds = _euros(row, ("previous", "floor", "cap"), language)
        yield "- " + says["previous"].format(**bounds, limit=limit)
        if row["change_limit_gave_way"]:
            yield "- " + says["gave_way"]
    yield "- " + _uncertainty(row, decision.draws, about, language)
    yield "- " + says["baseline"].format(baseline=euro(row["participation_cents"], language))
    binding = [each for each in findings if each["kind"] != "warning"]
    yield "- " + (says["law"].format(cap=euro(row["legal_cap_cents"], language)) if binding else says["none"])
    yield from _rules(findings, language, "  ")
    yield from ("", says["appeal"])


def _euros(row: Row, names: Sequence[str], language: str) -> dict[str, str]:
    return {name: euro(row[f"{name}_cents"], language) for name in names}


def _bound(row: Row, language: str) -> str:
    """Return what decides the amount."""
    says, names = _SAYS[language], named_in(str(row["bound"]))
    if names:
        return says["bound_condition"].format(names=names)
    bound = str(row["bound"])
    if bound in {"floor", "cap"}:
        return says[f"bound_{bound}"].format(**_euros(row, [bound], language))
    return says[f"bound_{bound}" if f"bound_{bound}" in says else "bound_group"].format(bound=bound)


def _weight(row: Row, size: str, language: str) -> str:
    """Return the weight with its factors, times the size."""
    says, weight = _SAYS[language], number(row["weight"], language, 3)
    if row["group_factor"] == 1:
        first = says["plain"].format(weight=weight)
    else:
        first = says["weight"].format(
            course=number(row["course_weight"], language, 3),
            factor=number(row["group_factor"], language, 2),
            groups=row["groups"],
            weight=weight,
        )
    money = size == "eligible_cost"
    told = {
        name: euro(row[key], language) if money else number(row[key], language, 1)
        for name, key in (("size", "size"), ("weighted", "weighted_size"))
    }
    return f"{first} {says[size].format(weight=weight, **told)}."


def _uncertainty(row: Row, draws: int, about: Mapping[str, Any], language: str) -> str:
    low, high = about["allocation_interval"]
    return _SAYS[language]["interval"].format(
        draws=number(draws, language),
        low=euro(row["p_low_cents"], language),
        high=euro(row["p_high_cents"], language),
        middle=euro(row["p50_cents"], language),
        span=f"P{100 * low:g}–P{100 * high:g}",
        top=percent(about["allocation_top_share"], language),
        chance=percent(row["probability_top"], language),
    )


def _rules(findings: Sequence[Row], language: str, indent: str = "") -> Iterator[str]:
    """Yield each rule as cited, with what follows from it and why."""
    for each in findings:
        cents: str = "" if pd.isna(each["cents"]) else euro(int(each["cents"]), language)
        follows = _FINDING[language][str(each["kind"])].format(cents=cents)
        detail = f"{follows}: {each['detail_nl' if language == 'nl' else 'detail']}"
        yield f"{indent}- " + _SAYS[language]["rule"].format(
            rule=each["rule"], version=each["version"], article=each["article"], detail=detail
        )
