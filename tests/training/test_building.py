"""A build that stopped is gone on with, one component is trained anew, and notebooks can do the same."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecasting import evidence
from forecasting.errors import ForecastingError
from forecasting.snapshot import Snapshot
from tests.conftest import TINY
from training import api, building
from training.store import open_store
from training.tracking import connect


@pytest.fixture(autouse=True)
def store(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store where version 1 is the whole build of the made-up region, and in service."""
    monkeypatch.setenv("COMPETENCE_STORE", str(copied))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return copied


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the components that are trained."""
    names: list[str] = []

    def noting(name: str, train: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            names.append(name)
            return train(*arguments)

        return noted

    for name, component in evidence.COMPONENTS.items():
        changed = dataclasses.replace(component, train=noting(name, component.train))
        monkeypatch.setitem(evidence.COMPONENTS, name, changed)  # type: ignore[arg-type]
    return names


def breaks(*_: object) -> None:
    raise ForecastingError("graduates: cannot be trained today. Do: wait.")


def stopped(monkeypatch: pytest.MonkeyPatch) -> str:
    """Build with a component that fails; return the id of the run that the message names."""
    with monkeypatch.context() as patch:
        broken = dataclasses.replace(evidence.COMPONENTS["graduates"], train=breaks)
        patch.setitem(evidence.COMPONENTS, "graduates", broken)  # type: ignore[arg-type]
        with pytest.raises(ForecastingError, match="cannot be trained today") as refused:
            api.build(TINY)
    assert "--resume" in str(refused.value)
    return str(refused.value).rsplit(" ", 1)[-1].rstrip(".")


def told_of_version_1(like: Snapshot) -> dict[str, Any]:
    """Return the manifest of the whole build, without what writing a snapshot adds."""
    whole = api.snapshot("1").manifest
    return {name: whole[name] for name in like.manifest}


def test_a_resumed_build_is_the_whole_build(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run = stopped(monkeypatch)
    assert counted == ["sector_employment", "cohorts"]
    client = connect(open_store())
    failed = client.get_run(run)
    assert (failed.info.status, failed.data.tags[building.STEP]) == ("FAILED", "graduates")
    counted.clear()
    resumed = api.build(TINY, resume="latest")
    assert counted == ["graduates", "jobseekers", "staffing", "skill_shares"]
    assert resumed.run == run
    assert resumed.version == "3"
    versions = {version: client.get_model_version("competence-gap", version) for version in ("1", "3")}
    assert versions["1"].tags["snapshot"] == versions["3"].tags["snapshot"], "same data, seed and code"
    assert client.get_run(run).info.status == "FINISHED"
    assert told_of_version_1(resumed.snapshot) == resumed.snapshot.manifest
    with pytest.raises(ForecastingError, match="every build has finished"):
        api.build(TINY, resume=run)


def test_other_inputs_are_not_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = stopped(monkeypatch)
    with pytest.raises(ForecastingError, match=r"trained on another seed; expected the same"):
        api.build(TINY, seed=2, resume=run)
    with pytest.raises(ForecastingError, match="nonsense: not a build that stopped half-way; unfinished: "):
        api.build(TINY, resume="nonsense")


def test_one_component_is_trained_anew_and_the_others_are_kept(
    counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = api.build(TINY, retrain="jobseekers", of="1")
    assert counted == ["jobseekers"]
    same = told_of_version_1(again.snapshot)
    assert again.snapshot.manifest == same, "nothing changed, so nothing differs"
    code = building.provenance()
    monkeypatch.setattr(building, "provenance", lambda: dataclasses.replace(code, code="newer"))
    changed = api.build(TINY, retrain="jobseekers", of="1").snapshot.manifest
    assert changed["code"] == "newer"
    others = {"sector_employment", "cohorts", "graduates", "staffing", "skill_shares"}
    assert changed["trained_with"] == dict.fromkeys(others, code.code)
    kept = connect(open_store()).search_runs(["1"], "tags.taken_over_from != ''")
    assert len(kept) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retrain": "moods", "of": "1"}, "expected one of sector_employment, cohorts"),
        ({"retrain": "jobseekers"}, "the version whose other components are kept"),
        ({"of": "1"}, "the version whose other components are kept"),
    ],
)
def test_what_to_retrain_must_be_said_whole(options: dict[str, str], message: str) -> None:
    with pytest.raises(ForecastingError, match=message):
        api.build(TINY, **options)


def test_a_notebook_does_what_the_commands_do(store: Path) -> None:
    assert api.problems(TINY) == []
    whole, groups = api.backtest(TINY, component="jobseekers")
    assert set(whole["component"]) == set(groups["component"]) == {"jobseekers"}
    with pytest.raises(ForecastingError, match="component 'moods'; expected one of"):
        api.backtest(TINY, component="moods")
    built = api.build(TINY)
    entry, verdicts = api.promote(built.version, "again")
    assert all(verdict.passed for verdict in verdicts)
    assert api.release()[0] == entry["release"]
    api.promote("2", "second", force="the seed moves ranks")
    assert len(api.diff(str(entry["release"]), "2").cells) == 9
    assert api.rollback("no")["release"] == entry["release"]
    assert [each["why"] for each in api.log()] == ["first", "again", "second", "no"]
    assert json.loads((store / "champion.json").read_text())["release"] == entry["release"]
