"""What the law says in Dutch and English: the same figures, each as its language writes it."""

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.funding.law_sentences import SENTENCES, told, within

FIGURES = {"euros": 123_456_789, "percent": 1250, "hours": 37.5, "size": "medium", "what": "applied"}
FIGURE = re.compile(r"\d(?:[\d.,]*\d)?")


def fields(text: str) -> list[tuple[str, str]]:
    return sorted((name, form or "") for _, name, form, _ in Formatter().parse(text) if name)


def figures(text: str) -> list[str]:
    """Return the figures of a sentence, sorted; which sign parts thousands is the language's."""
    return sorted(re.sub(r"[.,]", "", each) for each in FIGURE.findall(text))


@pytest.mark.parametrize("name", SENTENCES)
def test_both_languages_tell_the_same_figures(name: str) -> None:
    english, dutch = SENTENCES[name]
    assert english != dutch
    assert fields(english) == fields(dutch)
    values = {field: FIGURES.get(form, 7) for field, form in fields(english)}
    said = told(name, **values)
    assert figures(said.en) == figures(said.nl)
    assert "{" not in said.en + said.nl
    assert "€" not in said.nl
    assert not set(re.findall(r"[a-z]+", said.nl)) & {"the", "of costs", "undertaking", "small", "applied"}


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_money_and_shares_are_those_of_the_rule(cents: int, share: int) -> None:
    said = told("fee", share=share, cost=cents)
    assert f"€{cents // 100:,}.{cents % 100:02d}" in said.en
    whole = f"{cents // 100:,}".replace(",", ".")
    assert said.nl.endswith(f"{whole},{cents % 100:02d} euro")
    assert said.nl.split(" %")[0].replace(",", ".") == said.en.split(" %")[0]


def test_a_sentence_within_another_keeps_its_language() -> None:
    said = within("nothing_left", told("large"))
    assert said.en == "nothing left: a large undertaking gets no share"
    assert said.nl == "er blijft niets over: een grote onderneming krijgt geen aandeel"
