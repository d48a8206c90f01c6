"""The referee on a market of two occupations, followed by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.parameters import Parameters
from forecasting.snapshot import Snapshot
from forecasting.sources import demo
from training.referee import causes, errors, held_to_truth, read_truth, skill_order
from training.referee_measured import measured_past

CELLS = [(1, "R", "a"), (1, "R", "b")]
SAID = {"employment": [100.0, 300.0], "openings": [10.0, 40.0], "entrants": [4.0, 30.0], "score": [0.5, 0.2]}
CAME = {"employment": [110.0, 290.0], "openings": [12.0, 38.0], "entrants": [4.0, 30.0], "score": [0.6, 0.2]}
BEFORE = {"employment": [90.0, 310.0], "openings": [20.0, 30.0], "entrants": [8.0, 26.0], "score": [0.4, 0.0]}


def keyed(**columns: object) -> pd.DataFrame:
    cells = pd.DataFrame(CELLS, columns=["horizon", "region", "occupation"])
    return cells.assign(**columns)


def truth() -> dict[str, pd.DataFrame]:
    flows, scores, oracle = [], [], []
    for window, figures in (("future", CAME), ("past", BEFORE)):
        flows.append(
            keyed(
                window=window,
                aggregate=False,
                employment_year=figures["employment"],
                expansion=0.0,
                openings_net=figures["openings"],
                entrants=figures["entrants"],
                jobseekers=1.0,
            )
        )
        scores.append(
            keyed(
                window=window,
                aggregate=False,
                convention="net",
                score=figures["score"],
                quantitative=figures["score"],
                qualitative=0.0,
                unfilled=5.0,
            )
        )
    for figure, values in (
        ("employment_year", CAME["employment"]),
        ("openings_net", [13.0, 37.0]),
        ("score", CAME["score"]),
    ):
        convention = "net" if figure == "score" else ""
        oracle.append(
            keyed(window="future", convention=convention, figure=figure, p50=values, p10=0.0, p90=values)
        )
    for figure, mean in (("no_person", 1.0), ("lacking_skills", 2.0)):
        oracle.append(keyed(window="future", convention="net", figure=figure, mean=mean))
    skills = [
        keyed(window=window, skill=skill, persons=persons)
        for window in ("future", "past")
        for skill, persons in zip("vwxyz", range(1, 6), strict=True)
    ]
    return {
        "flows": pd.concat(flows),
        "scores": pd.concat(scores),
        "oracle": pd.concat(oracle),
        "skill_gaps": pd.concat(skills),
    }


def snapshot(said: dict[str, list[float]]) -> Snapshot:
    def rows(names: tuple[str, ...], column: str) -> pd.DataFrame:
        frames = [
            keyed(scenario="baseline", **{column: name}).assign(
                p10=np.array(said[name]) * 0.9, p50=said[name], p90=np.array(said[name]) * 1.1
            )
            for name in names
        ]
        return pd.concat(frames, ignore_index=True)

    score = np.array(said["score"])
    gaps = keyed(scenario="baseline", aggregate=False, quantitative=score, qualitative=0.0).assign(
        score_p10=score - 0.05, score_p50=score, score_p90=score + 0.05
    )
    gaps = gaps.assign(unfilled_p10=4.0, unfilled_p50=5.0, unfilled_p90=6.0)
    skills = [
        keyed(scenario="baseline", skill=skill, unfilled=float(place))
        for place, skill in enumerate(reversed("vwxyz"))
    ]
    tables = {
        "openings": rows(("employment", "openings"), "component"),
        "supply": rows(("entrants",), "source"),
        "gaps": gaps,
        "skill_gaps": pd.concat(skills),
    }
    return Snapshot(tables, {}, {})


def test_errors_by_hand() -> None:
    found = errors(held_to_truth(snapshot(SAID), truth())).set_index("figure")
    openings = found.loc["openings"]
    assert openings["cells"] == 2
    assert (openings["model"], openings["persistence"], openings["oracle"]) == (2.0, 8.0, 1.0)
    assert openings["way"] == pytest.approx(6 / 7), "of the 7 persons between persistence and oracle"
    assert openings["naive"] == pytest.approx((abs(12 - 50 * 90 / 400) + abs(38 - 50 * 310 / 400)) / 2)
    assert openings["covered"] == 0.5, "38 lies within 36 to 44, 12 not within 9 to 11"
    assert found.loc["employment", "persistence"] == 20.0
    assert found.loc["score", "model"] == pytest.approx(0.05)
    assert found.loc["score", "flat"] == pytest.approx(0.2), "0.2, the middle of 0.4 and 0, for both"
    assert found.loc["score", "naive"] == pytest.approx((0.6 - 0.16 + 0.2 - 0.16) / 2), "8 of 50 before"


def test_the_truth_itself_errs_nowhere() -> None:
    found = errors(held_to_truth(snapshot(CAME), truth())).set_index("figure")
    assert found.loc[["employment", "openings", "entrants", "score"], "model"].eq(0).all()
    assert found.loc["score", "way"] == 1.0, "the oracle is right too here"


def test_causes_and_the_order_of_skills() -> None:
    told = snapshot(SAID)
    named = causes(held_to_truth(told, truth()), truth(), 0.3)
    assert named.loc[0, ["shortages", "right", "persistence", "oracle"]].tolist() == [1, 1.0, 1.0, 0.0]
    order = skill_order(told, truth())
    assert order.loc[0, "model"] == pytest.approx(-1.0), "said the other way round"
    assert order.loc[0, "persistence"] == pytest.approx(1.0)


def test_a_folder_without_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no flows.parquet, scores.parquet.*REGION.truth"):
        read_truth(tmp_path)


def test_the_past_as_measured_is_read_off_the_tables(parameters: Parameters) -> None:
    """Without seekers, and with all skills held, a cell in plain loops: openings no graduate came for."""
    whole = demo.generate(seed=3, size="test").region
    held = whole.table("jobseeker_skills").assign(share=1.0)
    tables = {**whole.tables, "jobseekers": whole.table("jobseekers")[:0], "jobseeker_skills": held}
    region = dataclasses.replace(whole, tables=tables)
    found = measured_past(region, parameters).set_index(["region", "occupation", "horizon"])["measured"]
    assert len(found) == 2 * 12 * len(parameters["horizons"])
    survey = region.table("occupation_employment").set_index(["region", "occupation", "year"])["persons"]
    rates = region.table("separations").set_index(["occupation", "kind"])["rate"]
    base, years, seen = 2025, 5, 0
    for job in rates.xs("exit", level="kind").index:
        if not {("SIM1", job, year) for year in (base - years, base)} <= set(survey.index):
            continue
        before, after = (float(survey["SIM1", job, year]) for year in (base - years, base))
        leaving = rates[job, "exit"] * before * years
        openings = max(after - before, 0) + max(leaving + min(after - before, 0), 0)
        graduates = region.table("graduates").query("region == 'SIM1' and year > @base - @years")
        entered = 0.0
        for crop in graduates.itertuples():
            for row in region.table("entry").itertuples():
                if (row.field, row.level, row.occupation) == (crop.field, crop.level, job):
                    entered += crop.persons * row.share
        entered *= years / graduates["year"].nunique()
        if openings > 0:
            seen += 1
            assert found["SIM1", job, years] == pytest.approx(max(1 - entered / openings, 0))
    assert seen > 3
