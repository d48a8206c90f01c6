"""Profiles that move: what is a trend and what only looks like one, and what supply holds."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.skill_evidence import (
    choose_share_method,
    fit_share_spread,
    middle,
    share_errors,
    share_table,
)
from forecasting.skill_forecast import SkillForecast, skill_forecast
from forecasting.skill_mentions import Ads, lay_out_ads, under_new_codes, yearly
from forecasting.skill_shares import share_methods, shares_of, smoothed

YEARS = range(2014, 2026)
NO_MOVES = pd.DataFrame(columns=["classification", "old_code", "new_code", "weight", "valid_from"])
OCCUPATIONS = tuple(f"{group}{number}" for group in "ab" for number in range(8))


def classification() -> pd.DataFrame:
    groups = pd.DataFrame({"code": ["TOTAL", "a", "b"], "parent": ["", "TOTAL", "TOTAL"]})
    leaves = pd.DataFrame({"code": OCCUPATIONS, "parent": [code[0] for code in OCCUPATIONS]})
    return pd.concat([groups, leaves], ignore_index=True)


def mentions(shares: dict[str, dict[int, float]], ads: int = 2000, seed: int = 4) -> pd.DataFrame:
    """Return counts of skills whose log-odds differ by occupation and whose share moves as given."""
    rng = np.random.default_rng(seed)
    rows = []
    for skill, path in shares.items():
        for occupation in OCCUPATIONS:
            own = rng.normal(0, 0.4)
            for year, share in path.items():
                odds = np.log(share / (1 - share)) + own
                asked = rng.binomial(ads, 1 / (1 + np.exp(-odds)))
                rows.append((str(year), "TOTAL", occupation, skill, ads, asked))
    return pd.DataFrame(rows, columns=["period", "region", "occupation", "skill", "ads", "mentions"])


def steady(share: float) -> dict[int, float]:
    return dict.fromkeys(YEARS, share)


def rising(share: float, slope: float = 0.25) -> dict[int, float]:
    odds = np.log(share / (1 - share))
    return {year: 1 / (1 + np.exp(-odds - slope * place)) for place, year in enumerate(YEARS)}


def laid_out(table: pd.DataFrame, parameters: Parameters, moves: pd.DataFrame = NO_MOVES) -> Ads:
    return lay_out_ads(table, classification(), moves, 2025, parameters)


def with_values(parameters: Parameters, **values: object) -> Parameters:
    changed = {
        name: dataclasses.replace(parameters.values[name], value=value) for name, value in values.items()
    }
    return dataclasses.replace(parameters, values={**parameters.values, **changed})


@pytest.fixture(scope="module")
def moving(parameters: Parameters) -> Ads:
    paths = {f"s{number}": steady(0.1 + 0.08 * number) for number in range(8)}
    return laid_out(mentions(paths | {"up": rising(0.1), "down": rising(0.6, -0.2)}), parameters)


def slopes(ads: Ads, parameters: Parameters) -> pd.Series:
    found = smoothed(yearly(ads, 2025, parameters)).slope
    return pd.Series(found).groupby(ads.index["skill"]).mean()


def test_a_skill_that_rises_everywhere_has_its_slope_and_a_steady_one_none(
    moving: Ads, parameters: Parameters
) -> None:
    slope = slopes(moving, parameters)
    assert slope["up"] == pytest.approx(0.25, abs=0.03)
    assert slope["down"] == pytest.approx(-0.2, abs=0.03)
    assert slope.drop(["up", "down"]).abs().max() < 0.03


def test_levels_are_the_shares_that_many_ads_show(moving: Ads, parameters: Parameters) -> None:
    counts = yearly(moving, 2025, parameters)
    share = counts.mentions[:, -1] / counts.ads[:, -1]
    np.testing.assert_allclose(shares_of(smoothed(counts).at(0)), share, atol=0.05)


def test_few_ads_lean_on_the_group(parameters: Parameters) -> None:
    table = mentions({f"s{number}": steady(0.3) for number in range(6)})
    lean = table["occupation"] == "a0"
    table.loc[lean, "ads"], table.loc[lean, "mentions"] = 2.0, 0.0
    ads = laid_out(table[~(lean & (table["skill"] == "s0"))], parameters)
    share = pd.Series(shares_of(smoothed(yearly(ads, 2025, parameters)).at(0)))
    pairs = ads.index.assign(share=share).set_index(["occupation", "skill"])["share"]
    assert 0.1 < pairs["a0", "s0"] < 0.35, (
        "its group asks the skill in three ads of ten, two dozen say little"
    )
    assert (pairs["a0"] < pairs["a1"].mean()).all()


def test_a_skill_new_in_the_list_has_no_trend_from_nothing(parameters: Parameters) -> None:
    born = {year: 0.3 for year in YEARS if year >= 2020}
    ads = laid_out(mentions({"s0": steady(0.3), "s1": steady(0.5), "new": born}), parameters)
    counts = yearly(ads, 2025, parameters)
    mine = (ads.index["skill"] == "new").to_numpy()
    assert (counts.ads[mine][:, :6] == 0).all(), "before it was listed no ad could ask it"
    assert abs(slopes(ads, parameters)["new"]) < 0.05
    levels = smoothed(counts)
    np.testing.assert_allclose(levels.at(-9)[mine], levels.at(-5)[mine])


def test_codes_that_merged_start_anew_and_renamed_ones_keep_their_past(parameters: Parameters) -> None:
    before, after = range(2014, 2020), range(2020, 2026)
    old = {code: dict.fromkeys(before, 0.3) for code in ("x1", "x2", "y1")}
    new = {code: dict.fromkeys(after, 0.5) for code in ("x", "y")}
    moves = pd.DataFrame(
        [("skills", "x1", "x"), ("skills", "x2", "x"), ("skills", "y1", "y")],
        columns=["classification", "old_code", "new_code"],
    ).assign(weight=1.0, valid_from="2020-01-01")
    ads = laid_out(mentions({"s": steady(0.4), **old, **new}), parameters, moves)
    assert set(ads.index["skill"]) == {"s", "x", "y"}
    first = {
        skill: ads.mentions[(ads.index["skill"] == skill).to_numpy()].sum(axis=0) for skill in ("x", "y")
    }
    assert not first["x"][:6].any()
    assert first["y"].all()


def test_a_source_that_changed_is_no_trend(parameters: Parameters) -> None:
    paths = {}
    for number in range(8):
        odds = -1.0 + 0.3 * number
        paths[f"s{number}"] = {
            year: 1 / (1 + np.exp(-odds - (0.6 if year >= 2019 else 0.0))) for year in YEARS
        }
    ads = laid_out(mentions(paths), parameters)
    counts = yearly(ads, 2025, parameters)
    assert counts.shift[:5] == pytest.approx([0.6] * 5, abs=0.06)
    assert not counts.shift[5:].any()
    assert slopes(ads, parameters).abs().max() < 0.02


def test_nothing_after_the_origin_is_looked_at(moving: Ads, parameters: Parameters) -> None:
    later = dataclasses.replace(moving, mentions=moving.mentions.copy())
    later.mentions[:, 7:] = 0.0
    for name, method in share_methods(parameters["profile_damping"]).items():
        one, other = (method(yearly(ads, 2020, parameters)).of_ads(3.0) for ads in (moving, later))
        np.testing.assert_array_equal(one, other, err_msg=name)


def test_what_ships_beats_the_shares_that_stay(moving: Ads, parameters: Parameters) -> None:
    errors = share_errors(moving, (1, 5), parameters)
    table = share_table(moving, errors, (1, 5), parameters)
    chosen = choose_share_method(table, 3)
    score = table.set_index(["method", "horizon"])["mae"]
    assert chosen in parameters["profile_damping"]
    for years in (1, 5):
        assert score[chosen, years] < min(score["naive", years], score["mean", years])
    spread = fit_share_spread(errors[errors["method"] == chosen], 3)
    assert spread is not None
    assert spread.at(10) >= spread.at(1) >= 0
    assert (spread.shocks**2).mean() == pytest.approx(1, rel=0.01)


def test_shares_that_stay_ship_where_nothing_moves(parameters: Parameters) -> None:
    table = mentions({"s0": steady(0.3), "s1": steady(0.5)})
    table["mentions"] = table["ads"] * np.where(table["skill"] == "s0", 0.3, 0.5)
    ads = laid_out(table, parameters)
    scores = share_table(ads, share_errors(ads, (1, 5), parameters), (1, 5), parameters)
    assert choose_share_method(scores, 3) == "mean"


def region_of(tiny: Region, table: pd.DataFrame, **more: pd.DataFrame) -> Region:
    occupations = classification().assign(level=0)
    empty = {"occupation_skills": tiny.tables["occupation_skills"].iloc[:0]}
    seekers = {"jobseeker_skills": tiny.tables["jobseeker_skills"].iloc[:0]}
    tables = {"occupations": occupations, "skill_mentions": table, "concordance": NO_MOVES}
    return dataclasses.replace(tiny, tables={**tiny.tables, **empty, **seekers, **tables, **more})


def forecast(
    region: Region, parameters: Parameters, occupations: tuple[str, ...] = OCCUPATIONS
) -> SkillForecast:
    ads = lay_out_ads(region.table("skill_mentions"), region.table("occupations"), NO_MOVES, 2025, parameters)
    errors = share_errors(ads, (1, 5, 10), parameters)
    chosen = choose_share_method(share_table(ads, errors, (1, 5, 10), parameters), 3)
    return skill_forecast(region, occupations, chosen, errors[errors["method"] == chosen], parameters, 1)


@pytest.fixture(scope="module")
def found(tiny: Region, parameters: Parameters) -> SkillForecast:
    few = with_values(parameters, over_asking={"quantile": 0.1, "fewest": 99})
    paths = {f"s{number}": steady(0.2 + 0.1 * number) for number in range(6)}
    return forecast(region_of(tiny, mentions(paths | {"up": rising(0.05, 0.3)})), few)


def test_who_learnt_earlier_lacks_what_rose_since(found: SkillForecast) -> None:
    row = found.occupations.index("a1")
    now, later = found.demand(row)[0], found.demand(row)[1]
    up = found.skills.index("up")
    place = int(np.flatnonzero(now.skill == up)[0])
    assert now.held["entrants"][place].mean() < now.held["jobseekers"][place].mean() < now.asked[place].mean()
    assert now.asked[place].mean() < later.asked[place].mean()
    assert now.shortfall("entrants")[place].mean() > 0.1
    others = np.delete(now.shortfall("entrants").mean(axis=1), place)
    assert others.max() < 0.05
    assert (found.lacks("entrants") > 0).any()
    assert np.nanmean(found.lacks("entrants")[0]) > np.nanmean(found.lacks("jobseekers")[0])


def test_job_seekers_are_those_at_the_start_and_entrants_those_of_the_window(found: SkillForecast) -> None:
    windows = dataclasses.replace(found, strays=0.0).demand(1)
    for demand in windows[1:]:
        np.testing.assert_array_equal(demand.held["jobseekers"], windows[0].held["jobseekers"])
        assert (demand.held["entrants"] != windows[0].held["entrants"]).any()
    assert np.nanmean(found.lacks("jobseekers")[2]) > np.nanmean(found.lacks("jobseekers")[0])


def test_what_is_short_strays_alike_in_every_window(found: SkillForecast) -> None:
    plain, strayed = (dataclasses.replace(found, strays=far).lacks("entrants")[:, 1] for far in (0, 0.3))
    np.testing.assert_allclose(strayed[0] / plain[0], strayed[2] / plain[2])
    assert np.log(strayed[0] / plain[0]).std() == pytest.approx(0.3, abs=0.06)


def test_who_learns_today_lacks_exactly_nothing(tiny: Region, parameters: Parameters) -> None:
    learnt_today = with_values(parameters, curriculum_lag=0, last_work_lag=0)
    table = mentions({"s0": steady(0.3), "s1": steady(0.5), "up": rising(0.1)})
    same = forecast(region_of(tiny, table), learnt_today)
    assert same.draws > 1
    assert same.holding is None
    assert not same.lacks("entrants").any()


TOLD_BY = mentions({f"s{number}": steady(0.2 + 0.1 * number) for number in range(6)}, ads=4000, seed=9)


def told(more: float, occupations: tuple[str, ...]) -> pd.DataFrame:
    """Return what job seekers hold where a share p of all ads asks it: p·(1 + more·(1 − p))."""
    pairs = TOLD_BY[TOLD_BY["occupation"].isin(occupations)].groupby(["occupation", "skill"])
    share = pairs["mentions"].sum() / pairs["ads"].sum()
    return (share * (1 + more * (1 - share))).rename("share").reset_index()


@pytest.fixture(scope="module")
def past_errors(parameters: Parameters) -> pd.DataFrame:
    errors = share_errors(laid_out(TOLD_BY, parameters), (1, 5), parameters)
    return errors[errors["method"] == "level"]


def test_how_holding_goes_with_asking_is_learnt_and_taken_of_those_whose_skills_nobody_lists(
    tiny: Region, parameters: Parameters, past_errors: pd.DataFrame
) -> None:
    raw = with_values(parameters, over_asking={"quantile": 0.1, "fewest": 99})
    without, learnt = (
        skill_forecast(
            region_of(tiny, TOLD_BY, jobseeker_skills=told(0.5, OCCUPATIONS[:count])),
            *(OCCUPATIONS, "level", past_errors, raw, 1),
        )
        for count in (9, 15)
    )
    assert without.holding is None
    assert learnt.holding is not None
    assert learnt.holding.more == pytest.approx(0.5, abs=0.05)
    for source, row in (("entrants", 0), ("jobseekers", 15)):
        demand = learnt.demand(row)[0]
        expected = learnt.holding.of(demand.asked.mean(axis=1))
        np.testing.assert_allclose(demand.held[source].mean(axis=1), expected, atol=0.03, err_msg=source)
        assert np.mean(learnt.lacks(source)[0, row]) < np.mean(without.lacks(source)[0, row])


def test_what_is_held_strays_alike_in_every_window(
    tiny: Region, parameters: Parameters, past_errors: pd.DataFrame
) -> None:
    uneven = told(0.3, OCCUPATIONS[:12])
    uneven["share"] *= np.where(np.arange(len(uneven)) % 2, 0.8, 1.2)
    region = region_of(tiny, TOLD_BY, jobseeker_skills=uneven)
    found = skill_forecast(region, OCCUPATIONS, "level", past_errors, parameters, 1)
    one = dataclasses.replace(found, strays=0.0)
    assert one.holding is not None
    assert one.holding.apart > 0.01
    first, last = one.demand(3)[0], one.demand(3)[2]
    np.testing.assert_array_equal(first.held["jobseekers"], last.held["jobseekers"])
    mean = uneven.set_index(["occupation", "skill"])["share"][OCCUPATIONS[3]].to_numpy()
    np.testing.assert_allclose(first.held["jobseekers"].mean(axis=1), mean, atol=0.05)
    for held in (first.held["entrants"], last.held["entrants"], first.held["jobseekers"]):
        assert ((held >= 0) & (held <= 1)).all()


def test_draws_are_the_same_for_the_same_seed_whatever_is_asked_first(found: SkillForecast) -> None:
    again = dataclasses.replace(found)
    again.demand(5)
    np.testing.assert_array_equal(found.demand(2)[1].asked, again.demand(2)[1].asked)


def test_what_job_seekers_are_said_to_hold_comes_first_and_silence_is_unknown(
    tiny: Region, parameters: Parameters
) -> None:
    table = mentions({"s0": steady(0.4), "s1": steady(0.5), "s2": steady(0.5)})
    told = pd.DataFrame({"occupation": "a1", "skill": ["s0"], "share": [0.1]})
    raw = with_values(parameters, over_asking={"quantile": 0.1, "fewest": 99}, lack_error=0.0)
    one = forecast(region_of(tiny, table, jobseeker_skills=told), raw).demand(1)[0]
    assert one.held["jobseekers"][0, 0] == pytest.approx(0.1)
    assert np.isnan(one.held["jobseekers"][1:]).all()
    assert np.isnan(one.lack("jobseekers", 0.25)).all()
    assert np.isfinite(one.lack("jobseekers", 0.9)).all()


def test_sources_that_nothing_describes_are_unknown_or_named_as_another(
    tiny: Region, parameters: Parameters
) -> None:
    region = region_of(tiny, mentions({"s0": steady(0.3), "up": rising(0.2)}))
    alike = {"re_entrants": "jobseekers", "migrants": "", "commuters": ""}
    one = forecast(region, with_values(parameters, skills_as=alike))
    np.testing.assert_array_equal(one.lacks("re_entrants"), one.lacks("jobseekers"))
    assert np.isnan(one.lacks("migrants")).all()


def test_without_ads_the_list_says_what_is_asked_and_nothing_what_is_held(
    tiny: Region, parameters: Parameters
) -> None:
    listed = pd.DataFrame(
        {"occupation": "a1", "skill": ["p", "q"], "relation": ["essential", "optional"], "weight": [1.0, 0.5]}
    )
    none = mentions({"s0": steady(0.3)}).iloc[:0]
    one = forecast(region_of(tiny, none, occupation_skills=listed), parameters)
    demand = one.demand(1)[0]
    assert one.draws == 1
    np.testing.assert_allclose(demand.asked[:, 0], [1.0, 0.5])
    assert np.isnan(one.lacks("entrants")).all()
    assert not one.described[0]


def test_a_concept_listed_under_its_old_and_its_new_code_counts_once() -> None:
    moves = pd.DataFrame({"old_code": ["old"], "new_code": ["new"]})
    table = pd.DataFrame({"occupation": "a", "skill": ["old", "new", "other"], "weight": 1.0})
    assert under_new_codes(table, moves)["skill"].tolist() == ["new", "new", "other"]


def test_the_middle_of_a_window_is_the_mean_of_its_years() -> None:
    assert [middle(years) for years in (1, 5, 10)] == [np.mean(range(1, years + 1)) for years in (1, 5, 10)]


def test_no_ads_before_the_origin_is_refused(moving: Ads, parameters: Parameters) -> None:
    with pytest.raises(ValueError, match="no ads up to 1999; expected a year from 2014 on"):
        yearly(moving, 1999, parameters)
