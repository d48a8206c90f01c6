"""Indicators: as plain loops give them, in classes whose probabilities add up, hidden where the parts are."""

import math

import numpy as np
import pandas as pd
import pytest

from forecasting.indicators import (
    COVERAGE,
    ITA,
    OPENINGS_PER_SEEKER,
    SEEKERS_PER_OPENING,
    classes,
    indicator_draws,
    quantiles,
)
from forecasting.parameters import Parameters
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(4)
    openings = rng.gamma(2, 50, (12, 301))
    openings[0] = 0
    openings[1, ::2] = 0
    supply = {ENTRANTS: rng.gamma(2, 40, (12, 301)), JOBSEEKERS: rng.gamma(1, 20, (12, 301))}
    supply[JOBSEEKERS][2] = 0
    return openings, supply


def test_indicators_in_plain_loops(drawn) -> None:
    openings, supply = drawn
    found = indicator_draws(openings, supply)
    for cell in range(3, 12):
        for draw in range(0, 301, 50):
            opened = openings[cell, draw]
            entering, seeking = supply[ENTRANTS][cell, draw], supply[JOBSEEKERS][cell, draw]
            assert found[ITA][cell, draw] == pytest.approx((entering + seeking) / opened)
            assert found[COVERAGE][cell, draw] == pytest.approx(entering / opened)
            assert found[SEEKERS_PER_OPENING][cell, draw] == pytest.approx(seeking / opened)
            assert found[OPENINGS_PER_SEEKER][cell, draw] == pytest.approx(opened / seeking)


def test_class_probabilities_in_plain_loops(drawn) -> None:
    bounds = [0.85, 1.0, 1.05, 1.15]
    draws = indicator_draws(*drawn)[ITA]
    found = classes(draws, bounds)
    for cell in range(1, 12):
        counts = [0] * 5
        for value in draws[cell]:
            counts[sum(value > bound for bound in bounds)] += 1
        assert found[cell].tolist() == pytest.approx([count / 301 for count in counts])
    assert found[1:].sum(axis=1) == pytest.approx(np.ones(11))
    assert found[0].tolist() == [0, 0, 0, 0, 1], "supply without any opening is a surplus"


def test_quantiles_of_infinite_draws_are_unknown(drawn) -> None:
    draws = indicator_draws(*drawn)[ITA]
    found = quantiles(draws)
    assert math.isnan(found["p50"][0])
    assert math.isnan(found["p90"][1]), "half of the draws have no openings"
    assert found["p10"][1] > 0
    ordered = sorted(draws[5])
    assert found["p50"][5] == ordered[math.ceil(0.5 * 301) - 1]


def test_more_supply_never_lowers_and_more_openings_never_raise_ita(drawn) -> None:
    openings, supply = drawn
    before = quantiles(indicator_draws(openings, supply)[ITA])["p50"][3:]
    more = {source: persons * 1.1 for source, persons in supply.items()}
    assert (quantiles(indicator_draws(openings, more)[ITA])["p50"][3:] >= before).all()
    assert (quantiles(indicator_draws(openings * 1.1, supply)[ITA])["p50"][3:] <= before).all()


def test_the_published_table(tiny_snapshot: Snapshot, parameters: Parameters) -> None:
    table = tiny_snapshot.tables["indicators"]
    labels = parameters["ita_classes"]["labels"]
    ita = table[table["indicator"] == ITA]
    assert set(ita["class"].dropna()) <= set(labels)
    assert ita["class_probability"].dropna().between(1 / len(labels), 1).all()
    assert table.loc[table["indicator"] != ITA, "class"].isna().all()
    keys = ["region", "occupation", "scenario", "horizon"]
    gaps = tiny_snapshot.tables["gaps"].set_index(keys).sort_index()
    for row in ita[ita["reason"].eq("")].to_dict("records"):
        cell = gaps.loc[tuple(row[key] for key in keys)]
        assert row["p10"] <= row["p50"]
        assert row["p50"] <= row["p90"] or math.isnan(row["p90"]), "infinite: draws without openings"
        if cell["openings"] > 0 and abs(row["p50"] - 1) > 0.3:
            assert (row["p50"] > 1) == (cell["supply"] > cell["openings"])
    assert pd.Series(table["indicator"]).nunique() == 4
