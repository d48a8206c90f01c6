"""Every component is held to outcomes, with the figures that were known at each origin."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.cohorts import CohortFlow, cohort_panel, fit_cohorts
from forecasting.demand import employment_panel
from forecasting.evidence import COMPONENTS, train
from forecasting.layout import lay_out
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.series.panel import Panel
from forecasting.snapshot import Snapshot


def with_table(region: Region, name: str, table: pd.DataFrame) -> Region:
    return dataclasses.replace(region, tables={**region.tables, name: table})


def test_every_component_is_in_the_snapshot(tiny_snapshot: Snapshot) -> None:
    for name in ("backtest", "backtest_groups"):
        assert set(tiny_snapshot.tables[name]["component"]) <= set(COMPONENTS)
    whole = tiny_snapshot.tables["backtest"]
    assert set(COMPONENTS) == set(tiny_snapshot.manifest["methods"])
    assert set(whole["component"]) == set(COMPONENTS) - {"staffing"}, "no past of staffing is given"
    one_each = whole.groupby(["component", "horizon"])["selected"].sum()
    assert one_each.eq(1).all()


def test_given_evidence_is_not_trained_again(tiny: Region, parameters: Parameters) -> None:
    evidence = train(tiny, parameters, 1)
    first = build_snapshot(tiny, parameters, 1, "test", evidence)
    again = build_snapshot(tiny, parameters, 1, "test")
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
    other = {**evidence, "jobseekers": dataclasses.replace(evidence["jobseekers"], method="told")}
    assert build_snapshot(tiny, parameters, 1, "test", other).manifest["methods"]["jobseekers"] == "told"


def ages(retention: float, years: range) -> pd.DataFrame:
    """Return five-year bands whose cohorts keep the same share every five years."""
    rows = []
    for year in years:
        for band, persons in (("15-19", 1000.0), ("20-24", 1000 * retention), ("25+", 1000 * retention**2)):
            rows.append(
                {"year": year, "region": "R", "sector": "TOTAL", "age_band": band, "persons": persons}
            )
    return pd.DataFrame(rows)


def test_cohorts_that_always_flow_alike_are_forecast_without_error() -> None:
    panel = cohort_panel(ages(0.9, range(2000, 2012)), 2011)
    forecast = CohortFlow().forecast(panel.until(2006), (1, 5))
    order = panel.index["age_band"].tolist()
    assert np.isnan(forecast[:, 0]).all(), "one year is not one band"
    assert dict(zip(order, forecast[:, 1], strict=True)) == pytest.approx(
        {"15-19": 1000, "20-24": 900, "25+": 810}
    )


def test_the_flow_that_is_tested_is_the_one_that_ships() -> None:
    table = ages(0.9, range(2000, 2012))
    table.loc[(table["year"] == 2011) & (table["age_band"] == "20-24"), "persons"] = 700.0
    panel = cohort_panel(table, 2011)
    shipped = fit_cohorts(table, 2011, draws=3, seed=1)
    assert shipped is not None
    tested = dict(zip(panel.index["age_band"], CohortFlow().forecast(panel, (5,))[:, 0], strict=True))
    assert tested["20-24"] == pytest.approx(1000 * 0.7)
    assert shipped.central.retention[0, 0] == pytest.approx(0.7, abs=0.15)


def test_a_cohort_method_that_errs_is_seen(tiny: Region, parameters: Parameters) -> None:
    own = tiny.tables["sector_employment"]
    extra = ages(0.9, range(2006, 2026)).assign(region="TY", flag="")
    young = (extra["age_band"] == "20-24") & (extra["year"] % 2 == 0)
    extra["persons"] = np.where(young, extra["persons"] * 1.3, extra["persons"])
    kept = own[~((own["sector"] == "TOTAL") & (own["age_band"] != "all"))]
    region = with_table(tiny, "sector_employment", pd.concat([kept, extra], ignore_index=True))
    found = COMPONENTS["cohorts"].train(region, parameters, 1).table.set_index(["method", "horizon"])
    assert found.loc[("cohorts", 5), "origins"] >= 3
    assert found.loc[("cohorts", 5), "log_mae"] > 0
    assert found.loc[("cohorts", 1), "note"].startswith("not backtested")


def vintages(tiny: Region, revised: float) -> pd.DataFrame:
    """Return for each year a publication of the year after; each first figure is off by a factor."""
    table = tiny.tables["sector_employment"]
    table = table[table["age_band"].eq("all") & table["sector"].ne("TOTAL")]
    rows = []
    for origin in sorted(table["year"].unique()):
        seen = table[table["year"] <= origin][["year", "region", "sector", "persons"]].copy()
        seen["persons"] = np.where(seen["year"] == origin, seen["persons"] * revised, seen["persons"])
        rows.append(seen.assign(vintage=f"{origin + 1}-06-30"))
    return pd.concat(rows, ignore_index=True)


def test_an_origin_sees_what_was_published_then(tiny: Region) -> None:
    panel = employment_panel(lay_out(tiny), 2025, vintages(tiny, 1.5))
    final = employment_panel(lay_out(tiny), 2025)
    origin = panel.periods[3]
    seen = panel.until(origin).values
    np.testing.assert_allclose(seen[:, -1], final.at(origin) * 1.5)
    np.testing.assert_allclose(seen[:, :-1], final.until(origin).values[:, :-1])
    np.testing.assert_allclose(panel.at(origin), final.at(origin), err_msg="outcomes are the latest figures")


def test_revisions_cost_the_forecast_what_they_hide(tiny: Region, parameters: Parameters) -> None:
    def errs(region: Region) -> float:
        table = COMPONENTS["sector_employment"].train(region, parameters, 1).table
        return float(table.set_index(["method", "horizon"]).loc[("naive", 1), "log_mae"])

    revised = with_table(tiny, "employment_vintages", vintages(tiny, 1.2))
    assert errs(revised) > errs(tiny) + 0.1
    assert errs(with_table(tiny, "employment_vintages", vintages(tiny, 1.0))) == pytest.approx(errs(tiny))


def test_a_region_without_publications_keeps_its_figures() -> None:
    index = pd.DataFrame({"region": ["A", "B"], "sector": ["x", "x"]})
    panel = Panel(
        index, (1, 2), np.array([[1.0, 2.0], [3.0, 4.0]]), as_published={1: np.array([[9.0], [3.0]])}
    )
    assert panel.until(1).values.tolist() == [[9.0], [3.0]]
    assert panel.until(2).values.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_what_saw_revised_figures_says_so(tiny: Region, parameters: Parameters) -> None:
    sentence = "No earlier publications"
    without = build_snapshot(tiny, parameters, 1, "test").manifest["not_quotable"]
    region = with_table(tiny, "employment_vintages", vintages(tiny, 1.0))
    given = build_snapshot(region, parameters, 1, "test").manifest["not_quotable"]
    assert any(each.startswith(sentence) for each in without)
    assert not any(each.startswith(sentence) for each in given)
