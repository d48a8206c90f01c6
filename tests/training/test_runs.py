"""What MLflow's pages show of a build: a note that can be read, and a run per component."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from forecasting.evidence import COMPONENTS
from forecasting.snapshot import Snapshot
from training.report import ranking_table
from training.runs import (
    LONGEST_NOTE,
    gap_metrics,
    importance_figure,
    importance_table,
    summary,
    weight_metrics,
)


@pytest.fixture(scope="module")
def logged(two_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Return the runs of one build: the parent, its children by name, and the client."""
    import mlflow

    folder = Path(shutil.copytree(two_versions, tmp_path_factory.mktemp("runs") / "store"))
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    version = client.get_model_version("competence-gap", "1")
    parent = client.get_run(version.run_id)
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{version.run_id}'"
    )
    return SimpleNamespace(
        client=client,
        version=version,
        parent=parent,
        children={each.info.run_name: each for each in children},
    )


def test_the_note_can_be_read(logged: SimpleNamespace, tiny_snapshot: Snapshot) -> None:
    note = logged.parent.data.tags["mlflow.note.content"]
    assert note == logged.version.description
    assert "## Tinyland, base year" in note
    assert "**made up**" in note
    assert "| sector_employment | **mean** | 1 | 7 |" in note
    assert all(f"- {sentence}" in note for sentence in tiny_snapshot.manifest["not_quotable"])
    assert logged.parent.info.run_name.startswith("Tinyland ")


def test_every_component_has_a_nested_run(logged: SimpleNamespace) -> None:
    assert set(logged.children) == {*COMPONENTS, "gap", "weights"}
    assert all(each.data.tags["mlflow.note.content"] for each in logged.children.values())
    employment = logged.children["sector_employment"].data
    assert (
        employment.metrics["naive.h1.origins"]
        == logged.parent.data.metrics["sector_employment.naive.h1.origins"]
    )
    assert (employment.params["selected"], employment.params["lightgbm.num_leaves"]) == ("mean", "15")
    gap = logged.children["gap"].data.metrics
    assert gap["residual.openings_less_components_persons"] < 1e-6
    assert gap["cells"] >= gap["cells.scored"] > 0
    weights = logged.children["weights"].data
    assert weights.metrics["h5.share_zero"] == pytest.approx(2 / 3)
    assert weights.params["weight_quantile"] == "0.25"


def test_the_challenger_is_kept_as_text_with_what_it_splits_on(logged: SimpleNamespace) -> None:
    kept = logged.children["sector_employment"]
    paths = {entry.path for entry in logged.client.list_artifacts(kept.info.run_id)}
    fitted = {"lightgbm.txt", "feature_importance.csv", "feature_importance.png"}
    assert "backtest.md" in paths
    assert (paths & fitted == fitted) is (kept.data.tags["lightgbm"] == "fitted")


def test_importance_is_a_share_of_the_gain(tmp_path: Path) -> None:
    import lightgbm as lgb
    import numpy as np

    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(200, 2))
    data = lgb.Dataset(inputs, inputs[:, 0], feature_name=["works", "idle"])
    table = importance_table(lgb.train({"verbosity": -1, "num_threads": 1}, data, 5))
    assert table["share_of_gain"].sum() == pytest.approx(1)
    assert table["feature"].iloc[0] == "works"
    importance_figure(table).savefig(tmp_path / "importance.png")
    assert (tmp_path / "importance.png").stat().st_size > 1000


def test_cells_without_a_score_are_counted_by_reason(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"].copy()
    gaps.loc[0, ["score", "reason"]] = [None, "unavailable"]
    changed = Snapshot({**tiny_snapshot.tables, "gaps": gaps}, tiny_snapshot.manifest)
    before, after = gap_metrics(tiny_snapshot), gap_metrics(changed)
    assert after["cells.no_score.unavailable"] == before.get("cells.no_score.unavailable", 0) + 1
    assert after["cells.scored"] == before["cells.scored"] - 1


def test_shares_of_weights_are_by_horizon() -> None:
    table = pd.DataFrame(
        {"horizon": [1, 1, 5, 5], "weight": [0, 0.5, 0.1, 0.3], "score_lower": [0, 0.5, None, 0.3]}
    )
    metrics = weight_metrics(table)
    assert (metrics["h1.share_zero"], metrics["h5.share_zero"], metrics["h5.share_neutral"]) == (0.5, 0, 0.5)


def test_a_long_note_is_cut_to_what_mlflow_takes(tiny_snapshot: Snapshot) -> None:
    many = {**tiny_snapshot.manifest, "not_quotable": ["x" * 100] * 100}
    assert len(summary(Snapshot(tiny_snapshot.tables, many))) <= LONGEST_NOTE + 1


def test_the_ranking_names_the_market_that_it_ranks(tiny_snapshot: Snapshot) -> None:
    regions = tiny_snapshot.tables["regions"].assign(label_nl="Westelijk", label_en="West")
    manifest = {**tiny_snapshot.manifest, "region": {**tiny_snapshot.manifest["region"], "name": "All of it"}}
    table = ranking_table(Snapshot({**tiny_snapshot.tables, "regions": regions}, manifest), "TY", 5)
    assert str(table.title).startswith("Westelijk (TY), 5 years from 2025")
    assert "All of it" not in str(table.title)
