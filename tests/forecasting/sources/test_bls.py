"""US education by occupation, brought to ISCO-08 groups: by hand, and the real sheet."""

import pandas as pd
import pytest
import xlrd

from forecasting.errors import InputError
from forecasting.sources import bls, esco
from forecasting.sources.cards import read_card

CARD = {"merged": {}, "levels": {"school": ["Diploma"], "college": ["Bachelor", "Master"]}}
JOBS = pd.DataFrame({"soc": ["11-1011", "11-1021", "53-3031"], "jobs": [10.0, 30.0, 8.0]})
EDUCATION = pd.DataFrame(
    [
        ("11-1011", 0.0, 20.0, 50.0, 30.0),
        ("11-1021", 0.0, 60.0, 40.0, 0.0),
        ("53-3031", 50.0, 50.0, 0.0, 0.0),
    ],
    columns=["soc", "None", "Diploma", "Bachelor", "Master"],
)
CROSSWALK = pd.DataFrame(
    {"soc": ["11-1011", "11-1021", "11-1021", "53-3031"], "isco": ["1120", "1120", "5221", "8322"]}
)
UNITS = ["1120", "5221", "8322"]


def test_levels_are_the_mean_of_the_line_items_by_jobs():
    """Group 11: all 10 of one, half of 30 of the other; school 2 + 9 of 25."""
    shares = bls.education_shares(JOBS, EDUCATION, CROSSWALK, UNITS, CARD)

    assert shares.loc["11"].to_dict() == pytest.approx({"school": 11 / 25, "college": 14 / 25})
    assert shares.loc["52"].to_dict() == pytest.approx({"school": 0.6, "college": 0.4})
    assert shares.loc["83"].to_dict() == pytest.approx({"school": 0.5, "college": 0.0}), "half have none"


def test_a_line_item_whose_education_is_not_published_does_not_count():
    unknown = EDUCATION.copy()
    unknown.loc[0, "None":] = float("nan")
    shares = bls.education_shares(JOBS, unknown, CROSSWALK, UNITS, CARD)

    assert shares.loc["11"].to_dict() == pytest.approx({"school": 0.6, "college": 0.4})


def test_a_level_the_sheet_does_not_have_is_refused():
    odd = CARD | {"levels": {"school": ["Abitur"]}}

    with pytest.raises(
        InputError, match=r"bls\.yaml: found the level 'Abitur'; expected its labels: None, Dipl"
    ):
        bls.education_shares(JOBS, EDUCATION, CROSSWALK, UNITS, odd)


def test_per_cent_that_is_no_number_is_named(tmp_path, monkeypatch):
    sheet = pd.DataFrame(
        [["title"], ["", "", "Diploma"], ["all", "00-0000", 9.0], ["Chiefs", "11-1011", "many"]], dtype=object
    )
    monkeypatch.setattr(bls, "read_sheets", lambda *_: [sheet])

    with pytest.raises(
        InputError, match=r"line 4: found \['many'\]; expected per cent by education in Table 1"
    ):
        bls.read_education(tmp_path)


@pytest.mark.shared
def test_every_cell_of_the_real_sheet_is_read(raw, shared):
    book = xlrd.open_workbook(str(shared / bls.FILE), on_demand=True)
    sheet = book.sheet_by_name("Table 1.11")
    lines = [sheet.row_values(row) for row in range(sheet.nrows)]
    published = {str(line[1]).strip(): line[2:9] for line in lines if str(line[1])[2:3] == "-"}
    published.pop("00-0000")

    read = raw.education.set_index("soc")
    assert list(read.columns) == [str(label).strip() for label in lines[1][2:9]]
    assert set(read.index) == set(published) >= set(raw.jobs["soc"])
    assert read.index[read.isna().any(axis=1)].tolist() == ["33-9093"], "security screeners: a dash"
    for soc, cells in published.items():
        assert soc == "33-9093" or read.loc[soc].tolist() == cells


@pytest.mark.shared
def test_us_workers_have_the_levels_a_person_expects(raw):
    shares = bls.education_shares(
        raw.jobs, raw.education, raw.crosswalk, esco.unit_groups(raw.esco), read_card("bls")
    )

    assert shares.gt(0).all(axis=None)
    assert shares.sum(axis=1).lt(1).all(), "some have no diploma"
    assert shares.loc["22", "ED5-8"] > 0.9, "health professionals"
    assert shares.loc["91"].sum() < 0.7, "a third of cleaners have none"
    assert shares["ED5-8"].sort_values().index[-5:].isin(["21", "22", "23", "25", "26"]).all()
