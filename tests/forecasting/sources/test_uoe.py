"""Graduates: what is done about fields that are not published."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.sources import uoe

NAMES = ["isced11", "iscedf13", "geo", "year", "value", "flag"]
FULL = {f"F{number:02d}": 10.0 for number in range(1, 11)}


def rows_of(cells, geo="XX", level="ED35", year=2014, flag=""):
    return [(level, field, geo, year, value, flag) for field, value in cells.items()]


def fields_of(*rows, level="ED35", year=2014):
    table = uoe.by_field(pd.DataFrame([row for part in rows for row in part], columns=NAMES), "XX")
    return table[(table["level"] == level) & (table["year"] == year)].set_index("field")["persons"]


def test_graduates_of_unknown_field_are_spread():
    fields = fields_of(rows_of(FULL | {"TOTAL": 125.0, "UNK": 20.0}))

    assert fields.to_dict() == pytest.approx(dict.fromkeys(FULL, 12.5)), "20 named and 5 unnamed"


def test_a_field_that_no_country_publishes_is_absent():
    fields = fields_of(rows_of(FULL | {"F00": np.nan, "F09": np.nan, "TOTAL": 90.0, "UNK": 0.0}))

    assert set(fields.index) == set(FULL) - {"F09"}
    assert fields.sum() == pytest.approx(90.0)


def test_missing_fields_share_the_rest_as_in_the_nearest_year():
    missing = FULL | {"F05": np.nan, "F07": np.nan, "TOTAL": 180.0, "UNK": 0.0}
    later = FULL | {"F05": 30.0, "F07": 70.0, "TOTAL": 180.0}

    fields = fields_of(rows_of(missing), rows_of(later, year=2015))

    assert fields[["F05", "F07", "F01"]].tolist() == pytest.approx([30.0, 70.0, 10.0])


def test_missing_fields_share_the_rest_as_elsewhere_if_never_published():
    missing = FULL | {"F05": np.nan, "F07": np.nan, "TOTAL": 180.0}
    elsewhere = FULL | {"F05": 2.0, "F07": 8.0}

    fields = fields_of(rows_of(missing), rows_of(elsewhere, geo="YY"))

    assert fields[["F05", "F07", "F01"]].tolist() == pytest.approx([20.0, 80.0, 10.0])


def test_a_tertiary_field_is_the_sum_of_its_levels():
    tertiary = rows_of(FULL | {"F05": np.nan, "F06": np.nan, "TOTAL": 180.0}, level="ED5-8")
    parts = [
        rows_of({"F05": 10.0, "F06": 5.0}, level="ED6"),
        rows_of({"F05": 20.0, "F06": np.nan}, level="ED7"),
        rows_of({"F05": 4.0}, level="ED8"),
    ]

    fields = fields_of(tertiary, *parts, rows_of(FULL, geo="YY", level="ED5-8"), level="ED5-8")

    assert fields["F05"] == pytest.approx(34.0)
    assert fields["F06"] == pytest.approx(180 - 34 - 80), "the only one left takes the rest"


def test_unknown_fields_are_not_spread_when_they_are_the_majority():
    fields = fields_of(rows_of({"F02": 30.0, "TOTAL": 90.0, "UNK": 60.0}))

    assert fields.to_dict() == {"F02": 30.0}


@pytest.mark.parametrize("bad", [{"TOTAL": 50.0}, {"F01": -3.0}])
def test_fields_that_exceed_their_total_are_refused(bad):
    with pytest.raises(InputError, match=r"graduates of XX, ED35 in 2014 that exceed their total"):
        fields_of(rows_of(FULL | {"TOTAL": 100.0} | bad))


def test_a_region_gets_its_share_of_the_young():
    published = pd.DataFrame(
        rows_of(FULL | {"TOTAL": 100.0}, flag="d") + rows_of(FULL, year=2013), columns=NAMES
    )
    ages = pd.DataFrame(
        [("Y25-34", "XX", 2014, 200.0), ("Y25-34", "XX1", 2014, 50.0), ("Y25-34", "XX", 2013, 200.0)],
        columns=["age", "geo", "year", "value"],
    )

    table = uoe.graduates(published, ages, ["XX1"])

    assert set(table["year"]) == {2014}, "no share in 2013"
    assert table["persons"].tolist() == [2.5] * 10
    assert set(table["flag"]) == {"de"}


def test_a_country_without_graduates_has_no_row():
    ages = pd.DataFrame([("Y25-34", "ZZ", 2014, 200.0)], columns=["age", "geo", "year", "value"])

    assert uoe.graduates(pd.DataFrame(rows_of(FULL), columns=NAMES), ages, ["ZZ"]).empty
