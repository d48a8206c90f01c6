"""What the law says of an application, in Dutch and English, from the same figures.

A rule names a sentence and gives its figures once; both languages are made of them, so they cannot differ.
"""

from collections.abc import Callable
from functools import cache
from string import Formatter
from typing import Any, Final, NamedTuple

from forecasting.funding.applications import euros

LANGUAGES: Final = ("en", "nl")


class Said(NamedTuple):
    """One sentence in both languages."""

    en: str
    nl: str


SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "nothing_left": ("nothing left: {rest}", "er blijft niets over: {rest}"),
    "unverified": ("not applied, rule unverified: {rest}", "niet toegepast, regel niet nagekeken: {rest}"),
    "ended": (
        "{what:what} on {day}, the rule ended on {last}. Do: ask under another legal basis, or add the "
        "version that follows to law.yaml",
        "{what:what} op {day}, de regel eindigde op {last}. Doe: vraag aan op een andere rechtsgrond, of "
        "voeg de volgende versie toe aan law.yaml",
    ),
    "items_unverified": (
        "every cost item counts: rule unverified",
        "elke kostenpost telt mee: regel niet nagekeken",
    ),
    "paid_once": (
        "{costs:euros} of eligible costs, {paid:euros} paid by other aid",
        "{costs:euros} in aanmerking komende kosten, waarvan andere steun {paid:euros} betaalde",
    ),
    "sharing": ("{count} applications share {limit:euros}", "{count} aanvragen delen {limit:euros}"),
    "size_class": (
        "declared {said:size}, by its figures {found:size}",
        "opgegeven als {said:size}, volgens de cijfers {found:size}",
    ),
    "intensity": (
        "{share:percent} of {costs:euros} eligible, {size:size} undertaking",
        "{share:percent} van {costs:euros} in aanmerking komende kosten, onderneming: {size:size}",
    ),
    "cumulation": (
        "{paid:euros} of other aid for the same costs, of {most:euros}",
        "{paid:euros} andere steun voor dezelfde kosten, van {most:euros}",
    ),
    "required": (
        "course {course} is required by law. Do: ask under another legal basis",
        "opleiding {course} is wettelijk verplicht. Doe: vraag aan op een andere rechtsgrond",
    ),
    "required_unknown": (
        "unknown whether course {course} is required by law. Do: fill mandatory",
        "onbekend of opleiding {course} wettelijk verplicht is. Doe: vul mandatory in",
    ),
    "too_late": (
        "applied on {applied}, training starts on {starts}: no incentive effect",
        "aangevraagd op {applied}, de opleiding begint op {starts}: geen stimulerend effect",
    ),
    "project_limit": (
        "{limit:euros} of exempt aid for the project",
        "{limit:euros} vrijgestelde steun voor het project",
    ),
    "notify": (
        "{left:euros} would need notification to the Commission first",
        "{left:euros} moet eerst bij de Commissie worden aangemeld",
    ),
    "publish": (
        "an award of {asked:euros} or more is published",
        "een toekenning van {asked:euros} of meer wordt openbaar gemaakt",
    ),
    "room": (
        "{used:euros} granted to the single undertaking within the window, {left:euros} left",
        "{used:euros} toegekend aan de ene onderneming binnen het tijdvak, {left:euros} over",
    ),
    "both_kinds": (
        "{used:euros} of both kinds granted within the window",
        "{used:euros} van beide soorten toegekend binnen het tijdvak",
    ),
    "sector": ("sector {sector} is left out", "sector {sector} is uitgesloten"),
    "exempted": (
        "{paid:euros} of other aid for the same costs: the intensity of the block exemption holds for "
        "the sum",
        "{paid:euros} andere steun voor dezelfde kosten: de intensiteit van de groepsvrijstelling geldt voor "
        "de som",
    ),
    "register": (
        "each grant goes into the central register",
        "elke toekenning komt in het centrale register",
    ),
    "hours_unknown": (
        "contact hours of the course unknown. Do: fill courses.hours",
        "contacturen van de opleiding onbekend. Doe: vul courses.hours in",
    ),
    "forfait": (
        "{people} participants x {hours:hours} hours x {hourly:euros}",
        "{people} deelnemers x {hours:hours} uur x {hourly:euros}",
    ),
    "right": (
        "right to {taken:hours} of {hours:hours} hours a participant",
        "recht op {taken:hours} van {hours:hours} uur per deelnemer",
    ),
    "short_course": (
        "{hours:hours} contact hours and no {credits} credits",
        "{hours:hours} contacturen en geen {credits} studiepunten",
    ),
    "fraction_unknown": (
        "employment fraction unknown. Do: fill employment_fraction",
        "tewerkstellingsbreuk onbekend. Doe: vul employment_fraction in",
    ),
    "fraction": (
        "employed {fraction:percent}, at least {least:percent} asked",
        "tewerkgesteld voor {fraction:percent}, minstens {least:percent} gevraagd",
    ),
    "weekly": (
        "{weekly:hours} hours a week, at least {least} asked",
        "{weekly:hours} uur per week, minstens {least} gevraagd",
    ),
    "weekly_unknown": (
        "hours a week unknown, at least {least} asked. Do: fill hours_per_week",
        "uren per week onbekend, minstens {least} gevraagd. Doe: vul hours_per_week in",
    ),
    "wages": ("wages up to {hourly:euros} an hour count", "lonen tot {hourly:euros} per uur tellen mee"),
    "large": ("a large undertaking gets no share", "een grote onderneming krijgt geen aandeel"),
    "fee": (
        "{share:percent} of a fee of {cost:euros}",
        "{share:percent} van een inschrijvingsprijs van {cost:euros}",
    ),
    "year": ("{left:euros} left in {year}", "{left:euros} over in {year}"),
    "least_fee": (
        "fee of {cost:euros}, at least {least:euros} asked",
        "inschrijvingsprijs van {cost:euros}, minstens {least:euros} gevraagd",
    ),
    "legal_form": ("legal form {form} is left out", "rechtsvorm {form} is uitgesloten"),
    "legal_form_unknown": (
        "legal form unknown. Do: fill legal_form",
        "rechtsvorm onbekend. Doe: vul legal_form in",
    ),
    "course_required": ("the course is required by law", "de opleiding is wettelijk verplicht"),
    "not_listed": (
        "course {course} is not listed for it",
        "opleiding {course} staat niet op de lijst ervan",
    ),
    "instruments_unknown": (
        "instruments of course {course} unknown",
        "instrumenten van opleiding {course} onbekend",
    ),
}
"""English and Dutch, by name; a figure is written as its format says: euros, percent, hours, size."""

_WORDS: Final[dict[str, dict[str, str]]] = {
    "size": {"small": "klein", "medium": "middelgroot", "large": "groot"},
    "what": {"applied": "aangevraagd", "decided": "beslist"},
}
_TO_DUTCH: Final = str.maketrans(",.", ".,")


def percent(basis_points: int, language: str = "en") -> str:
    """Return basis points as text.

    Examples
    --------
    >>> percent(7000), percent(1250), percent(1250, "nl")
    ('70 %', '12.5 %', '12,5 %')
    """
    text = f"{basis_points / 100:g} %"
    return text if language == "en" else text.translate(_TO_DUTCH)


def money(cents: int, language: str = "en") -> str:
    """Return cents as euros.

    Examples
    --------
    >>> money(123456), money(123456, "nl")
    ('€1,234.56', '1.234,56 euro')
    """
    text = euros(cents)
    return text if language == "en" else f"{text.replace('€', '').translate(_TO_DUTCH)} euro"


def _hours(hours: float, language: str) -> str:
    text = f"{hours:g}"
    return text if language == "en" else text.translate(_TO_DUTCH)


_FORMATS: Final[dict[str, Callable[[Any, str], str]]] = {"euros": money, "percent": percent, "hours": _hours}


def _shown(value: Any, form: str, language: str) -> str:
    if form in _FORMATS:
        return _FORMATS[form](value, language)
    text = str(value)
    return _WORDS[form][text] if form in _WORDS and language == "nl" else text


@cache
def _parts(name: str, language: str) -> list[tuple[str, str | None, str]]:
    """Return the pieces of a sentence: text, then the figure that follows it and its format."""
    text = SENTENCES[name][LANGUAGES.index(language)]
    return [(literal, field, form or "") for literal, field, form, _ in Formatter().parse(text)]


def _sentence(name: str, language: str, values: dict[str, Any]) -> str:
    return "".join(
        literal + ("" if field is None else _shown(values[field], form, language))
        for literal, field, form in _parts(name, language)
    )


def told(name: str, **values: Any) -> Said:
    """Return a sentence of `SENTENCES` in both languages, its figures from the same values.

    Examples
    --------
    >>> told("year", left=750_000, year=2026)
    Said(en='€7,500.00 left in 2026', nl='7.500,00 euro over in 2026')
    """
    return Said(_sentence(name, "en", values), _sentence(name, "nl", values))


def within(name: str, rest: Said) -> Said:
    """Return a sentence that takes another one in.

    Examples
    --------
    >>> within("nothing_left", Said("a", "b"))
    Said(en='nothing left: a', nl='er blijft niets over: b')
    """
    return Said(_sentence(name, "en", {"rest": rest.en}), _sentence(name, "nl", {"rest": rest.nl}))
