"""The simulated region held to the bands of real labour markets, and its README to what comes out."""

import pandas as pd
import pytest

from forecasting.sources.simulation.moments import compare, read_bands
from tests.benchmarks.moments_plots import FOLDER, moment_lines, simulated

OF_ANY_SIZE = ("vacancy_rate", "ad_volume", "skill_log", "employment_change_autocorrelation")
"""Beginnings of the names of moments that hardly depend on how many occupations and regions there are."""

OUTSIDE = {"vacancy_change_persistence_year"}
"""Moments known to be outside their bands, as the README of the source says."""


@pytest.fixture(scope="module")
def usual() -> pd.DataFrame:
    """Return the moments of the seeds that the README shows."""
    return simulated()


def test_a_small_simulated_region_has_every_moment_and_keeps_those_that_need_no_size() -> None:
    table = compare(simulated((1,), "test"), read_bands())
    assert table.index[table["verdict"] == "absent"].tolist() == ["zero_cells_monthly"]
    kept = table.loc[[name for name in table.index if name.startswith(OF_ANY_SIZE)], "verdict"]
    assert kept[kept != "ok"].empty


@pytest.mark.full
def test_the_simulated_region_stays_in_the_bands_of_real_ones(usual: pd.DataFrame) -> None:
    table = compare(usual, read_bands())
    outside = table.index[table["verdict"].isin(["low", "high"])]
    assert set(outside) == OUTSIDE, table.loc[outside].to_string()


@pytest.mark.full
def test_the_readme_shows_what_comes_out(usual: pd.DataFrame) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [line for line in moment_lines(usual) if line not in text.splitlines()] == []
    for name in ("employment", "vacancies", "skills"):
        assert f"({name}.svg)" in text
        assert (FOLDER / f"{name}.svg").stat().st_size < 150_000
