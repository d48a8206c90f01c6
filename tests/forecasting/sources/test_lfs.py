"""Employment by sector and age, on one made-up region of two sectors."""

import numpy as np
import pandas as pd
import pytest

from forecasting.sources import lfs
from forecasting.sources.ages import BANDS, bands_by_sector, region_bands

COUNTRY_BANDS = {"Y15-24": 10.0, "Y25-34": 30.0, "Y35-44": 30.0, "Y45-54": 20.0, "Y55-64": 9.0, "Y_GE65": 1.0}


def long(rows, *names):
    return pd.DataFrame(rows, columns=[*names, "value", "flag"])


def sectors_of(cells):
    rows = [("THS", group, age, "XX1", 2015, value, flag) for (group, age), (value, flag) in cells.items()]
    return long(rows, "unit", "nace_r2", "age", "geo", "year")


def ages_of(bands, geo="XX1", year=2015, total=None, flag=""):
    cells = {**bands, "Y_GE15": sum(bands.values()) if total is None else total}
    rows = [("THS", "T", age, geo, year, value, flag) for age, value in cells.items()]
    return long(rows, "unit", "sex", "age", "geo", "year")


@pytest.fixture
def sectors():
    return sectors_of(
        {
            ("TOTAL", "Y_GE15"): (100.0, "b"),
            ("A", "Y_GE15"): (20.0, "bu"),
            ("A", "Y15-64"): (15.0, ""),
            ("A", "Y25-64"): (14.0, ""),
            ("A", "Y15-24"): (np.nan, "u"),
            ("A", "Y65-74"): (np.nan, "u"),
            ("G-I", "Y_GE15"): (80.0, ""),
            ("G-I", "Y15-24"): (9.0, ""),
            ("F", "Y_GE15"): (np.nan, "c"),
        }
    )


@pytest.fixture
def shares():
    rows = [("XX1", "G-I", code, share) for code, share in (("G", 0.5), ("H", 0.3), ("I", 0.2))]
    return pd.DataFrame(rows, columns=["region", "parent", "sector", "share"])


def test_bands_sum_to_sectors_and_to_the_regions_bands(sectors):
    bands = bands_by_sector(sectors, ages_of(COUNTRY_BANDS), ["XX1"])

    by_sector = bands.groupby("sector")["thousands"].sum()
    assert by_sector.to_dict() == pytest.approx({"A": 20.0, "G-I": 80.0})
    by_band = bands.groupby("age_band")["thousands"].sum()
    assert by_band.to_dict() == pytest.approx({BANDS[age]: value for age, value in COUNTRY_BANDS.items()})
    assert bands.set_index("sector")["flag"].to_dict() == {"A": "bue", "G-I": "ue"}


def test_old_farmers_come_from_subtraction_and_confidential_ones_do_not(sectors):
    def share_of_old(frame):
        bands = bands_by_sector(frame, ages_of(COUNTRY_BANDS | {"Y_GE65": 6.0, "Y55-64": 4.0}), ["XX1"])
        old = bands[bands["age_band"] == "65+"].set_index("sector")["thousands"]
        return old["A"] / old.sum()

    confidential = sectors.assign(flag=sectors["flag"].mask(sectors["age"] == "Y65-74", "c"))

    assert share_of_old(sectors) > 0.5
    assert share_of_old(confidential) == pytest.approx(0.2, abs=0.05)


def test_an_unpublished_band_takes_what_the_others_leave():
    own = COUNTRY_BANDS | {"Y55-64": np.nan, "Y_GE65": np.nan}
    ages = pd.concat([ages_of(own, total=100.0), ages_of(COUNTRY_BANDS, geo="XX")])

    bands = region_bands(ages, ["XX1"]).loc[("XX1", 2015)]

    assert bands.to_dict() == pytest.approx(COUNTRY_BANDS)


def test_without_a_country_unpublished_bands_share_evenly():
    bands = region_bands(ages_of(COUNTRY_BANDS | {"Y55-64": np.nan, "Y_GE65": np.nan}, total=100.0), ["XX1"])

    assert bands.loc[("XX1", 2015), ["Y55-64", "Y_GE65"]].tolist() == pytest.approx([5.0, 5.0])


def test_sector_employment_holds_published_figures_bands_and_sections(sectors, shares):
    ages = pd.concat([ages_of(COUNTRY_BANDS), ages_of(COUNTRY_BANDS, year=2007, flag="b")])

    table = lfs.sector_employment(sectors, ages, shares, ["XX1"], [])

    cells = table.set_index(["year", "sector", "age_band"])
    assert cells.loc[(2015, "A", "all"), ["persons", "flag"]].tolist() == [20_000.0, "bu"]
    assert cells.loc[(2007, "TOTAL", "all"), ["persons", "flag"]].tolist() == [100_000.0, "b"]
    assert cells.loc[(2015, "TOTAL", "25-34"), ["persons", "flag"]].tolist() == [30_000.0, ""]
    assert cells.loc[(2015, "H", "all"), ["persons", "flag"]].tolist() == [24_000.0, "e"]
    assert cells.loc[(2015, "H", "15-24"), "flag"] == "ue"
    assert (2015, "F", "all") not in cells.index, "an unpublished cell is absent, not zero"
    assert cells.index.is_unique
    sections = table[table["sector"].isin(["G", "H", "I"])].groupby("age_band")["persons"].sum()
    groups = table[table["sector"] == "G-I"].set_index("age_band")["persons"]
    pd.testing.assert_series_equal(sections, groups, check_names=False)


def test_references_have_all_ages_and_groups_only(sectors, shares):
    table = lfs.sector_employment(sectors, ages_of(COUNTRY_BANDS), shares, [], ["XX1"])

    assert set(table["age_band"]) == {"all"}
    assert set(table["sector"]) == {"TOTAL", "A", "G-I"}


def test_jobseekers_are_persons_under_the_root():
    rows = [("THS", "Y_GE15", "T", "XX1", 2015, 5.2, "bu"), ("THS", "Y_GE15", "T", "XX1", 2014, np.nan, "c")]

    table = lfs.jobseekers(long(rows, "unit", "age", "sex", "geo", "year"), ["XX1"])

    assert table[["period", "region", "occupation", "persons", "flag"]].to_numpy().tolist() == [
        ["2015", "XX1", "TOTAL", 5200.0, "bu"]
    ]
