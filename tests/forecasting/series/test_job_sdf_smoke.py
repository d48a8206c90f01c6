"""On real data to 2022-12, the months it was chosen on, the default still beats what it was chosen over."""

from pathlib import Path

import numpy as np
import pytest

from forecasting.series.combination import default_forecaster
from forecasting.series.evaluation import outcomes, rolling_forecasts
from tests.benchmarks import cbs, job_sdf
from tests.benchmarks.data import cbs_series, job_sdf_panel, month_name
from tests.benchmarks.job_sdf_tables import pooled

LAST = "2022-12"
"""Later months of Job-SDF are held out: they are no test's to read."""

pytestmark = pytest.mark.shared


@pytest.mark.parametrize(("granularity", "mae", "rmse"), [("r0", 0.921, 0.912), ("region", 0.935, 0.922)])
def test_the_default_beats_the_mean_of_three(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, granularity: str, mae: float, rmse: float
) -> None:
    monkeypatch.setattr(job_sdf, "METHODS", ("default", "mean-3"))
    table = job_sdf.scores(shared_data, LAST, granularity)
    assert month_name(int(table["target"].max())) == LAST
    found = pooled(table, ["method"])
    relative = found.loc["default"] / found.loc["mean-3"]
    assert relative[["mae", "rmse"]].tolist() == pytest.approx([mae, rmse], abs=0.005)
    true_volume = found.loc["default, true volume"]
    assert true_volume["mae"] < found.loc["default", "mae"]
    assert true_volume["volume"] == pytest.approx(0, abs=1e-6)


def test_the_sums_are_the_errors_of_every_cell(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_sdf, "METHODS", ("default", "mean-3"))
    panel = job_sdf_panel(shared_data, "r0", LAST)
    origins = job_sdf.origins_of(panel)
    assert (len(origins), month_name(origins[0])) == (18, "2021-06")
    forecast = rolling_forecasts(panel, default_forecaster(), origins, job_sdf.HORIZONS)
    error = np.abs(forecast - outcomes(panel, origins, job_sdf.HORIZONS))
    found = pooled(job_sdf.scores(shared_data, LAST, "r0"), ["method"])
    assert found.loc["default", "mae"] == pytest.approx(np.nanmean(error))


def test_the_default_beats_naive_on_dutch_vacancies(shared_data: Path) -> None:
    panel = cbs_series(shared_data).panel
    mase = {
        name: np.nanmean(cbs.scaled_errors(panel, name)) for name in ("default", "last", "seasonal-naive")
    }
    assert mase["default"] < mase["last"] < mase["seasonal-naive"]
    assert mase["default"] == pytest.approx(0.94, abs=0.01)


def test_months_after_the_last_are_not_read(shared_data: Path) -> None:
    panel = job_sdf_panel(shared_data, "r0", "2021-09")
    assert [month_name(period) for period in panel.periods] == [f"2021-{month:02d}" for month in range(1, 10)]
