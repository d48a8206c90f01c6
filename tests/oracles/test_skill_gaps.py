"""Persons lacking per skill in plain loops: U1·p + Σ x·max(p − h, 0), each draw with its own profile."""

from types import SimpleNamespace

import numpy as np

from forecasting.gaps import gap
from forecasting.skill_gaps import _unfilled
from forecasting.skills import Demand

CELLS, SKILLS, PROFILES, DRAWS = 3, 4, 5, 12


def test_persons_lacking_per_skill_draw_by_draw() -> None:
    rng = np.random.default_rng(3)
    asked = rng.uniform(0, 1, (SKILLS, PROFILES))
    held = {"entrants": rng.uniform(0, 1, (SKILLS, PROFILES)), "jobseekers": rng.uniform(0, 1, (SKILLS, 1))}
    held["jobseekers"][1] = np.nan
    demand = Demand(np.arange(SKILLS), asked, asked.mean(axis=1), np.ones(SKILLS), held)
    supply = rng.uniform(0, 6, (2, CELLS, DRAWS))
    found = gap(rng.uniform(1, 9, (CELLS, DRAWS)), supply, np.full((2, CELLS, DRAWS), 0.1))
    told = _unfilled(SimpleNamespace(gap=found), np.arange(CELLS), demand, ["entrants", "jobseekers"])
    for c in range(CELLS):
        for s in range(SKILLS):
            persons = []
            for d in range(DRAWS):
                p = asked[s, d % PROFILES]
                lacking = found.no_person[c, d] * p
                for g, source in enumerate(("entrants", "jobseekers")):
                    h = held[source][s, (d % PROFILES) if source == "entrants" else 0]
                    lacking += found.taken[g, c, d] * (0.0 if np.isnan(h) else max(p - h, 0.0))
                persons.append(lacking)
            np.testing.assert_allclose(told.draws[c, s], persons, rtol=1e-9)
            if s == 1:
                assert np.isnan(told.mean[c, s]), "somebody is taken of whom nothing is known"
            else:
                np.testing.assert_allclose(told.mean[c, s], np.mean(persons), rtol=1e-9)
