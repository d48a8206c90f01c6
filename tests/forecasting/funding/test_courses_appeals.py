"""Appeals: each lever moves a course or a cell into the next band, and a little less does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.funding import what_if
from forecasting.funding.courses import Needs, needs_of
from forecasting.funding.weights import WeightRule, bands
from tests.forecasting.funding.test_courses import LACKING, MIX, PARAMETERS, RULE, SKILLS, offered, tables
from tests.forecasting.funding.test_weights import cells

few = settings(max_examples=30, deadline=None)


@few
@given(st.lists(st.sampled_from("abcdfgh"), min_size=1, max_size=5, unique=True))
def test_every_lever_of_an_appeal_does_it_and_a_little_less_does_not(codes: list[str]) -> None:
    told, weights, _ = tables()
    courses = offered(("C", "t", 8.0, " ".join(codes), ""))
    needs = needs_of(courses, "R", told, weights)
    share = {code: LACKING.get(code, 0.0) for code in SKILLS}
    now = sorted(codes)
    for lever in what_if.appeal_of_course("C", courses, needs, RULE, 3):
        band = RULE.edges.index(lever.edge)
        if lever.name == what_if.SKILL_LACKING:
            results = [
                np.mean([value if code == lever.subject else share[code] for code in now])
                for value in (lever.needed, lever.needed * 0.999)
            ]
        elif lever.name == what_if.ALL_LACKING:
            results = [
                np.mean([share[code] * factor for code in now])
                for factor in (lever.needed, lever.needed * 0.999)
            ]
        elif lever.name == what_if.WITHOUT_SKILL:
            results = [np.mean([share[code] for code in now if code != lever.subject]), 0]
        else:
            results = [np.mean([share[code] for code in [*now, lever.subject]]), 0]
        assert results[0] >= lever.edge * (1 - 1e-12)
        assert results[1] < lever.edge
        assert RULE.edges[band] > np.mean([share[code] for code in now])


@few
@given(st.lists(st.integers(0, 120), min_size=4, max_size=30), st.integers(500, 3000))
def test_an_appeal_of_a_cell_holds_to_the_draw(persons: list[int], openings: int) -> None:
    rule = WeightRule.of(PARAMETERS)
    drawn = np.array(persons, dtype=np.float32)
    for lever in what_if.appeal_of_cell(drawn, float(openings), rule):
        target = rule.edges.index(lever.edge) + 1
        if lever.name == what_if.MORE_TRAINABLE:
            tried = [(lever.needed, openings), (np.nextafter(lever.needed, 0), openings)]
        elif lever.name == what_if.FEWER_OPENINGS:
            tried = [
                (lever_now(drawn, rule), lever.needed),
                (lever_now(drawn, rule), np.nextafter(lever.needed, 1e9)),
            ]
        else:
            order = sorted(persons)
            place = round(lever.needed * len(order)) - 1
            tried = [(order[place], openings), (order[place - 1] if place else -1, openings)]
        reached = [int(bands(np.array([count / unit]), rule.edges)[0]) for count, unit in tried]
        assert reached[0] >= target > reached[1]


def lever_now(drawn: np.ndarray, rule: WeightRule) -> float:
    return float(np.sort(drawn)[int(np.ceil(rule.quantile * len(drawn))) - 1])


def test_appeals_of_what_has_no_band_are_refused() -> None:
    told, weights, _ = tables()
    courses = offered(*MIX)
    needs = needs_of(courses, "R", told, weights)
    with pytest.raises(ForecastingError, match="course 'X'; expected one of the catalogue"):
        what_if.appeal_of_course("X", courses, needs, RULE, 3)
    with pytest.raises(ForecastingError, match="course C4: nothing is known"):
        what_if.appeal_of_course("C4", courses, needs, RULE, 3)
    with pytest.raises(ForecastingError, match="has the neutral weight"):
        what_if.appeal_of_cell(cells([np.nan] * 4)[1][0], 100.0, RULE)
    assert (
        what_if.appeal_of_course("C1", courses, Needs(**{**vars(needs), "share": needs.share * 2}), RULE, 3)
        == ()
    )
    assert len(what_if.as_table(what_if.appeal_of_course("C2", courses, needs, RULE, 3))) > 0
