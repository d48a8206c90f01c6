"""Choosing regions, and what is said of a code that is none."""

import pytest

from forecasting.errors import InputError
from forecasting.sources.nuts import choose, regions_table

KNOWN = {"BE", "BE1", "BE10", "BE2", "BE21", "BE22", "NL", "NL4", "NL41"}
NAMES = {"BE2": "Vlaams Gewest", "BE21": "Provincie Antwerpen"}


def test_regions_asked_are_markets():
    assert choose(["BE2", "NL41", "BE2"], KNOWN, NAMES, provinces=False) == {
        "BE2": "market",
        "NL41": "market",
    }


def test_provinces_are_markets_under_their_aggregate():
    roles = choose(["BE2"], KNOWN, NAMES, provinces=True)

    assert roles == {"BE2": "aggregate", "BE21": "market", "BE22": "market"}


@pytest.mark.parametrize(
    ("asked", "provinces", "message"),
    [
        (["BE26"], False, r"found 'BE26'; expected a NUTS code .* Do: take one of .*BE2 \(Vlaams Gewest\)"),
        (["be21"], False, r"found 'be21'.* take one of BE21 \(Provincie Antwerpen\)"),
        (["vlaams gewest"], False, r"take one of BE2 \(Vlaams Gewest\)"),
        (["?"], False, "found '\\?'.* Do: correct the code"),
        ([], False, "found no region; expected a NUTS code"),
        (["BE2", "BE21"], False, "found BE21 inside BE2; expected regions that do not overlap"),
        (["BE21"], True, "found BE21 without regions below it"),
    ],
)
def test_what_cannot_be_scored_is_refused(asked, provinces, message):
    with pytest.raises(InputError, match=message):
        choose(asked, KNOWN, NAMES, provinces=provinces)


def test_every_unknown_code_is_reported():
    with pytest.raises(InputError, match="'XX1'") as caught:
        choose(["XX1", "BE2", "XX2"], KNOWN, NAMES, provinces=False)

    assert [problem.given for problem in caught.value.problems] == ["'XX1'", "'XX2'"]


def test_parents_are_the_nearest_region_in_the_table():
    table = regions_table(
        {"BE2": "aggregate", "BE21": "market", "NL41": "reference"},
        {"BE2": {"nl": "Vlaams Gewest", "en": "Flanders"}},
    ).set_index("code")

    assert table["parent"].to_dict() == {"BE2": "", "BE21": "BE2", "NL41": ""}
    assert table["level"].to_dict() == {"BE2": 0, "BE21": 1, "NL41": 0}
    assert table.loc["BE2", ["label_nl", "label_en"]].tolist() == ["Vlaams Gewest", "Flanders"]
    assert table.loc["NL41", "label_nl"] == "NL41"
