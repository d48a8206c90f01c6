"""What one employer or agency can do to skill counts, and so to a weight: no more than the bound says."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InputError
from forecasting.evidence import COMPONENTS, train
from forecasting.funding.guards import bounded, bounded_region, level
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region, problems_of, read_region, write_region
from forecasting.skill_evidence import SKILL_SHARES
from forecasting.snapshot import Snapshot


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=12), st.sampled_from([0.1, 0.2, 0.5]))
def test_no_source_has_more_than_its_share(count: list[int], bound: float) -> None:
    counts = np.array(count, dtype=float)
    capped = np.minimum(counts, level(counts, bound))
    positive = int((counts > 0).sum())
    if positive * bound >= 1 + 1e-9:
        assert capped.max() <= bound * capped.sum() * (1 + 1e-9)
    elif positive and counts.max() > bound * counts.sum():
        assert np.ptp(capped[counts > 0]) < 1e-9 * counts.max(), "too few sources: each counts the same"
    if counts.sum() and counts.max() <= bound * counts.sum():
        np.testing.assert_allclose(capped, counts)


def ads(agency: int, asks: int) -> pd.DataFrame:
    rows = [(f"s{number}", "a", 10, 5) for number in range(20)] + [("big", "a", agency, asks)]
    frame = pd.DataFrame(rows, columns=["source", "skill", "ads", "mentions"])
    return frame.assign(period="2026", region="TOTAL", occupation="j")


def test_one_agency_moves_a_share_of_ads_by_no_more_than_the_bound() -> None:
    told = []
    for asks in (0, 100_000):
        found = bounded(ads(100_000, asks), 0.1)
        row = found.mentions.iloc[0]
        told.append(row["mentions"] / row["ads"])
        seen = found.influence.iloc[0]
        assert (seen["sources"], bool(seen["enough"])) == (21, True)
        assert seen["share"] > 0.99
        assert seen["share_bounded"] == pytest.approx(0.1)
    assert told[1] - told[0] == pytest.approx(0.1)


def test_without_a_source_the_guard_is_not_applicable_and_changes_nothing() -> None:
    plain = ads(10, 5).drop(columns="source")
    found = bounded(plain, 0.1)
    assert found.reason == "not_applicable"
    assert found.mentions is plain
    with pytest.raises(InputError, match="parameter source_bound: found 0"):
        bounded(plain, 0)


def test_ads_of_no_known_source_count_as_they_are() -> None:
    rows = [("", "a", 80, 40), ("", "b", 80, 8), ("big", "a", 120, 120)]
    frame = pd.DataFrame(rows, columns=["source", "skill", "ads", "mentions"])
    found = bounded(frame.assign(period="2026", region="TOTAL", occupation="j"), 0.2)
    told = found.mentions.set_index("skill")
    assert told["ads"].tolist() == pytest.approx([100, 100])
    assert told["mentions"].to_dict() == pytest.approx({"a": 60, "b": 8})


def by_source(tiny: Region, extra: int) -> Region:
    """Return the made-up region with its ads by twenty employers, and an agency that posts more of one job.

    The agency's ads ask no skill, where most of the others of the job ask two.
    """
    mentions = tiny.tables["skill_mentions"]
    shared = [
        mentions.assign(
            ads=mentions["ads"] / 20, mentions=mentions["mentions"] / 20, source=f"employer {number}"
        )
        for number in range(20)
    ]
    rows = mentions[mentions["occupation"] == "22"].copy()
    rows = rows.assign(ads=float(extra), mentions=0.0, source="agency")
    parts = [*shared, rows] if extra else shared
    return dataclasses.replace(
        tiny, tables={**tiny.tables, "skill_mentions": pd.concat(parts, ignore_index=True)}
    )


def test_ten_thousand_ads_of_one_agency_move_a_build_by_no_more_than_the_bound(
    tiny: Region, tiny_snapshot: Snapshot, parameters: Parameters, tmp_path: Path
) -> None:
    assert tiny_snapshot.manifest["sources_of_ads"]["reason"] == "not_applicable"
    trained = train(tiny, parameters, 1)
    builds = []
    for extra in (0, 10_000):
        region = by_source(tiny, extra)
        shares = {SKILL_SHARES: COMPONENTS[SKILL_SHARES].train(region, parameters, 1)}
        builds.append(build_snapshot(region, parameters, 1, "test", {**trained, **shares}))
    bound, told = parameters["source_bound"], builds[1].manifest["sources_of_ads"]
    assert builds[0].manifest["sources_of_ads"]["weighed_down"] == 0
    assert told["weighed_down"] > 0
    assert max(each["share"] for each in told["largest"]) > 0.95
    assert max(each["share_bounded"] for each in told["largest"]) <= bound * (1 + 1e-6)
    assert any("weighed down" in sentence for sentence in builds[1].manifest["not_quotable"])
    assert not any("agency" in str(each) for each in told["largest"]), "no source is named"
    asked, weights = (
        [each.tables[name].set_index(key)[column] for each in builds]
        for name, key, column in (
            ("skill_profiles", ["occupation", "skill", "horizon"], "asked_now"),
            ("skill_weights", "skill", "weight"),
        )
    )
    assert 0 < (asked[1] - asked[0]).abs().max() <= bound + 1e-9
    assert (weights[1] - weights[0]).abs().max() <= parameters["weight_rule"]["step"]
    one, many = (bounded_region(by_source(tiny, extra), parameters)[1].mentions for extra in (10_000, 10**7))
    pd.testing.assert_frame_equal(one, many)
    write_region(by_source(tiny, 10_000), tmp_path / "region")
    assert not problems_of(tmp_path / "region")
    assert read_region(tmp_path / "region").table("skill_mentions")["source"].nunique() == 21


def test_a_source_with_two_numbers_of_ads_is_refused(tiny: Region, tmp_path: Path) -> None:
    region = by_source(tiny, 10_000)
    table = region.tables["skill_mentions"]
    table.loc[table.index[-1], "ads"] = 20_000.0
    write_region(region, tmp_path / "region")
    (found,) = problems_of(tmp_path / "region")
    assert "several numbers of ads of one source" in str(found)
