"""Emerging skills: parts add up, false flags keep their rate, revisions and breaks stay out of trends."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.emerging import emerging_skills, sure_of_direction
from forecasting.parameters import Parameters
from forecasting.skill_change import occupation_change, shift_share
from forecasting.skill_counts import Counts, mention_counts
from forecasting.skill_outlook import earlier_origins, share_that_came, until
from forecasting.skill_trends import Trends, skill_trends
from forecasting.sources import demo

YEARS = range(2018, 2024)
NO_REVISION = pd.DataFrame({"classification": [], "old_code": [], "new_code": [], "valid_from": []})
NO_VACANCIES = pd.DataFrame({"period": [], "flag": []})


@pytest.fixture(scope="module")
def rule(parameters: Parameters) -> dict[str, Any]:
    return dict(parameters["emerging_skill"])


def ads_asking(
    drift: np.ndarray,
    seed: int = 0,
    *,
    occupations: int = 30,
    unlike: float = 0.3,
    common: float = 0.0,
    growth: np.ndarray | None = None,
    jump: float = 0.0,
) -> pd.DataFrame:
    """Return ``skill_mentions`` whose log-odds drift, dependent within occupation and year.

    `common` lifts every skill in each year, `jump` every skill's own way from 2021 on; occupations grow.
    """
    rng = np.random.default_rng(seed)
    start = rng.normal(-1.0, 1.0, (occupations, len(drift)))
    grown = np.zeros(occupations) if growth is None else growth
    jumps = jump * rng.choice([-1, 1], len(drift))
    frames = []
    for number, year in enumerate(YEARS):
        logit = start + drift * number + common * number + rng.normal(0, unlike, start.shape)
        chance = 1 / (1 + np.exp(-logit - jumps * (year >= 2021)))
        ads = np.round(400 * np.exp(grown * number)).astype(int)
        mentions = rng.binomial(ads[:, None], chance)
        row, column = np.nonzero(mentions)
        cells = {"period": str(year), "region": "TOTAL", "occupation": [f"o{i:02d}" for i in row]}
        cells |= {"skill": [f"s{i:03d}" for i in column], "ads": ads[row], "mentions": mentions[row, column]}
        frames.append(pd.DataFrame(cells))
    return pd.concat(frames, ignore_index=True)


def laid_out(
    mentions: pd.DataFrame, revision: pd.DataFrame = NO_REVISION, vacancies: pd.DataFrame = NO_VACANCIES
) -> Counts:
    return mention_counts(mentions, revision, vacancies, 2023, 6, 5)


def table(mentions: pd.DataFrame, rule: dict[str, Any], **more: pd.DataFrame) -> pd.DataFrame:
    return emerging_skills(laid_out(mentions, **more), frozenset(), rule).set_index("skill")


def test_between_and_within_add_up_and_are_as_in_plain_loops() -> None:
    rng = np.random.default_rng(3)
    size, share = rng.integers(0, 5, (7, 4)).astype(float), rng.random((7, 5, 4))
    size[0] = 1.0
    between, within = shift_share(size, share)
    for step in range(3):
        weight = [size[:, t] / size[:, t].sum() for t in (step, step + 1)]
        for skill in range(5):
            total = sum(weight[1] * share[:, skill, step + 1]) - sum(weight[0] * share[:, skill, step])
            assert between[skill, step] + within[skill, step] == pytest.approx(total, abs=1e-12)
            inside = 0.0
            for job in range(7):
                if size[job, step] and size[job, step + 1]:
                    change = share[job, skill, step + 1] - share[job, skill, step]
                    inside += (weight[0][job] + weight[1][job]) / 2 * change
            assert within[skill, step] == pytest.approx(inside, abs=1e-12)


def test_an_occupation_that_changes_by_chance_alone_changes_about_as_much_as_said() -> None:
    rng, ads = np.random.default_rng(1), np.full((2000, 2), 150.0)
    share = rng.binomial(150, 0.3, (2000, 4, 2)) / 150
    change, noise = occupation_change(ads, share)
    assert change.mean() == pytest.approx(noise.mean(), rel=0.05)
    assert np.isnan(occupation_change(np.array([[5.0, 0.0]]), share[:1])[0]).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_emerges_where_ads_only_depend_on_each_other(rule: dict[str, Any], seed: int) -> None:
    found = table(ads_asking(np.zeros(80), seed, unlike=0.5, common=0.15), rule)
    assert found["direction"].isin(["emerging", "fading"]).mean() <= 0.02


def test_flags_find_what_moves_and_keep_their_rate(rule: dict[str, Any]) -> None:
    drift = np.concatenate([np.full(15, 0.35), np.full(15, -0.35), np.zeros(70)])
    flagged = right = 0
    for seed in range(3):
        found = table(ads_asking(drift, seed, common=0.1), rule)
        way = found["direction"].map({"emerging": 1, "fading": -1}).fillna(0).to_numpy()
        flagged += int((way != 0).sum())
        right += int(((way == np.sign(drift)) & (way != 0)).sum())
    assert flagged >= 0.5 * 3 * 30
    assert 1 - right / flagged <= rule["fdr"]


def test_growing_occupations_are_between_and_no_flag(rule: dict[str, Any]) -> None:
    growth = np.where(np.arange(30) < 10, 0.3, 0.0)
    found = table(ads_asking(np.zeros(40), growth=growth, unlike=0.1), rule)
    assert found["between"].abs().max() > 0.05
    assert (found["direction"] == "none").all()
    total = found["share_now"] - found["share_before"]
    assert (found["within"] + found["between"]).to_numpy() == pytest.approx(total.to_numpy(), abs=1e-12)


def test_a_break_of_the_source_is_no_change_of_skills(rule: dict[str, Any]) -> None:
    mentions = ads_asking(np.zeros(40), unlike=0.1, jump=0.8)
    marked = pd.DataFrame({"period": ["2021-Q1"] * 3, "flag": ["b", "b", ""]})
    found = table(mentions, rule, vacancies=marked)
    assert (found["direction"] == "none").all()
    moved = [
        np.abs(skill_trends(laid_out(mentions, vacancies=each)).moved) for each in (marked, NO_VACANCIES)
    ]
    assert moved[0].mean() < 0.3 * moved[1].mean()
    assert (found["from_year"] == 2021).all()


def test_a_year_in_whose_midst_a_source_breaks_is_left_out() -> None:
    marked = pd.DataFrame({"period": ["2021-Q2"], "flag": ["b"]})
    counts = laid_out(ads_asking(np.zeros(3)), vacancies=marked)
    assert counts.times.tolist() == [2018, 2019, 2020, 2022, 2023]
    assert counts.segment.tolist() == [0, 0, 0, 1, 1]


def test_new_revised_rare_and_retired_codes_are_not_judged(rule: dict[str, Any]) -> None:
    mentions = ads_asking(np.concatenate([np.full(3, 0.4), np.zeros(30)]))
    year = mentions["period"].astype(int)
    born = mentions["skill"].eq("s000") & (year < 2023)
    rare = mentions["skill"].eq("s010") & (mentions["occupation"] != "o00")
    revision = pd.DataFrame(
        {"classification": ["skills"], "old_code": ["x"], "new_code": ["s001"], "valid_from": ["2023-01-01"]}
    )
    counts = laid_out(mentions[~born & ~rare].assign(), revision)
    counts = replace(
        counts, mentions=np.where(counts.skill[:, None] == 10, counts.mentions // 50, counts.mentions)
    )
    found = emerging_skills(counts, frozenset({"s011"}), rule).set_index("skill")
    told = {
        "s000": "new or revised code",
        "s001": "new or revised code",
        "s010": "few ads",
        "s011": "retired code",
    }
    for skill, note in told.items():
        assert found.loc[skill, ["direction", "note", "reason"]].tolist() == [
            "abstain",
            note,
            "low_reliability",
        ]
        assert np.isnan(found.loc[skill, "log_odds_p50"])
    assert found.loc["s002", "direction"] == "emerging"


def test_sentences_say_the_figures(rule: dict[str, Any]) -> None:
    drift = np.concatenate([np.full(5, 0.5), np.zeros(40)])
    found = table(ads_asking(drift), rule)
    for row in found.to_dict("records"):
        assert f"Asked in {row['share_now']:.1%} of ads" in row["why"]
        assert f"{100 * row['within']:+.1f} within occupations" in row["why"]
        assert f"{100 * row['points_p10']:+.2f} to {100 * row['points_p90']:+.2f} points" in row["why"]
        assert f"q {row['q_value']:.3f}" in row["why"]
    assert found["why"].str.contains("emerging:").tolist() == found["direction"].eq("emerging").tolist()


def test_relabelling_skills_and_shuffling_rows_is_neutral(rule: dict[str, Any]) -> None:
    mentions = ads_asking(np.concatenate([np.full(5, 0.5), np.zeros(20)]))
    named = mentions.assign(skill="z" + mentions["skill"].str[1:]).sample(frac=1, random_state=1)
    one, other = table(mentions, rule), table(named, rule)
    assert one["direction"].tolist() == other["direction"].tolist()
    assert one["points_p50"].to_numpy() == pytest.approx(other["points_p50"].to_numpy())


def test_the_surest_are_kept_while_the_mean_chance_of_error_allows() -> None:
    rng = np.random.default_rng(5)
    chance = rng.uniform(0.5, 1, 200)
    kept = sure_of_direction(chance, 0.1)
    assert (1 - chance[kept]).mean() <= 0.1
    assert chance[kept].min() >= chance[~kept].max()
    more = np.append(chance[kept], chance[~kept].max())
    assert (1 - more).mean() > 0.1


def test_a_region_without_ads_has_no_rows(rule: dict[str, Any]) -> None:
    nothing = ads_asking(np.zeros(2)).iloc[:0]
    assert emerging_skills(laid_out(nothing), frozenset(), rule).empty


def test_a_few_movers_are_not_drawn_to_the_many_that_stand_still() -> None:
    drift = np.concatenate([np.full(6, 0.4), np.zeros(94)])
    found = skill_trends(laid_out(ads_asking(drift)))
    assert found.change[:6].min() > 0.7 * 0.4
    assert np.abs(found.change[6:]).mean() < 0.05
    assert found.probability[:6].min() > 0.95


def test_what_earlier_origins_foretold_twice_too_large_is_halved() -> None:
    drift = np.random.default_rng(2).normal(0, 0.3, 80)
    counts = laid_out(ads_asking(drift, unlike=0.1))
    drift = drift - np.median(drift)

    def foretell(known: Counts, ahead: float) -> Trends:
        assert known.times[-1] < counts.times[-1]
        return replace(skill_trends(known, ahead), change=2 * drift * ahead)

    assert share_that_came(counts, 1.0, foretell) == pytest.approx(0.5, abs=0.07)
    few = replace(counts, valid=np.arange(80)[:, None] < np.full((1, 6), 10))
    assert share_that_came(few, 1.0) == 1.0


def test_earlier_origins_lie_across_no_break_and_look_at_no_block_after() -> None:
    marked = pd.DataFrame({"period": ["2022-Q1"], "flag": ["b"]})
    whole, broken = laid_out(ads_asking(np.zeros(3))), laid_out(ads_asking(np.zeros(3)), vacancies=marked)
    assert earlier_origins(whole, 1.0) == [(5, 1), (4, 1)]
    assert earlier_origins(broken, 1.0) == [(5, 1)]
    known = until(whole, 4)
    assert known.times.tolist() == whole.times[:4].tolist()
    assert known.mentions.tolist() == whole.mentions[:, :4].tolist()


@pytest.mark.full
def test_flags_of_the_simulated_region_keep_their_rate(rule: dict[str, Any]) -> None:
    wrong, flagged = {2026: 0, 2030: 0}, 0
    names = ("skill_mentions", "concordance", "occupation_vacancies")
    for seed in (201, 202, 203, 204, 205):
        found = demo.generate(seed=seed)
        tables = [found.region.table(name) for name in names]
        counts = mention_counts(*tables, 2025, rule["years"], rule["yearly_from"])
        told = emerging_skills(counts, frozenset(), rule).set_index("skill")["direction"]
        way = told.map({"emerging": 1, "fading": -1}).dropna()
        ads = pd.Series(counts.ads[:, -1], index=counts.occupations)
        asked = found.truth["profiles"].set_index(["year", "occupation", "skill"])["asked"]
        asked = asked.mul(ads, level="occupation").groupby(["year", "skill"]).sum().unstack("year")
        flagged += len(way)
        for year in wrong:
            wrong[year] += int((np.sign(asked[year] - asked[2025]).reindex(way.index) != way).sum())
    assert flagged >= 25
    margin = 2 * np.sqrt(rule["fdr"] * (1 - rule["fdr"]) / flagged)  # of counting so many flags
    assert max(wrong.values()) / flagged <= rule["fdr"] + margin, (wrong, flagged)
