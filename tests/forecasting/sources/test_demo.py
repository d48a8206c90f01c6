"""The simulated region: same seed, same bytes; a truth that adds up, that nothing needs; no method inside."""

import ast
import hashlib
import itertools
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError, InputError
from forecasting.region import problems_of, read_region
from forecasting.sources import demo
from forecasting.sources.demo import Simulated
from forecasting.tables import TABLES

ROOT = Path(__file__).parents[3]
CODE = [ROOT / "forecasting/sources/demo.py", *sorted((ROOT / "forecasting/sources/simulation").glob("*.py"))]
KNOWN = {"errors", "region", "vocabulary", "tables", "sources"}
MACHINERY = {"cards", "canonical", "demo", "simulation"}
CELL = ["window", "horizon", "region", "occupation"]


@pytest.fixture(scope="session")
def simulated() -> Simulated:
    return demo.generate(seed=1, difficulty="normal", size="test")


@pytest.fixture(scope="session")
def written(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "region"
    demo.write(simulated, folder)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="session")
def flows(simulated: Simulated) -> pd.DataFrame:
    return simulated.truth["flows"]


@pytest.fixture(scope="session")
def scores(simulated: Simulated) -> pd.DataFrame:
    return simulated.truth["scores"]


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_the_referee_imports_nothing_of_the_method(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
        for module in (module.split(".") for module in modules if module.startswith("forecasting")):
            assert module[1] in KNOWN, module
            assert module[1] != "sources" or len(module) == 2 or module[2] in MACHINERY, module


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(written: Path, tmp_path: Path) -> None:
    demo.write(demo.generate(seed=1, difficulty="normal", size="test"), tmp_path / "region")
    demo.write(demo.generate(seed=2, difficulty="normal", size="test"), tmp_path / "other")
    for one, same, other in (
        (written, tmp_path / "region", tmp_path / "other"),
        *([tuple(map(demo.truth_folder, (written, tmp_path / "region", tmp_path / "other")))]),
    ):
        assert hashes(one) == hashes(same)
        assert hashes(one).keys() == hashes(other).keys()
        differ = {name for name, value in hashes(one).items() if hashes(other)[name] != value}
        assert {"sector_employment.parquet", "skill_mentions.parquet", "courses.parquet"} <= differ or (
            {"flows.parquet", "scores.parquet", "oracle.parquet"} <= differ
        )


def test_the_region_is_checked_complete_and_says_that_it_is_simulated(written: Path) -> None:
    assert problems_of(written) == []
    region = read_region(written)
    assert region.settings["made_up"] is True
    assert "simulated" in region.settings["name"]
    assert all("simulated" in label for label in region.table("regions")["label_en"])
    absent = {"sector_outlook", "overrides"}
    assert set(region.tables) == set(TABLES) - absent - (set(TABLES) - set(_known_tables()))


def _known_tables() -> list[str]:
    return [*demo.read_card("demo")["tables"], "sector_outlook", "overrides"]


def test_an_overwritten_region_is_whole_and_foreign_folders_stay(
    simulated: Simulated, tmp_path: Path
) -> None:
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "region.yaml").write_text("name: older")
    (tmp_path / "region.truth").mkdir()
    (tmp_path / "region.truth" / "truth.yaml").write_text("seed: 9")
    demo.write(simulated, tmp_path / "region")
    assert sorted(p.name for p in (tmp_path / "region" / "funding").iterdir()) == [
        "applications.csv",
        "grants.csv",
    ]
    (tmp_path / "mine.truth").mkdir()
    (tmp_path / "mine.truth" / "letters.txt").write_text("mine")
    with pytest.raises(InputError, match="not a simulated truth"):
        demo.write(simulated, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
    assert (tmp_path / "mine.truth" / "letters.txt").read_text() == "mine"


def test_the_region_needs_no_truth(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path / "region")
    assert not demo.truth_folder(tmp_path / "region").exists()
    assert problems_of(tmp_path / "region") == []
    inside = {path.name for path in written.rglob("*")}
    assert not inside & {
        f"{name}.parquet" for name in ("flows", "scores", "skill_gaps", "profiles", "oracle")
    }


@pytest.mark.full
def test_a_build_works_without_the_truth(written: Path, tmp_path: Path) -> None:
    import dataclasses

    from forecasting.parameters import load_parameters
    from forecasting.pipeline import build_snapshot

    shutil.copytree(written, tmp_path / "region")
    parameters = load_parameters()
    few = {**parameters.values, "draws": dataclasses.replace(parameters.values["draws"], value=50)}
    fewer = dataclasses.replace(parameters, values=few)
    gaps = build_snapshot(read_region(tmp_path / "region"), fewer, seed=1, code="t").tables["gaps"]
    assert gaps["score_p50"].notna().any()


def test_no_figure_tells_of_after_the_base_year(simulated: Simulated) -> None:
    base = int(simulated.region.settings["base_year"])
    for name, table in simulated.region.tables.items():
        when = next((column for column in ("year", "period") if column in table), None)
        if when is not None and name != "population":
            assert table[when].astype(str).str[:4].astype(int).max() <= base, name


def test_employment_changes_by_what_comes_and_goes(flows: pd.DataFrame) -> None:
    coming = flows["hires_entrants"] + flows["hires_jobseekers"] + flows["hires_movers"]
    going = flows["exits"] + flows["job_losses"] + flows["transfers_out"]
    change = flows["employment_end"] - flows["employment_start"]
    np.testing.assert_allclose(change, coming - going, atol=1e-6)
    np.testing.assert_allclose(change, flows["expansion"], atol=1e-6)
    np.testing.assert_allclose(flows["filled"], coming, atol=1e-6)


def test_posts_are_filled_withdrawn_or_still_open(flows: pd.DataFrame) -> None:
    left = flows["open_start"] + flows["posted"] - flows["filled"] - flows["cancelled"]
    np.testing.assert_allclose(left, flows["open_end"], atol=1e-6)
    causes = flows[["unfilled_person", "unfilled_skills", "unfilled_conditions"]]
    assert (causes >= 0).all(axis=None)
    np.testing.assert_allclose(causes.sum(axis=1), flows["unfilled"], rtol=1e-6)
    np.testing.assert_allclose(
        flows["unfilled"], flows["cancelled"] + flows["open_end"], rtol=1e-4, atol=0.01
    )


def test_what_leaves_one_occupation_for_another_arrives(flows: pd.DataFrame) -> None:
    everything = flows[flows["occupation"] == "TOTAL"]
    np.testing.assert_allclose(everything["transfers_in"], everything["transfers_out"], atol=1e-6)


def test_parts_add_up_to_the_score_and_cells_to_their_parents(scores: pd.DataFrame) -> None:
    np.testing.assert_allclose(scores["no_person"] + scores["lacking_skills"], scores["unfilled"], atol=1e-6)
    known = scores.dropna(subset="score")
    assert known["score"].between(0, 1).all()
    np.testing.assert_allclose(known["quantitative"] + known["qualitative"], known["score"], atol=1e-9)
    leaves = scores[~scores["aggregate"]]
    whole = scores[(scores["occupation"] == "TOTAL") & (scores["region"] == "SIM")]
    key = ["window", "horizon", "convention"]
    for figure in ("openings", "unfilled"):
        summed = leaves.groupby(key)[figure].sum()
        np.testing.assert_allclose(summed, whole.set_index(key)[figure].reindex(summed.index), rtol=1e-9)


def test_the_score_is_that_of_the_best_filling(flows: pd.DataFrame, scores: pd.DataFrame) -> None:
    """An oracle in plain loops: of all orders in which sources may fill, the best one."""
    rows = scores[~scores["aggregate"] & (scores["convention"] == "net")]
    joined = rows.merge(flows[[*CELL, "entrants", "jobseekers"]], on=CELL)
    for row in joined.sample(60, random_state=1).to_dict("records"):
        best = 0.0
        for order in itertools.permutations(("entrants", "jobseekers")):
            left, filled = row["openings"], 0.0
            for source in order:
                taken = min(left, row[source])
                left, filled = left - taken, filled + taken * (1 - row[f"lack_{source}"])
            best = max(best, filled)
        assert row["unfilled"] == pytest.approx(row["openings"] - best, abs=1e-6)


def test_skills_lack_as_many_persons_as_profiles_say(simulated: Simulated, scores: pd.DataFrame) -> None:
    skills = simulated.truth["skill_gaps"]
    assert (skills["persons"] > 0).all()
    short = scores[(scores["convention"] == "net") & (scores["no_person"] > 5)].merge(skills, on=CELL)
    assert (short["persons"] <= short["unfilled"] + short["openings"]).all()
    profiles = simulated.truth["profiles"]
    held = [name for name in profiles if name.startswith("held_")]
    assert profiles[["asked", "importance", *held]].apply(lambda column: column.between(0, 1)).all(axis=None)


def test_the_oracle_sees_a_spread_that_mostly_holds_what_came(
    simulated: Simulated, flows: pd.DataFrame
) -> None:
    oracle = simulated.truth["oracle"]
    assert (oracle["p10"] <= oracle["p90"] + 1e-9).all()
    told = oracle[(oracle["figure"] == "employment_year") & ~oracle["aggregate"]].merge(flows, on=CELL)
    wide = told["p90"] - told["p10"]
    assert (wide[told["horizon"] == 10].median()) > wide[told["horizon"] == 1].median()
    inside = told["employment_year"].between(told["p10"] - wide / 2, told["p90"] + wide / 2)
    assert inside.mean() > 0.6
    known = oracle[(oracle["figure"] == "jobseekers") & ~oracle["aggregate"]]
    assert (known["p10"] == known["p90"]).all(), "who seeks work at the base year is known"


def test_between_three_and_seven_in_ten_cells_are_short(simulated: Simulated) -> None:
    short = simulated.about["share_of_cells_short"]
    assert 0.3 <= short["net future 5"] <= 0.7


@pytest.mark.parametrize("difficulty", ["calm", "turbulent"])
def test_every_difficulty_is_quick_in_the_test_size(difficulty: str) -> None:
    begun = time.process_time()
    found = demo.generate(3, difficulty, "test")
    assert time.process_time() - begun < 5, "about one second when the machine is free"
    assert found.about["difficulty"] == difficulty
    assert (found.region.tables["sector_employment"]["persons"] > 0).any()


@pytest.mark.full
def test_a_large_region_is_made_in_a_minute() -> None:
    begun = time.process_time()
    found = demo.generate(seed=1, difficulty="normal", size="large")
    assert time.process_time() - begun < 60
    leaves = found.truth["flows"].query("not aggregate")
    assert leaves["occupation"].nunique() == 600
    assert leaves["region"].nunique() == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": "huge"}, "sizes 'huge': unknown; expected one of test, demo, large"),
        ({"difficulty": "mad"}, "difficulties 'mad': unknown; expected one of calm, normal, turbulent"),
        ({"seed": -1}, "seed -1: expected 0 or more"),
    ],
)
def test_an_unknown_choice_names_the_known(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ForecastingError, match=message):
        demo.generate(**arguments)


def test_the_offer_has_gaps_doubles_and_useless_courses(simulated: Simulated) -> None:
    courses = simulated.region.tables["courses"]
    assert courses["title"].duplicated().any()
    assert courses["skills"].eq("").any(), "teaches nothing that is asked"
    assert courses["mandatory"].any()
    taught = set(" ".join(courses["skills"]).split())
    assert set(simulated.truth["skill_gaps"]["skill"]) - taught, "gaps without courses"
    assert set(simulated.funding["applications"]["course"]) <= set(courses["course"])
    assert set(simulated.funding["grants"]["undertaking"]) <= set(
        simulated.funding["applications"]["undertaking"]
    )


def test_the_regional_survey_has_noise_and_no_small_cells(simulated: Simulated) -> None:
    table = simulated.region.tables["occupation_employment"]
    fraction = simulated.world.settings.rough["sampling"]
    respondents = table["persons"] * fraction
    assert respondents.min() >= 4.9, "five, before rounding"
    stated = table["relative_standard_error"] * np.sqrt(respondents)
    assert stated.between(0.98, 1.02).all()
    true = simulated.world.past.mean("employed")[:, 0]
    years = range(simulated.world.settings.first_year, simulated.world.settings.base_year + 1)
    wide = table.pivot_table(index="year", columns=["occupation", "region"], values="persons")
    codes = itertools.product(simulated.world.listed.occupations["code"], simulated.world.listed.regions)
    seen = wide.reindex(index=list(years), columns=pd.MultiIndex.from_tuples(codes)).to_numpy()
    late = slice(-5, None)  # after the change of the taxonomy
    large = true[late].reshape(5, -1) * fraction > 30
    error = (seen[late] / true[late].reshape(5, -1) - 1)[large] * np.sqrt(
        true[late].reshape(5, -1)[large] * fraction
    )
    assert np.std(error) == pytest.approx(1, abs=0.25)


def test_the_taxonomy_changes_halfway(simulated: Simulated) -> None:
    tables = simulated.region.tables
    old = set(tables["concordance"].query("classification == 'skills'")["old_code"])
    before = tables["skill_mentions"]["period"].str[:4].astype(int) < 2020
    said = tables["skill_mentions"]["skill"].isin(old)
    assert said[before].any()
    assert not said[~before].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--size", "test", "--seed", "2"], "simulated. The truth is in"),
        (["demo", "--provinces"], "source demo: has no --geo or --provinces"),
        (["bc"], "source bc: no raw files given. Do: add --from DIR"),
    ],
)
def test_the_command_simulates_and_refuses_options_of_others(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "training", "ingest", *arguments, "--to", str(tmp_path / "region")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert message in " ".join((found.stdout + found.stderr).split())
    assert (tmp_path / "region.truth").is_dir() == (found.returncode == 0)
