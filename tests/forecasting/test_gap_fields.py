"""What the table of gaps says beside its means: intervals of parts, draws with openings, the sentence."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from forecasting.cells import Cells
from forecasting.gap_sentences import Persons, why
from forecasting.gaps import Gap, gap
from forecasting.parameters import Parameters
from forecasting.publication import gaps_table
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS

DRAWS: Final = 40
PERCENTS: Final = (10, 50, 90)


def published(openings: np.ndarray, supply: np.ndarray, lack: np.ndarray, parameters: Parameters) -> Any:
    """Return the published row of one made-up cell, and its gap, draw by draw."""
    sources = np.stack([supply, np.zeros_like(supply)])[:, None, :]
    found = gap(openings[None], sources, np.stack([lack, np.zeros_like(lack)])[:, None, :])
    reasons = {f"reason_{name}": "" for name in ("openings", "employment", ENTRANTS, JOBSEEKERS)}
    place = {"region": "R", "occupation": "A", "scenario": "baseline", "horizon": 5, "aggregate": False}
    index = pd.DataFrame(
        [{**place, **reasons, "reason": "", "base": 1e6, "central_openings": openings.mean()}]
    )
    nothing = np.zeros_like(openings)[None]
    fields: dict[str, Any] = {field.name: nothing for field in dataclasses.fields(Cells)}
    fields |= {"index": index, "gap": found, "supply": sources, "sources": (ENTRANTS, JOBSEEKERS)}
    fields["lack"] = np.stack([lack, np.zeros_like(lack)])[:, None, :]
    return gaps_table(Cells(**fields), 2025, {5: "tested"}, parameters).iloc[0], found


def plainly(persons: np.ndarray, found: Gap) -> list[float]:
    """Return the share of openings in every draw that has some, one by one."""
    return [
        float(part) / float(openings)
        for part, openings in zip(persons[0], found.openings[0], strict=True)
        if openings > 0
    ]


@pytest.fixture
def draws() -> Mapping[str, np.ndarray]:
    random = np.random.default_rng(7)
    openings = np.clip(random.normal(60, 60, DRAWS), 0, None)
    return {
        "openings": openings,
        "supply": random.uniform(0, 90, DRAWS),
        "lack": random.uniform(0, 0.5, DRAWS),
    }


def test_intervals_of_the_parts_are_those_of_the_draws_with_openings(
    draws: Mapping[str, np.ndarray], parameters: Parameters
) -> None:
    row, found = published(**draws, parameters=parameters)
    for name, persons in (("quantitative", found.no_person), ("qualitative", found.lacking_skills)):
        shares = plainly(persons, found)
        assert 0 < len(shares) < DRAWS
        assert row[name] == pytest.approx(np.mean(shares))
        for percent in PERCENTS:
            assert row[f"{name}_p{percent}"] == pytest.approx(np.percentile(shares, percent))
    assert row["quantitative"] + row["qualitative"] == pytest.approx(row["score"])


def test_the_share_of_draws_with_openings_is_a_count_and_the_sentence_says_it(
    draws: Mapping[str, np.ndarray], parameters: Parameters
) -> None:
    row, found = published(**draws, parameters=parameters)
    some = sum(1 for openings in found.openings[0] if openings > 0) / DRAWS
    assert row["share_of_draws_with_openings"] == pytest.approx(some)
    short = [share > parameters["shortage_threshold"] for share in plainly(found.unfilled, found)]
    assert row["probability_of_shortage"] == pytest.approx(np.mean(short)), "of the draws with openings"
    assert f"In {100 * (1 - some):.0f} % of the futures there are no openings" in row["why"]
    assert f"In {100 * (1 - some):.0f} % van de toekomsten" in row["why_nl"]
    row, _ = published(draws["openings"] + 1, draws["supply"], draws["lack"], parameters)
    assert row["share_of_draws_with_openings"] == 1
    assert "futures" not in row["why"]


@pytest.mark.parametrize(("known", "covers"), [(40, "both"), (20, "partly"), (0, "quantitative")])
def test_what_a_score_covers(
    draws: Mapping[str, np.ndarray], parameters: Parameters, known: int, covers: str
) -> None:
    lack = np.where(np.arange(DRAWS) < known, draws["lack"], np.nan)
    row, _ = published(draws["openings"], draws["supply"], lack, parameters)
    assert row["covers"] == covers
    assert (row["score"] > row["quantitative"] + 1e-9) == (covers != "quantitative")
    unknown = row[["qualitative", *(f"qualitative_p{percent}" for percent in PERCENTS)]].isna()
    assert unknown.all() if covers != "both" else not unknown.any()
    assert ("at least" in row["why"]) == ("minstens" in row["why_nl"]) == (covers != "both")


ROW: Final[Mapping[str, Any]] = {
    **{"from_year": 2025, "to_year": 2030, "reason": "", "covers": "both"},
    **{"openings": 1234.4, "supply": 700.0, "share_of_draws_with_openings": 0.58},
    **{"score": 0.162, "quantitative": 0.07, "qualitative": 0.092, "score_p50": 0.1},
}


def test_the_parts_stand_with_the_mean_they_add_up_to() -> None:
    persons = Persons(1000.0, 500.0, 150.0)
    assert why(ROW, persons, 0.05, "en") == (
        "2025-2030: on average 1,234 openings (1,000 to replace leavers, 234 new jobs if it grows) for 500 "
        "entrants and 150 job seekers, and 50 from other sources; mean share unfilled 16 %: 7 % no person, "
        "9 % lack of skills; median 10 %. In 42 % of the futures there are no openings: the shares are over "
        "the others."
    )
    said = why(ROW, persons, 0.05, "nl")
    assert "gemiddeld 1.234 baanopeningen" in said
    assert "gemiddeld aandeel oningevuld 16 %: 7 % niemand, 9 % vaardigheden ontbreken; mediaan 10 %." in said
    assert "42 %" not in why(ROW, persons, 0.5, "en")


def test_a_small_chance_is_not_told_as_none() -> None:
    rare = {**ROW, "reason": "not_applicable", "share_of_draws_with_openings": 0.004}
    assert "no openings in 99.6 % of the futures" in why(rare, Persons(0, 0, 0), 0.05, "en")
    hidden = {**ROW, "reason": "confidential", "share_of_draws_with_openings": np.nan}
    assert why(hidden, Persons(0, 0, 0), 0.05, "en") == "2025-2030: no score, too few persons."
    assert why(hidden, Persons(0, 0, 0), 0.05, "nl") == "2025-2030: geen score, te weinig personen."


def test_every_published_sentence_says_the_numbers_of_its_row(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    assert len(gaps)
    for row in gaps[gaps["reason"].eq("")].to_dict("records"):
        for text, words in ((row["why"], r"mean .*?median"), (row["why_nl"], r"oningevuld .*?mediaan")):
            said = re.search(rf"{words}[^0-9]*[\d.,]+", text)
            assert said is not None, text
            told = [float(each.replace(",", ".")) for each in re.findall(r"\d+(?:[.,]\d+)?", said.group())]
            real = [row[name] for name in ("score", "quantitative", "qualitative", "score_p50")]
            assert told == pytest.approx([100 * share for share in real], abs=0.5001), text
        assert f"on average {row['openings']:,.0f} openings" in row["why"]


def test_published_parts_are_ordered_and_within_the_openings(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    for part in ("quantitative", "qualitative"):
        low, half, high = (gaps[f"{part}_p{percent}"] for percent in PERCENTS)
        known = gaps[part].notna()
        assert known.any()
        assert (low.isna() == ~known).all()
        assert (low[known] <= half[known] + 1e-12).all()
        assert (half[known] <= high[known] + 1e-12).all()
        assert low[known].ge(0).all()
        assert high[known].le(1).all()
    assert gaps["share_of_draws_with_openings"].between(0, 1).all()


def test_published_shares_are_counts_of_the_kept_draws(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    shares = gaps.loc[gaps["scenario"] == "baseline", "share_of_draws_with_openings"].to_numpy()
    kept = tiny_snapshot.draws["openings"]
    assert len(shares) == len(kept)
    for share, openings in zip(shares, kept, strict=True):
        assert share == pytest.approx(sum(1 for each in openings if each > 0) / len(openings))
