"""Cohorts and education: how many are born, study what, leave school, and for which occupation.

Cohorts vary in waves, fields of study drift. What is enrolled at the base year decides three more years of
graduates; later ones differ between futures.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.sources.simulation.catalogue import LEVELS, Array, Catalogue
from forecasting.sources.simulation.settings import Settings
from forecasting.sources.simulation.streams import Streams

AGES: Final = np.arange(15, 75)
"""Single ages at work; who is older has left."""

ACTIVE: Final = np.array([0.85, 0.5, 0.8, 0.93])
"""Share of those who leave a level with or without a diploma who then look for work; others study on."""

GRADUATION_AGE: Final = np.array([18, 19, 22, 25])
"""Age at leaving school by level."""

COURSE_YEARS: Final = np.array([2, 2, 3, 2])
"""Years from enrolment to leaving by level: what is known beforehand."""

_OLDEST: Final = 95
_EMPLOYED_20_64: Final = 0.75


@dataclass(frozen=True)
class Population:
    """Inhabitants and school leavers.

    Parameters
    ----------
    first_year : int
        Of both arrays.
    inhabitants : ndarray of shape (years, regions, ages 0-95)
        Persons.
    leavers : ndarray of shape (futures, years, regions, fields, levels)
        Persons who leave education and look for work; the first future comes true.
    entry : ndarray of shape (regions, fields, levels, occupations)
        For which occupation they look; sums to 1.
    """

    first_year: int
    inhabitants: Array
    leavers: Array
    entry: Array

    def entrants(self, year: int) -> Array:
        """Return persons by the occupation they look for, shape (futures, occupations, regions)."""
        crop = self.leavers[:, year - self.first_year]
        return np.asarray(np.einsum("brfl,rflo->bor", crop, self.entry, optimize=True))


def exit_rates(shift: NDArray[np.float64]) -> Array:
    """Return the chance a year that a worker leaves the labour force for good, by single age.

    Parameters
    ----------
    shift : ndarray of shape (...)
        Years by which reforms moved the retirement age.

    Returns
    -------
    ndarray of shape (..., ages)
    """
    known_ages = np.array([15, 22, 25, 49, 54, 57, 59, 61, 63, 64, 65, 66, 68, 74])
    rates = np.array(
        [0.06, 0.03, 0.018, 0.016, 0.02, 0.03, 0.06, 0.12, 0.2, 0.28, 0.45, 0.5, 0.45, 0.5],
    )
    older = np.clip((AGES - 54) / 4, 0, 1)
    return np.interp(AGES - np.asarray(shift)[..., None] * older, known_ages, rates)


def population(
    settings: Settings,
    listed: Catalogue,
    streams: Streams,
    need: Array,
    persons: Array,
    futures: int,
) -> Population:
    """Draw cohorts and school leavers.

    Parameters
    ----------
    need : ndarray of shape (occupations, regions)
        Entrants a year that would keep each occupation at its trend at the start.
    persons : ndarray of shape (regions,)
        Employed persons at the start.
    futures : int
        How many courses of events after the base year.
    """
    first = settings.first_year - settings.burn_in_years
    last = settings.base_year + settings.future_years + int(COURSE_YEARS.max()) + 1
    years = np.arange(first, last + 1)
    births = _births(years, listed, streams)
    inhabitants = _inhabitants(years, births, persons)
    wanted = need * np.exp(streams.at("imbalance").normal(0, settings.rough["imbalance"], len(need)))[:, None]
    wanted *= need.sum() / wanted.sum()
    crop = np.einsum("flo,or->rfl", listed.affinity, wanted)
    entry = np.einsum("flo,or->rflo", listed.affinity, wanted)
    entry /= entry.sum(axis=3, keepdims=True)
    cohorts = _cohort_index(years, births)
    drift = _field_drift(settings, listed, streams, years, futures)
    return Population(first, inhabitants, crop * cohorts * drift, entry)


def _births(years: NDArray[np.int64], listed: Catalogue, streams: Streams) -> Array:
    """Return the size of birth cohorts from 95 years before the first year, shape (births, regions)."""
    born = np.arange(years[0] - _OLDEST, years[-1] + 1)
    wave = 1 + 0.09 * np.sin(2 * np.pi * (born - 1949) / 31) - 0.0035 * np.clip(born - 1985, 0, None)
    noise = streams.at("births").normal(0, 0.02, (len(born), len(listed.regions)))
    trend = streams.at("births", 1).normal(0, 0.003, len(listed.regions)) * (born - 1985)[:, None]
    return np.asarray(wave[:, None] * np.exp(noise + trend))


def _inhabitants(years: NDArray[np.int64], births: Array, persons: Array) -> Array:
    ages = np.arange(_OLDEST + 1)
    alive = np.exp(-np.exp((ages - 92) / 9.5))
    position = (years - years[0])[:, None] + _OLDEST - ages[None, :]
    found = births[position].transpose(0, 2, 1) * alive
    scale = persons / found[0, :, 20:65].sum(axis=1) / _EMPLOYED_20_64
    return np.asarray(found * scale[None, :, None])


def _cohort_index(years: NDArray[np.int64], births: Array) -> Array:
    """Return the size of each leaving cohort over that of the start, shape (years, regions, 1, levels)."""
    position = (years - years[0])[:, None] + _OLDEST - GRADUATION_AGE[None, :]
    size = births[position].transpose(0, 2, 1)
    return np.asarray((size / size[:1])[:, :, None, :])


def _field_drift(
    settings: Settings, listed: Catalogue, streams: Streams, years: NDArray[np.int64], futures: int
) -> Array:
    """Return each field's pull, trend and wandering, shape (futures, years, regions, fields, levels)."""
    shape = (len(years), len(listed.regions), len(listed.fields), len(LEVELS))
    roughness = 0.5 * settings.rough["imbalance"] / 10
    steps = np.repeat(streams.at("fields").normal(0, roughness, shape)[None], futures, axis=0)
    known = settings.base_year + int(COURSE_YEARS.max()) - int(years[0]) + 1
    own = streams.at("fields", 1).normal(0, roughness, (futures, *shape))
    steps[1:, known:] = own[1:, known:]
    trend = listed.fields["trend"].to_numpy(dtype=float)[None, :, None] * 0.5
    since = (years - years[0]).astype(float)[:, None, None, None]
    return np.asarray(np.exp(np.cumsum(steps, axis=1) + trend * since))
