"""Trying to recover what is suppressed, holding only what is published: nothing may come of it.

Each attack of `tests.contracts.recovery_attacks` found something before it was mended; an attack that finds
nothing here is tried on a release that hides nothing, where it must.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from forecasting.evidence import EMPLOYMENT, Evidence
from forecasting.jobseekers import seeker_draws
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot
from tests.contracts import recovery_attacks as attacks
from tests.contracts.recovery_region import EMPLOYED, FEW_SEEKERS, SMALL, plain, ruled
from training.diff import compare
from training.gates import Question, small_cells

ATTACKS = (attacks.by_subtraction, attacks.by_conservation, attacks.by_ratios, attacks.by_spread)
NOT_OF_PERSONS = {
    *("horizon", "from_year", "to_year", "year", "weight", "asked", "asked_now", "importance", "quantile"),
    *("destinations_asked", "asked_share", "asked_now_share", "emerging", "fading", "rank", "probability"),
    *("green_asked", "digital_asked", "destinations_missing"),
}
"""Of ads, of rules and of time: figures that no person of a cell is in."""


def test_the_awkward_cells_are_hidden_and_no_others(published: Mapping[str, pd.DataFrame]) -> None:
    assert attacks.hidden_cells(published) == SMALL | FEW_SEEKERS


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nothing_is_left_over_for_a_hidden_cell(published: Mapping[str, pd.DataFrame], attack: Any) -> None:
    assert list(attack(published)) == []


def test_no_hidden_count_is_pinned_down(
    published: Mapping[str, pd.DataFrame], parameters: Parameters
) -> None:
    equations = [each for attack in ATTACKS for each in attack(published)]
    bounds = {"employed": parameters["small_cell"], "seeking": parameters["small_cell"]}
    pinned = {
        (kind, cell): attacks.interval((kind, cell), equations, most)
        for kind, most in bounds.items()
        for cell in SMALL
    }
    assert all(found == pytest.approx((0, bounds[kind])) for (kind, _), found in pinned.items()), pinned


def test_the_attacks_find_what_is_not_held_back(
    open_release: Snapshot, published: Mapping[str, pd.DataFrame]
) -> None:
    """A release that hides rows, but leaves them in sums, flows and ratios, gives the counts away."""
    naive = {**plain(open_release), "gaps": published["gaps"]}
    dark = attacks.hidden_cells(published)
    for name in ("openings", "supply", "conventions", "shrinking_jobs", "skill_gaps"):
        rows = naive[name]
        hidden = pd.MultiIndex.from_frame(rows[["region", "occupation"]]).isin(list(dark))
        figures = rows.columns.difference(["region", "occupation", "scenario", "horizon"])
        naive[name] = rows.assign(
            **{column: rows[column].mask(hidden) for column in figures if rows[column].dtype == float}
        )
    found = {attack.__name__: list(attack(naive)) for attack in ATTACKS[:3]}
    assert all(found.values()), {name: len(each) for name, each in found.items()}
    assert attacks.interval(("seeking", ("N", "26")), found["by_ratios"]) == pytest.approx((30, 30), rel=0.11)
    base = [each for each in found["by_subtraction"] if each.why.startswith("base N")]
    assert attacks.interval(("employed", ("N", "26")), base) == pytest.approx((12, 12), rel=0.11)


def test_shown_job_seekers_do_not_stray_by_what_hidden_ones_do() -> None:
    """A counted total that is split with noise: what the shown part strays by is the hidden part's."""
    seeking, hidden = np.array([90.0, 60.0, 3.0, 700.0]), np.array([False, False, True, False])
    before, after = (seeker_draws(seeking, 0.3, 500, 1, each) for each in (None, hidden))
    assert np.std(before[~hidden].sum(axis=0)) == pytest.approx(np.std(before[2]))
    assert np.std(after[~hidden].sum(axis=0)) < 1e-9
    np.testing.assert_allclose(after.sum(axis=0), seeking.sum())


def test_no_published_error_holds_a_hidden_history(published: Mapping[str, pd.DataFrame]) -> None:
    left = attacks.by_backtest(published)
    assert left == pytest.approx({"persons": 0.0, "cells": 0.0}, abs=1e-6)


def test_few_job_seekers_follow_from_no_other_figure(
    published: Mapping[str, pd.DataFrame], open_release: Snapshot
) -> None:
    (cell,) = FEW_SEEKERS
    assert attacks.seekers_of(published, cell) == {}
    openings = published["openings"].query("region == 'N' and occupation == '53' and horizon == 5")
    assert openings["mean"].notna().all(), "what does not tell them stays"
    truth = attacks.seekers_of(plain(open_release), cell)
    assert len(truth) >= 10, truth
    assert truth["balance"] == pytest.approx(truth["supply"])


def test_a_hidden_cell_has_no_figure_in_any_table(published: Mapping[str, pd.DataFrame]) -> None:
    for name, table in published.items():
        if not {"region", "occupation"} <= set(table):
            continue
        rows = table[pd.MultiIndex.from_frame(table[["region", "occupation"]]).isin(list(SMALL))]
        figures = rows.select_dtypes("number").drop(columns=list(NOT_OF_PERSONS & set(rows)))
        told = figures.loc[:, figures.notna().any()]
        assert told.empty or name == "transitions", (name, list(told))
        if "reason" in rows and name != "transitions":
            assert rows["reason"].eq("confidential").all(), name


def _numbers(content: Any) -> Iterator[float]:
    """Yield every number of a JSON document, those inside its sentences too."""
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _numbers(value)
    elif isinstance(content, list):
        for value in content:
            yield from _numbers(value)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield float(content)
    elif isinstance(content, str):
        yield from (float(text) for text in re.findall(r"\d+\.\d{3,}", content))


def test_no_answer_in_any_format_holds_a_true_figure_of_a_hidden_cell(
    client: TestClient, published: Mapping[str, pd.DataFrame], open_release: Snapshot
) -> None:
    secrets = set(_secrets(open_release)) - {
        float(value) for table in published.values() for value in table.select_dtypes("number").stack()
    }
    assert len(secrets) > 300
    addresses = [
        *(f"/v1/{name}?region={region}" for name in ("gaps", "weights") for region in "NMSA"),
        *(
            f"/v1/occupations/{code}{part}?region={region}"
            for region, code in sorted(SMALL)
            for part in ("", "/openings", "/supply", "/transitions", "/backtest")
        ),
        *(f"/v1/bulk/{name}.csv" for name in ("gaps", "openings", "supply", "conventions", "indicators")),
        "/v1/questions/shrinking-jobs?region=N&limit=100",
        "/v1/questions/shortages?region=N&limit=100",
        "/v1/questions/training-response?region=N&limit=100",
        "/v1/meta",
    ]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text[:200])
        is_json = "json" in answer.headers["content-type"]
        leaked = secrets & set(_numbers(answer.json() if is_json else answer.text))
        assert not leaked, (address, leaked)


def _secrets(open_release: Snapshot) -> Iterator[float]:
    """Yield what the tables would say of hidden cells, as far as it is no round number."""
    for name in (
        "gaps",
        "openings",
        "supply",
        "conventions",
        "indicators",
        "skill_gaps",
        "shortages",
        "weights",
    ):
        table = open_release.tables[name]
        keys = pd.MultiIndex.from_frame(table[["region", "occupation"]].astype(str))
        figures = table[keys.isin(list(SMALL))].select_dtypes("number")
        figures = figures.drop(columns=list(NOT_OF_PERSONS & set(figures)))
        yield from (
            float(value) for value in figures.stack() if np.isfinite(value) and value != round(value, 3)
        )


def test_another_rule_tells_nothing_of_a_hidden_cell(client: TestClient) -> None:
    asked = {"region": "N", "unit": "occupation", "rule": {"quantile": 0.1}, "changed_only": False}
    answer = client.post("/v1/weights/simulate?limit=100", json=asked)
    assert answer.status_code == 200, answer.text
    (row,) = [row for row in answer.json()["items"] if row["occupation"]["code"] == "26"]
    for side in (row["before"], row["after"]):
        assert {name: side[name] for name in ("trainable_lower", "share_lower", "band")} == {
            "trainable_lower": None,
            "share_lower": None,
            "band": None,
        }
        assert side["ground"] == "neutral"


def test_the_release_keeps_no_draw_of_a_hidden_cell(release: Snapshot) -> None:
    gaps, weights = (release.tables[name] for name in ("gaps", "weights"))
    gaps = gaps[gaps["scenario"] == "baseline"].reset_index(drop=True)
    for name, table in (("score", gaps), ("openings", gaps), ("trainable", weights)):
        hidden = table["reason"].eq("confidential").to_numpy()
        assert hidden.any()
        assert np.isnan(release.draws[name][hidden]).all(), name


def test_a_cell_that_becomes_small_is_not_found_by_the_release_before(
    before: Snapshot, release: Snapshot
) -> None:
    """S 53 fell from 25 to 16: its parent less its sibling, its history, and the report of differences."""
    old, new = plain(before), plain(release)
    assert ("S", "53") not in attacks.hidden_cells(old)
    history = new["employment"].query("region == 'S' and occupation == '53'")
    assert history["persons"].isna().all()
    base = [attacks.Known(each).base for each in (old, new)]
    assert base[0]["S", "53"] == pytest.approx(26.5)
    for region in ("S", "A"):  # parent after, less the siblings after: the cell has left the parent
        below = [cell for cell in attacks.Known(new).under(region, "5") if cell in base[1].index]
        scored = [cell for cell in below if cell not in FEW_SEEKERS]
        assert base[1][region, "5"] == pytest.approx(sum(base[1][cell] for cell in scored))
    told = compare(before, release, 1_000_000_00)
    cells = told.cells[(told.cells["region"] == "S") & (told.cells["occupation"] == "53")]
    assert (cells["state"] == "suppressed").all()
    assert cells.select_dtypes("number").drop(columns=["horizon"], errors="ignore").isna().all(axis=None)


def test_the_gate_sees_a_figure_in_any_table(release: Snapshot, parameters: Parameters) -> None:
    def verdict(snapshot: Snapshot) -> Any:
        return next(iter(small_cells(Question(snapshot, None, dt.date(2026, 11, 22), parameters))))

    assert verdict(release).passed
    for name, column in (
        ("vacancy_rates", "rate"),
        ("bottleneck_rule", "handled"),
        ("shortages", "shortage_p50"),
    ):
        table = release.tables[name].copy()
        hidden = table["reason"].eq("confidential")
        if hidden.any():
            table.loc[hidden, column] = 1.0
            broken = dataclasses.replace(release, tables={**release.tables, name: table})
            assert not verdict(broken).passed, name


def test_employment_is_still_trained_on_every_cell(evidence: dict[str, Evidence]) -> None:
    """Only what is published of the errors leaves the small cells out; intervals rest on all of them."""
    found = evidence[EMPLOYMENT]
    assert found.errors["size"].min() < 20
    assert EMPLOYED["M", "26"] < 20


def with_other_hidden_cells(awkward: Region) -> Region:
    """Return the region with other job seekers and vacancies in the hidden cells, and the same totals."""
    seekers, vacancies = (awkward.table(name).copy() for name in ("jobseekers", "occupation_vacancies"))
    cells = {**dict.fromkeys(SMALL, 1.5), **dict.fromkeys(FEW_SEEKERS, 4 / 3)}
    keys = list(zip(seekers["region"], seekers["occupation"], strict=True))
    factor = np.array([cells.get(key, 1.0) for key in keys])
    for name in ("persons", "short_term"):
        seekers[name] *= factor
    hidden = pd.MultiIndex.from_frame(vacancies[["region", "occupation"]]).isin(list(SMALL))
    for name in ("posted", "open", "filled", "cancelled"):
        vacancies.loc[hidden, name] = (vacancies.loc[hidden, name] * 1.7).round()
    return dataclasses.replace(
        awkward, tables={**awkward.tables, "jobseekers": seekers, "occupation_vacancies": vacancies}
    )


def test_no_published_figure_moves_with_hidden_job_seekers_and_vacancies(
    awkward: Region, parameters: Parameters, evidence: dict[str, Evidence], release: Snapshot
) -> None:
    """Whoever has all the rest, the regional total, the method and its seed too, can try every count.

    Nothing moves, `list_agreement` neither: it is made of the shown rows alone. Figures do move with hidden
    *employment*, through the location quotients by which entrants spread (17 persons for 12 among 13,500
    move supply by at most 1.5 %): no difference of figures, but who holds every other input could solve for
    it. So with `fingerprints` in ``/v1/meta``: the hash of a whole input table tells one value only to who
    has all its others, every hidden year and column of every hidden cell among them.
    """
    other = build_snapshot(with_other_hidden_cells(awkward), ruled(parameters), 1, "test", evidence)
    assert attacks.hidden_cells(plain(other)) == SMALL | FEW_SEEKERS
    one, two = plain(release), plain(other)
    assert len(one["list_agreement"])
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, two[name], rtol=1e-9, obj=name)
    hashes = [each.manifest["fingerprints"] for each in (release, other)]
    assert hashes[0]["jobseekers"] != hashes[1]["jobseekers"]
    rows = awkward.table("jobseekers")
    unknown = pd.MultiIndex.from_frame(rows[["region", "occupation"]]).isin(list(SMALL | FEW_SEEKERS)).sum()
    assert unknown >= 10, "years whose counts are to be tried at once"
