"""Vacancies and the split into sections, on figures that can be checked by eye."""

import numpy as np
import pandas as pd
import pytest

from forecasting.sources import jvs

WORKERS = pd.Series({"G": 2.0, "H": 1.0, "I": 1.0, "M": 3.0, "N": 1.0, "O": 1.0, "P": 1.0, "Q": 2.0})


def posts_of(*rows):
    names = ["geo", "nace_r2", "indic_em", "year", "value", "flag"]
    return pd.DataFrame(rows, columns=names)


def occupied(geo, year, flag="", **values):
    return [(geo, section, "JOBOCC", year, value, flag) for section, value in values.items()]


def shares_of(posts, region="XX1"):
    table = jvs.section_shares(posts, WORKERS, [region])
    return table.set_index("sector")["share"]


def test_shares_are_the_mean_over_complete_years_without_a_break():
    posts = posts_of(
        *occupied("XX1", 2012, "b", O=90.0, P=5.0, Q=5.0),
        *occupied("XX1", 2013, O=np.nan, P=50.0, Q=50.0),
        *occupied("XX1", 2014, O=20.0, P=30.0, Q=50.0),
        *occupied("XX1", 2015, "p", O=40.0, P=40.0, Q=120.0),
    )

    shares = shares_of(posts)

    assert shares[["O", "P", "Q"]].tolist() == pytest.approx([0.2, 0.25, 0.55])


def test_shares_come_from_the_region_then_above_then_the_eu15():
    posts = posts_of(
        *occupied("XX", 2015, G=1.0, H=1.0, I=2.0, M=1.0, N=1.0),
        *occupied("XX1", 2015, M=9.0, N=1.0),
        *occupied("XX11", 2015, G=3.0, H=1.0),
    )

    shares = shares_of(posts, "XX11")

    assert shares[["G", "H", "I"]].tolist() == [0.25, 0.25, 0.5], "the country: the region lacks I"
    assert shares[["M", "N"]].tolist() == [0.9, 0.1], "NUTS 1 before the country"
    assert shares[["O", "P", "Q"]].tolist() == [0.25, 0.25, 0.5], "the EU15"


SECTORS = pd.DataFrame(
    [
        ("G-I", "Y_GE15", "XX1", 2015, 100.0),
        ("G-I", "Y_GE15", "XX11", 2015, 25.0),
        ("G-I", "Y_GE15", "XX11", 2014, 25.0),
        ("R-U", "Y_GE15", "XX1", 2015, 10.0),
        ("R-U", "Y_GE15", "XX11", 2015, 1.0),
        ("A", "Y_GE15", "XX1", 2015, 10.0),
    ],
    columns=["nace_r2", "age", "geo", "year", "value"],
)
POSTS = posts_of(
    ("XX1", "G", "JOBVAC", 2015, 40.0, "p"),
    ("XX1", "G", "JOBOCC", 2015, 800.0, "bp"),
    ("XX1", "G", "JOBVAC", 2014, 44.0, ""),
    ("XX1", "G-I", "JOBVAC", 2015, np.nan, "c"),
    ("XX1", "R_S", "JOBVAC", 2015, 50.0, ""),
    ("XX1", "A", "JOBVAC", 2015, 5.0, ""),
)


def cells_of(region):
    table = jvs.sector_vacancies(POSTS, SECTORS, [region])
    return table.set_index(["period", "sector"])


def test_published_vacancies_stay_as_they_are():
    cells = cells_of("XX1")

    assert cells.loc[("2015", "G"), ["open", "occupied", "flag"]].tolist() == [40.0, 800.0, "bp"]
    assert cells.loc[("2015", "R-U"), ["open", "flag"]].tolist() == [50.0, "d"]
    assert np.isnan(cells.loc[("2014", "G"), "occupied"])
    assert ("2015", "G-I") not in cells.index


def test_a_region_gets_its_share_of_employment_or_nothing():
    cells = cells_of("XX11")

    assert cells.loc[("2015", "G"), ["open", "occupied", "flag"]].tolist() == [10.0, 200.0, "bpe"]
    assert cells.loc[("2015", "R-U"), ["open", "flag"]].tolist() == [5.0, "de"]
    assert ("2014", "G") not in cells.index, "no employment above it in 2014"
    assert ("2015", "A") not in cells.index, "no employment of its own in A"


def test_a_country_without_the_survey_has_no_row():
    assert jvs.sector_vacancies(POSTS, SECTORS, ["ZZ1"]).empty
