"""Each gate refuses what it is there for, with the figure in its sentence."""

import dataclasses
import datetime as dt
import re

import numpy as np
import pytest

from forecasting.demand import employment_panel
from forecasting.layout import lay_out
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.baselines import Forecaster, Naive
from forecasting.series.panel import Array, Panel
from forecasting.series.rolling import backtest_table, rolling_errors
from forecasting.snapshot import Snapshot
from training.gates import judge

TODAY = dt.date(2026, 11, 22)


def changed(snapshot: Snapshot, table: str, **columns: object) -> Snapshot:
    """Return the snapshot with columns of one table replaced."""
    return dataclasses.replace(
        snapshot, tables={**snapshot.tables, table: snapshot.tables[table].assign(**columns)}
    )


def told(snapshot: Snapshot, **manifest: object) -> Snapshot:
    return dataclasses.replace(snapshot, manifest={**snapshot.manifest, **manifest})


def refused(snapshot: Snapshot, champion: Snapshot | None = None, today: dt.date = TODAY) -> str:
    """Return the sentences of the gates that refuse, one a line."""
    failed = [verdict for verdict in judge(snapshot, champion, today) if not verdict.passed]
    return "\n".join(f"{verdict.gate}: {verdict.sentence}" for verdict in failed)


def test_an_honest_snapshot_passes(tiny_snapshot: Snapshot) -> None:
    assert refused(tiny_snapshot) == ""
    assert refused(tiny_snapshot, tiny_snapshot) == ""


@dataclasses.dataclass(frozen=True)
class Shuffled:
    """A model trained on a shuffled target: it forecasts the value of another series."""

    name: str = "shuffled"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return the last value of the next series."""
        return np.repeat(np.roll(history.values[:, -1:], 1, axis=0), len(horizons), axis=1)


@dataclasses.dataclass(frozen=True)
class Leaky:
    """A model with a feature that is next year's value."""

    future: Array
    name: str = "leaky"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return what will be."""
        now, last = history.values.shape[1] - 1, self.future.shape[1] - 1
        return np.column_stack([self.future[:, min(now + years, last)] for years in horizons])


def shipping(snapshot: Snapshot, region: Region, method: Forecaster, parameters: Parameters) -> Snapshot:
    """Return the snapshot as if another method had been selected, with its true backtest."""
    panel = employment_panel(lay_out(region), 2025)
    errors = rolling_errors(panel, [Naive(), method], range(1, 8))
    names = ["naive", method.name]
    table = backtest_table(panel, errors, names, [1, 5], parameters["size_classes"], 3)
    table = table.assign(component="sector_employment", selected=table["method"] == method.name)
    return dataclasses.replace(snapshot, tables={**snapshot.tables, "backtest": table})


def test_a_worse_model_is_refused(tiny: Region, parameters: Parameters, tiny_snapshot: Snapshot) -> None:
    said = refused(shipping(tiny_snapshot, tiny, Shuffled(), parameters))
    assert re.search(
        r"beats_baseline: sector_employment, 1 years: shuffled errs \d+\.\d+ times as much", said
    )
    assert "at most 1.000" in said


def test_a_leaky_feature_is_refused(tiny: Region, parameters: Parameters, tiny_snapshot: Snapshot) -> None:
    future = employment_panel(lay_out(tiny), 2025).values
    said = refused(shipping(tiny_snapshot, tiny, Leaky(future), parameters))
    assert "too_good: sector_employment, 1 years: leaky errs 0.000 times as much as the naive" in said
    assert "a feature is suspected to know the future" in said


@pytest.mark.parametrize(("share", "passes"), [(0.60, False), (0.80, True), (0.99, False)])
def test_an_interval_that_lies_is_refused(tiny_snapshot: Snapshot, share: float, passes: bool) -> None:
    said = refused(changed(tiny_snapshot, "backtest", coverage_80=share, cells=5000))
    assert (said == "") is passes
    if not passes:
        assert f"the 80 % interval covers {share:.1%} of 5,000 outcomes; between 75% and 92% is asked" in said


def test_few_outcomes_do_not_judge_an_interval(tiny_snapshot: Snapshot) -> None:
    assert refused(changed(tiny_snapshot, "backtest", coverage_80=0.5, cells=20)) == ""


def test_lost_persons_are_refused(tiny_snapshot: Snapshot) -> None:
    residuals = {**tiny_snapshot.manifest["residuals"], "openings_less_components_persons": 50.0}
    assert "adding_up: openings_less_components_persons" in refused(told(tiny_snapshot, residuals=residuals))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"score": 1.2}, "108 of 108 scores have a score outside 0 to 1"),
        ({"score_p10": 0.9, "score_p50": 0.1}, "108 of 108 scores have P10, P50, P90 out of order"),
        ({"qualitative": 0.7}, "scores have parts that miss the score"),
        ({"unfilled": 0.0, "supply": 0.0}, "less unfilled than openings less supply"),
    ],
)
def test_figures_against_their_definition_are_refused(
    tiny_snapshot: Snapshot, columns: dict[str, float], message: str
) -> None:
    assert message in refused(changed(tiny_snapshot, "gaps", **columns))


def test_data_that_have_aged_are_refused_unless_they_say_so(tiny_snapshot: Snapshot) -> None:
    current = told(tiny_snapshot, status={"label": "current", "sentence": ""})
    assert refused(current) == ""
    said = refused(current, today=dt.date(2031, 1, 1))
    assert "freshness: the base year is 6 years old and labelled current; current data are at most 4" in said


def test_silence_is_refused(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    silent = gaps["score"].where(gaps["occupation"] == "22")
    assert "completeness: 33.3% of 9 cells have a score; at least 80%" in refused(
        changed(tiny_snapshot, "gaps", score=silent)
    )
    unknown = np.where(gaps["occupation"] == "22", "", "unavailable")
    assert refused(changed(tiny_snapshot, "gaps", score=silent, reason=unknown)) == "", (
        "no table could score them"
    )


def test_a_figure_of_a_suppressed_cell_is_refused(tiny_snapshot: Snapshot) -> None:
    openings = tiny_snapshot.tables["openings"]
    reason = np.where(openings["occupation"] == "25", "confidential", "")
    assert re.search(
        r"small_cells: \d+ figures of suppressed cells",
        refused(changed(tiny_snapshot, "openings", reason=reason)),
    )


def test_a_jump_is_refused_with_its_worst_cell(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    lower = changed(tiny_snapshot, "gaps", score_p50=(gaps["score_p50"] - 0.2).clip(lower=0))
    sentence = r"jump: the median score moves by 0\.\d+ over 9 cells, most for 25 \(0\.20\); at most "
    unexplained = r"0\.025; neither data nor parameters changed since"
    assert re.search(sentence + unexplained, refused(tiny_snapshot, lower))
    fingerprints = {**tiny_snapshot.manifest["fingerprints"], "graduates": "other"}
    before = told(lower, fingerprints=fingerprints)
    assert re.search(sentence + r"0\.100; changed since: table graduates", refused(tiny_snapshot, before))


def test_what_new_data_may_move_new_code_may_not(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    nudged = changed(tiny_snapshot, "gaps", score_p50=gaps["score_p50"] - 0.05)
    assert "neither data nor parameters" in refused(tiny_snapshot, nudged)
    explained = told(nudged, fingerprints={**tiny_snapshot.manifest["fingerprints"], "staffing": "other"})
    assert refused(tiny_snapshot, explained) == ""


def test_money_that_moves_is_refused(tiny_snapshot: Snapshot) -> None:
    weights = tiny_snapshot.tables["weights"]
    order = {"22": 0.0, "25": 0.0, "52": 10.0}
    moved = changed(tiny_snapshot, "weights", need=weights["occupation"].map(order).astype(float))
    assert re.search(
        r"jump: \d+\.\d% of 60,000,000 EUR would move; at most 6\.2%", refused(moved, tiny_snapshot)
    )


def test_a_release_of_another_region_is_no_comparison(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    other = changed(tiny_snapshot, "gaps", score_p50=gaps["score_p50"] * 0)
    elsewhere = told(other, region={**tiny_snapshot.manifest["region"], "name": "Elsewhere"})
    assert refused(tiny_snapshot, elsewhere) == ""
