"""Every source says who publishes what, under which licence, and what is done with it."""

import pytest

from forecasting.errors import InputError
from forecasting.sources import flanders
from forecasting.sources.cards import KEYS, cards, read_card, region_sources
from forecasting.tables import TABLES


@pytest.mark.parametrize("name", flanders.SOURCES)
def test_a_card_is_complete_and_feeds_declared_tables(name):
    card = read_card(name)

    assert card["id"] == name
    assert set(card["tables"]) <= set(TABLES)
    assert isinstance(card["redistribute"], bool)
    assert "Traps:" in card["definition"]


def test_what_may_not_be_republished_says_so():
    assert not read_card("jrc_fields")["redistribute"]
    assert not read_card("flanders")["redistribute"], "its table entry is made from jrc_fields"


def test_cards_are_found_by_module():
    assert set(flanders.SOURCES) <= set(cards())


def test_region_sources_keep_the_keys_in_order():
    sources = region_sources(["esco", "bls"])

    assert [card["id"] for card in sources] == ["esco", "bls"]
    assert all(tuple(card) == KEYS for card in sources), "the merged codes of bls stay out"


def test_an_unknown_card_is_refused():
    with pytest.raises(InputError, match=r"none\.yaml: found no such card; expected one of .*flanders"):
        read_card("none")
