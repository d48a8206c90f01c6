"""US staffing: shares of published cells by industry, heads with sampling error; broken files are named."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.sources import oews


def raw(**changes: list[object]) -> pd.DataFrame:
    """Return an industry with two detailed occupations and a suppressed one, and sums of them."""
    columns = {
        "industry": ["622000", "622000", "622000", "622000", "62", "622000"],
        "industry_name": ["Hospitals"] * 6,
        "industry_level": [3, 3, 3, 3, 2, 3],
        "occupation": ["291141", "319092", "111011", "000000", "291141", "291000"],
        "occupation_name": ["Nurses", "Assistants", "Executives", "All", "Nurses", "Health"],
        "occupation_level": [3, 3, 3, 0, 3, 1],
        "employment": [300.0, 100.0, np.nan, 450.0, 900.0, 400.0],
        "rse_pct": [1.5, 4.0, np.nan, 0.2, 1.0, 1.0],
        "mean_annual_wage_usd": [1.0] * 6,
    }
    return pd.DataFrame(columns | changes)


def test_shares_are_of_the_published_detailed_cells() -> None:
    told = oews.tidy(raw())
    staffing = told["staffing"].set_index(["sector", "occupation"])
    assert staffing["share"].to_dict() == {("622000", "291141"): 0.75, ("622000", "319092"): 0.25}
    assert set(staffing["flag"]) == {"e"}
    history = told["staffing_history"].set_index("occupation")
    assert history["relative_standard_error"].to_dict() == {"291141": 0.015, "319092": 0.04}
    assert set(history["year"]) == {2025}
    assert told["sectors"]["code"].tolist() == ["622000", "TOTAL"]
    assert set(told["occupations"]["parent"]) == {"TOTAL", ""}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="oews_national_staffing_2025"):
        oews.read(tmp_path)
    file = tmp_path / oews.FILE
    file.parent.mkdir()
    raw().drop(columns=["employment", "rse_pct"]).to_parquet(file)
    with pytest.raises(InputError, match="no column employment, rse_pct"):
        oews.read(tmp_path)
    file.write_bytes(b"no parquet")
    with pytest.raises(InputError, match="a Parquet file"):
        oews.read(tmp_path)


@pytest.mark.shared
def test_the_file_as_published(shared_data: Path) -> None:
    published = oews.read(shared_data)
    told = oews.tidy(published)
    sums = told["staffing"].groupby("sector")["share"].sum()
    assert len(sums) == 85
    np.testing.assert_allclose(sums, 1)
    all_jobs = published[published["occupation"] == "000000"].groupby("industry_level")["employment"].sum()
    assert all_jobs[3] == pytest.approx(all_jobs[0], rel=1e-5), "three digits add up to all jobs"
    assert all_jobs[2] > 1.1 * all_jobs[0], "two digits do not"
    detailed = published.query("industry_level == 3 and occupation_level == 3")["employment"].sum()
    assert 0.9 < detailed / all_jobs[0] <= 1
