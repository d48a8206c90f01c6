"""Flows of cohorts in plain loops, year by year, beside the arrays (METHOD.md section 1.2)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from forecasting.cohorts import Cohorts, fit_cohorts

CASES = range(100)


@dataclass
class Flows:
    """What happened over a window, persons: who is there at its end, who came, who left."""

    employed: float
    entered: float
    left: float
    newcomers_left: float


def in_loops(persons: list[float], retention: list[float], width: int, years: int) -> Flows:
    """Follow everybody year by year: those who were there at the start, and those who have come since.

    Within a band a cohort loses, or gains, the same number of persons every year. Who comes is a newcomer:
    the net form counts only the leavers among those who were there.
    """
    there, new = list(persons), [0.0] * len(persons)
    flows = Flows(0.0, 0.0, 0.0, 0.0)
    for year in range(years):
        for band, kept in enumerate(retention):
            flows.left += there[band] * (1 - min(kept, 1.0)) / width
            flows.newcomers_left += new[band] * (1 - min(kept, 1.0)) / width
            flows.entered += (there[band] + new[band]) * max(kept - 1, 0.0) / width
        flows.entered += persons[0] / width
        if (year + 1) % width == 0:  # everybody moves one band up, and the youngest band is refilled
            for band in reversed(range(1, len(persons))):
                kept, before = retention[band - 1], there[band - 1] + new[band - 1]
                there[band] = there[band - 1] * min(kept, 1.0)
                new[band] = new[band - 1] * min(kept, 1.0) + before * max(kept - 1, 0.0)
            there[0], new[0] = 0.0, persons[0]
    flows.employed = sum(there) + sum(new)
    return flows


def drawn(seed: int) -> tuple[Cohorts, int]:
    """Return cohorts of any shape, and a window in years."""
    generator = np.random.default_rng(seed)
    count, width = int(generator.integers(2, 9)), int(generator.choice([1, 2, 5, 10]))
    ages_from = 15.0 + width * np.arange(count)
    retention = generator.choice([0.0, 0.5, 1.0, 1.3], (count, 3)) * generator.uniform(0.2, 1.5, (count, 3))
    retention[-1] = 0.0  # all leave the open band
    bands = tuple(f"{int(age)}+" for age in ages_from)
    persons = generator.uniform(0, 1e5, count) * (generator.random(count) > 0.1)
    return Cohorts(bands, ages_from, width, persons, retention), int(generator.integers(1, 26))


@pytest.mark.parametrize("seed", CASES)
def test_in_and_out_are_those_of_the_loop_for_any_window(seed: int) -> None:
    cohorts, years = drawn(seed)
    left, entered = cohorts.leaving(years), cohorts.inflow(years)
    for draw in range(left.shape[1]):
        flows = in_loops(cohorts.persons.tolist(), cohorts.retention[:, draw].tolist(), cohorts.width, years)
        assert cohorts.persons @ left[:, draw] == pytest.approx(flows.left, rel=1e-9, abs=1e-6)
        assert entered[draw] == pytest.approx(flows.entered, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", CASES)
def test_the_change_is_in_less_out_over_whole_bands(seed: int) -> None:
    """ΔE = In − Out; beyond one band the net form's Out leaves out those who came and went."""
    cohorts, _ = drawn(seed)
    for steps in (1, 2, 3):
        years = steps * cohorts.width
        left, entered = cohorts.persons @ cohorts.leaving(years), cohorts.inflow(years)
        for draw, retention in enumerate(cohorts.retention.T.tolist()):
            flows = in_loops(cohorts.persons.tolist(), retention, cohorts.width, years)
            change = flows.employed - cohorts.persons.sum()
            found = entered[draw] - left[draw] - flows.newcomers_left
            assert found == pytest.approx(change, rel=1e-9, abs=1e-6)
            assert steps > 1 or flows.newcomers_left == 0


@pytest.mark.parametrize("seed", CASES)
def test_what_was_observed_is_in_less_out(seed: int) -> None:
    """The identity as METHOD.md writes it, from two counts: F = E(a+w, t) − E(a, t−w), all leave the last."""
    generator = np.random.default_rng(seed)
    count, width = int(generator.integers(2, 9)), int(generator.choice([5, 10]))
    then, now = generator.uniform(1, 1e5, (2, count)).tolist()
    lower = [15 + width * band for band in range(count)]
    bands = [f"{age}-{age + width - 1}" for age in lower[:-1]] + [f"{lower[-1]}+"]
    rows = [(2015 - width, *pair) for pair in zip(bands, then, strict=True)]
    rows += [(2015, *pair) for pair in zip(bands, now, strict=True)]
    out, come = then[-1], now[0]
    for band in range(count - 1):
        flow = now[band + 1] - then[band]
        out, come = out + max(-flow, 0.0), come + max(flow, 0.0)
    assert come - out == pytest.approx(sum(now) - sum(then), rel=1e-9, abs=1e-6)

    fitted = fit_cohorts(pd.DataFrame(rows, columns=["year", "age_band", "persons"]), 2015, 2, seed)
    assert fitted is not None
    past = Cohorts(fitted.bands, fitted.ages_from, width, np.array(then), fitted.retention)
    assert past.persons @ past.leaving(width)[:, 0] == pytest.approx(out, rel=1e-9, abs=1e-6)
    # The past was refilled with those who are youngest now; a forecast refills with the size of before.
    assert past.inflow(width)[0] - then[0] + now[0] == pytest.approx(come, rel=1e-9, abs=1e-6)
