"""Earlier publications of employment: wrong ones are refused with the line they stand on."""

import shutil
from pathlib import Path

import pytest

from forecasting.region import problems_of
from tests.conftest import TINY

HEAD = "vintage,year,region,sector,persons\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2019-06-30,2020,TY,Q,9900", "published before their year"),
        ("2021-06-30,2020,TY,TOTAL,9900", "expected a sector that is forecast: Q, X"),
        ("2021-06-30,2020,TY,Z9,9900", "'Z9'"),
        ("2021-06-30,2020,XX,Q,9900", "'XX'"),
        ("soon,2020,TY,Q,9900", "date"),
        ("2021-06-30,2020,TY,Q,-1", "-1"),
    ],
)
def test_a_wrong_publication_is_refused(tmp_path: Path, row: str, message: str) -> None:
    shutil.copytree(TINY, tmp_path / "region")
    (tmp_path / "region" / "employment_vintages.csv").write_text(
        f"{HEAD}2021-06-30,2020,TY,Q,9900\n".replace("9900", "9850", 1) + row.replace("TY,Q", "TY,X") + "\n"
    )
    found = [str(problem) for problem in problems_of(tmp_path / "region")]
    assert any(message in each and "employment_vintages.csv" in each and "3" in each for each in found), found


def test_right_publications_are_accepted(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "region")
    (tmp_path / "region" / "employment_vintages.csv").write_text(f"{HEAD}2021-06-30,2020,TY,Q,9900\n")
    assert problems_of(tmp_path / "region") == []
