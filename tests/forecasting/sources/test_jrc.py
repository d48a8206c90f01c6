"""The staffing matrix and the shares by field, on a few made-up cells."""

import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.sources import jrc, jrc_fields

TASKS = pd.DataFrame(
    [
        ("85. Education", "23. Teaching professionals", 30.0),
        ("85. Education", "91. Cleaners and helpers", 10.0),
        ("45. Motor trade", "52. Sales workers", 4.0),
        ("47. Retail trade", "52. Sales workers", 50.0),
        ("47. Retail trade", "91. Cleaners and helpers", 0.0),
        ("97. Households", "91. Cleaners and helpers", 2.0),
    ],
    columns=["nace", "isco", "pop"],
)
CODES = {"Teaching professionals": "23", "Cleaners and helpers": "91"}


def test_divisions_are_summed_to_staffed_sectors():
    table = jrc.staffing(TASKS).set_index(["sector", "occupation"])

    assert table["share"].to_dict() == {
        ("G", "52"): 1.0,
        ("P", "23"): 0.75,
        ("P", "91"): 0.25,
        ("R-U", "91"): 1.0,
    }
    assert table["flag"].to_dict() == {("G", "52"): "", ("P", "23"): "", ("P", "91"): "", ("R-U", "91"): "u"}


def test_a_division_that_nace_does_not_know_is_refused():
    odd = TASKS.assign(nace=TASKS["nace"].str.replace("45.", "44.", regex=False))

    with pytest.raises(InputError, match=r"found division 44; expected a NACE Rev\. 2 division"):
        jrc.staffing(odd)


def test_labels_lead_to_codes():
    assert jrc.occupation_labels(TASKS) == CODES | {"Sales workers": "52"}


def shares_of(*rows):
    return pd.DataFrame(rows, columns=["field_b", "n", "job", "value"])


SHARES = shares_of(
    ("Education", 100, "Teaching professionals", 60.0),
    ("Education", 100, "Cleaners and helpers", 20.0),
    ("Education", 100, "NA/Unidentifiable", 15.0),
    ("Education", 100, "Commissioned armed forces officers", 5.0),
    ("Services (Personal, security)", 7, "Cleaners and helpers", 100.0),
    ("Don't know", 9, "Cleaners and helpers", 100.0),
    ("NA", 9, "Some job", None),
)


EDUCATION = pd.DataFrame({"ED35": [0.1, 0.6], "ED5-8": [0.9, 0.1]}, index=["23", "91"])
"""The last 30 % of group 91 have no level that graduates have."""


def test_shares_are_scaled_to_the_jobs_that_have_a_code_and_to_each_level():
    """Education: 60 teachers and 20 cleaners, so 6 + 12 with ED35 and 54 + 2 with ED5-8."""
    table = jrc_fields.entry(SHARES, CODES, EDUCATION).set_index(["field", "level", "occupation"])

    assert table["share"].to_dict() == pytest.approx(
        {
            ("F01", "ED35", "23"): 6 / 18,
            ("F01", "ED35", "91"): 12 / 18,
            ("F01", "ED5-8", "23"): 54 / 56,
            ("F01", "ED5-8", "91"): 2 / 56,
            ("F10", "ED35", "91"): 1.0,
            ("F10", "ED5-8", "91"): 1.0,
        }
    )
    assert set(table["flag"]) == {"e"}
    sample = table["sample"].xs("91", level="occupation").to_dict()
    assert sample[("F01", "ED35")] == pytest.approx(100 * 18 / 80), "respondents of a field, by level"
    assert sample[("F10", "ED5-8")] == 1, "no sample is less than one"


def test_an_education_that_is_alike_everywhere_leaves_the_shares_of_the_field():
    alike = pd.DataFrame({"ED35": 0.2, "ED5-8": 0.5}, index=["23", "91"])
    table = jrc_fields.entry(SHARES, CODES, alike).set_index(["field", "level", "occupation"])["share"]

    assert table["F01"].tolist() == pytest.approx([0.75, 0.25, 0.75, 0.25])
    assert jrc_fields.entry(SHARES, CODES, alike.loc[["23"]])["share"].tolist() == pytest.approx(
        table.tolist()
    ), "an occupation of unknown education is as the others"


def test_a_level_that_no_occupation_takes_has_no_shares():
    table = jrc_fields.entry(SHARES, CODES, EDUCATION.assign(ED45=0.0))

    assert set(table["level"]) == {"ED35", "ED5-8"}


@pytest.mark.parametrize(
    ("column", "label", "message"),
    [
        ("job", "Wizards", "column job, line 2: found 'Wizards'; expected a label of the staffing matrix"),
        ("field_b", "Magic", "column field_b, line 2: found 'Magic'; expected a label of ISCED-F 2013"),
    ],
)
def test_an_unknown_label_is_refused(column, label, message):
    odd = SHARES.copy()
    odd.loc[0, column] = label

    with pytest.raises(InputError, match=message):
        jrc_fields.entry(odd, CODES, EDUCATION)


def test_shares_that_are_no_number_are_named(tmp_path):
    path = tmp_path / jrc_fields.FILE
    path.parent.mkdir()
    path.write_text(
        '"","field_b","n","job","value"\n"1","Education",5,"Teachers",x\n"2",NA,5,"Teachers",NA\n'
    )

    with pytest.raises(InputError, match="column value, line 2: found 'x'; expected per cent"):
        jrc_fields.read(tmp_path)
