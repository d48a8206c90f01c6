"""One sentence of why for each gap, in Dutch and English, each number in it from the row."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from forecasting.funding.reasons import number, reason_in

Row = Mapping[Hashable, Any]

_SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "none": "{span}: no openings in {without} of the futures, so no share of them to be short of.",
        "reason": "{span}: no score, {reason}.",
        "cell": "{span}: on average {openings} openings ({replaced} to replace leavers, {new} new jobs if it "
        "grows) for {entering} entrants and {seeking} job seekers{further}; {share}.{some}",
        "further": ", and {further} from other sources",
        "both": "mean share unfilled {mean}: {nobody} no person, {skills} lack of skills; median {median}",
        "quantitative": "mean share unfilled for want of persons {mean}; whether they have the skills is "
        "unknown, so it is at least that; median at least {median}",
        "partly": "mean share unfilled at least {mean}: {nobody} no person, {skills} known lack of skills; "
        "whether they have the other skills is unknown; median at least {median}",
        "some": " In {without} of the futures there are no openings: the shares are over the others.",
    },
    "nl": {
        "none": "{span}: geen openingen in {without} van de toekomsten, dus geen aandeel dat open blijft.",
        "reason": "{span}: geen score, {reason}.",
        "cell": "{span}: gemiddeld {openings} baanopeningen ({replaced} om vertrekkers te vervangen, {new} "
        "nieuwe banen als het beroep groeit) voor {entering} personen uit onderwijs en {seeking} "
        "werkzoekenden{further}; {share}.{some}",
        "further": ", en {further} uit andere bronnen",
        "both": "gemiddeld aandeel oningevuld {mean}: {nobody} niemand, {skills} vaardigheden ontbreken; "
        "mediaan {median}",
        "quantitative": "gemiddeld aandeel oningevuld omdat er niemand is {mean}; of zij de vaardigheden "
        "hebben is onbekend, dus minstens zoveel; mediaan minstens {median}",
        "partly": "gemiddeld aandeel oningevuld minstens {mean}: {nobody} niemand, {skills} bekend gebrek "
        "aan vaardigheden; of zij de andere vaardigheden hebben is onbekend; mediaan minstens {median}",
        "some": " In {without} van de toekomsten zijn er geen openingen: de aandelen gaan over de andere.",
    },
}


@dataclass(frozen=True)
class Persons:
    """Means over the draws that the sentence names and the row does not, persons.

    Parameters
    ----------
    replaced : float
        Leavers to replace.
    entering, seeking : float
        Supply of entrants and of job seekers.
    """

    replaced: float
    entering: float
    seeking: float


def why(row: Row, persons: Persons, untold: float, language: str) -> str:
    """Return why a cell has its score.

    Parameters
    ----------
    row : mapping
        Of the table ``gaps``.
    persons : Persons
        What else it tells; unused where there is no score.
    untold : float
        Parameter ``untold_draws``: where more of the draws have no openings, the sentence says so.
    language : str
        nl or en.

    Notes
    -----
    The parts add up to the mean share, not to its median: the sentence gives the mean first and the parts
    with it. Openings and supply are means over all draws, shares over the draws with openings.
    """
    says = _SAYS[language]
    with_openings = row["share_of_draws_with_openings"]
    told = {
        "span": f"{row['from_year']}-{row['to_year']}",
        "without": _percent(1 - with_openings, language),
        "reason": reason_in(str(row["reason"]), language),
    }
    if row["reason"]:
        return says["none" if row["reason"] == "not_applicable" else "reason"].format(**told)
    further = row["supply"] - persons.entering - persons.seeking
    more = says["further"].format(further=number(further, language)) if further >= 0.5 else ""
    return says["cell"].format(
        **told,
        openings=number(row["openings"], language),
        replaced=number(persons.replaced, language),
        new=number(row["openings"] - persons.replaced, language),
        entering=number(persons.entering, language),
        seeking=number(persons.seeking, language),
        further=more,
        share=_shares(row, language),
        some=says["some"].format(**told) if with_openings < 1 - untold else "",
    )


def _shares(row: Row, language: str) -> str:
    mean, nobody = row["score"], row["quantitative"]
    shares = {"mean": mean, "nobody": nobody, "skills": mean - nobody, "median": row["score_p50"]}
    told = {name: _percent(share, language) for name, share in shares.items()}
    return _SAYS[language][str(row["covers"])].format(**told)


def _percent(share: float, language: str) -> str:
    """Return a whole percentage; a share that is not 0 or 1 never reads as if it were."""
    text = number(100 * share, language)
    if (text == "0" and share > 0.0005) or (text == "100" and share < 0.9995):
        text = number(100 * share, language, 1)
    return f"{text} %"
