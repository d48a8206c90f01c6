"""British Columbia's workbooks: layout, unknown and zero, groups, and the outlook beside."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.region import problems_of, write_checked_region
from forecasting.sources import bc
from forecasting.vocabulary import TOTAL

YEARS = list(range(2015, 2025))


def status(name: str, rows: dict[str, list[object]]) -> pd.DataFrame:
    total = ["Total", "-", *[0] * len(YEARS)]
    lines = [[code, f"Title of {code}", *figures] for code, figures in rows.items()]
    head = [[f"{name} 2015-2024"], ["Source: LFS"], [np.nan], ["Noc 5", "Class Title", *map(float, YEARS)]]
    return pd.DataFrame([*head, *lines, total], dtype=object)


def outlook(variable: str, years: list[int], rows: list[tuple[str, str, list[float]]]) -> pd.DataFrame:
    head = [
        [np.nan, "4CastExporter"],
        [np.nan, "NOC", "Description", "Industry", "Variable", "Geographic Area"],
    ]
    head[1] += list(years)
    lines = [[np.nan, code, "x", "All industries", variable, area, *figures] for code, area, figures in rows]
    return pd.DataFrame([*head, *lines], dtype=object)


@pytest.fixture
def raw() -> bc.Raw:
    employed = {"00010": [21.0] * 10, "10010": [0.0] * 9 + [1000.0], "42102": [np.nan] * 10}
    unemployed = {"00010": [0.0] * 10, "10010": [np.nan] * 5 + [42.0] * 5, "42102": [np.nan] * 10}
    return bc.Raw(
        status("Employed", employed),
        status("Unemployed", unemployed),
        outlook("Employment", [2025, 2026], [("#T", "British Columbia", [10.0, 11.0])]),
        outlook("Retirements", [2026], [("#T", "British Columbia", [1.0]), ("#10010", "Cariboo", [0.5])]),
    )


def test_unknown_has_no_row_and_zero_stays(raw: bc.Raw) -> None:
    employed = bc.tidy(raw).tables["occupation_employment"]
    assert set(employed["occupation"]) == {"00010", "10010"}
    assert (employed["persons"] == 0).sum() == 9
    assert employed["persons"].sum() == 210 + 1000


def test_the_line_of_totals_is_left_out(raw: bc.Raw) -> None:
    region = bc.tidy(raw)
    assert TOTAL not in set(region.tables["occupation_employment"]["occupation"])
    assert len(region.tables["jobseekers"]) == 10 + 5


def test_groups_follow_the_digits(raw: bc.Raw) -> None:
    table = bc.tidy(raw).tables["occupations"].set_index("code")
    code, path = "10010", []
    while code:
        path.append(code)
        code = table.loc[code, "parent"]
    assert path == ["10010", "1001", "100", "10", "1", TOTAL]
    assert table.loc["10010", "label_en"] == "Title of 10010"
    assert table.loc["1", "label_en"].startswith("Business")
    assert table.loc["1001", "label_en"] == ""


def test_the_region_passes_every_check(raw: bc.Raw, tmp_path: Path) -> None:
    write_checked_region(bc.tidy(raw), tmp_path / "bc")
    assert problems_of(tmp_path / "bc") == []


def test_the_outlook_stands_beside(raw: bc.Raw) -> None:
    found = bc.outlook(raw).set_index(["occupation", "area", "year"])
    assert found.loc[(TOTAL, "British Columbia", 2026), "employment"] == 11
    assert found.loc[(TOTAL, "British Columbia", 2026), "retirements"] == 1
    assert found.loc[("10010", "Cariboo", 2026), "retirements"] == 0.5
    assert np.isnan(found.loc[(TOTAL, "British Columbia", 2025), "retirements"])


def test_another_layout_and_text_for_a_figure_are_refused_together(raw: bc.Raw) -> None:
    headless = raw.employed.drop(index=3).reset_index(drop=True)
    worded = raw.unemployed.astype(object)
    worded.iloc[4, 3] = "many"
    with pytest.raises(InputError) as caught:
        bc.tidy(bc.Raw(headless, worded, raw.employment, raw.openings))
    message = str(caught.value)
    assert "no Noc 5 in sheet Employed" in message
    assert "'many' in sheet Unemployed" in message


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labour_force_status.*\n?.*employment_occupation"):
        bc.read(tmp_path)


@pytest.mark.shared
def test_the_workbooks_as_published(shared: Path) -> None:
    pytest.importorskip("openpyxl")
    raw = bc.read(shared)
    employed = bc.tidy(raw).tables["occupation_employment"]
    printed = raw.employed.iloc[-1, 2:].to_numpy(dtype=float)
    assert employed.groupby("year")["persons"].sum().tolist() == printed.tolist()
    assert (employed["persons"] == 0).sum() == 87
    ahead = bc.outlook(raw)
    wide = ahead[ahead["area"] == "British Columbia"].set_index(["occupation", "year"])
    parts = wide.drop(TOTAL, level=0).groupby("year")["replacement"].sum()
    np.testing.assert_allclose(parts[2026:], wide.loc[TOTAL, "replacement"][2026:], atol=1)
