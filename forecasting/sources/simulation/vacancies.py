"""How posts are advertised, filled or withdrawn: heads, skills and working conditions all count.

Matches follow den Haan, Ramey and Watson's function M(V, Q) = V·Q / (V^η + Q^η)^(1/η), which never exceeds
what either side has. Q counts heads by their skills and by whether they accept the conditions.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.sources.simulation.catalogue import Array

Rates = dict[str, float]


@dataclass
class Employers:
    """How employers stand, arrays of shape (futures, occupations, regions).

    Parameters
    ----------
    pay : ndarray
        Conditions offered beside the occupation's own; raised in shortage.
    lowered : ndarray
        Share of the skills asked that they let go, or teach themselves.
    automated : ndarray
        Posts they do without, log.
    strain : ndarray
        Smoothed vacancy rate.
    """

    pay: Array
    lowered: Array
    automated: Array
    strain: Array


@dataclass(frozen=True)
class Matches:
    """What could be matched in a month, arrays of shape (futures, occupations, regions).

    Parameters
    ----------
    filled : ndarray
        Expected matches.
    weight : ndarray of shape (sources, futures, occupations, regions)
        Share of each source in them.
    no_person, lacking_skills, conditions : ndarray
        Why the rest is not filled: shares that sum to 1.
    """

    filled: Array
    weight: Array
    no_person: Array
    lacking_skills: Array
    conditions: Array


def accepted(conditions: Array, pay: Array) -> Array:
    """Return the share of candidates who accept the working conditions, (futures, occupations, regions)."""
    return np.asarray(1 / (1 + np.exp(-(1.2 + 1.5 * conditions + pay))))


def match(
    vacancies: Array, heads: Array, lack: Array, accept: Array, lowered: Array, rates: Rates
) -> Matches:
    """Return expected matches, and why the rest is not filled.

    Parameters
    ----------
    vacancies : ndarray of shape (futures, occupations, regions)
        Open posts.
    heads : ndarray of shape (sources, futures, occupations, regions)
        Persons who look, by search effort.
    lack : ndarray of shape (sources, futures, occupations)
        Share of the asked skills that a source lacks.
    accept, lowered : ndarray of shape (futures, occupations, regions)
        As `accepted` and `Employers` say.
    """
    fit = np.clip(1 - lack[..., None] * (1 - lowered[None]), 0, 1) ** rates["skill_power"]
    able = heads * fit
    eta, speed = rates["matching"], rates["speed"]
    by_heads = _made(vacancies, heads.sum(axis=0), eta)
    by_skills = _made(vacancies, able.sum(axis=0), eta)
    made = _made(vacancies, able.sum(axis=0) * accept, eta)
    causes = np.stack([vacancies - by_heads, by_heads - by_skills, by_skills - made])
    causes = np.maximum(causes, 0) + 1e-9
    causes /= causes.sum(axis=0)
    total = able.sum(axis=0)
    weight = np.divide(able, total, out=np.zeros_like(able), where=total > 0)
    return Matches(speed * made, weight, *causes)


def _made(vacancies: Array, persons: Array, eta: float) -> Array:
    both = (vacancies > 0) & (persons > 0)
    ratio = np.divide(vacancies, persons, out=np.ones_like(persons), where=both)
    return np.asarray(np.where(both, vacancies / (1 + ratio**eta) ** (1 / eta), 0.0))


def adapt(employers: Employers, vacancies: Array, employed: Array, rates: Rates) -> None:
    """Let employers in shortage pay more, ask less, teach and automate, in place; ease undoes it slowly."""
    posts = employed + vacancies
    rate = np.divide(vacancies, posts, out=np.zeros(posts.shape), where=posts > 0)
    employers.strain = 0.9 * employers.strain + 0.1 * rate
    strain = np.clip(employers.strain / rates["usual_vacancy_rate"] - 1, 0, 3)
    employers.pay = np.clip(0.985 * employers.pay + 0.012 * strain, 0, 1.5)
    employers.lowered = np.clip(0.985 * employers.lowered + 0.003 * strain, 0, 0.4)
    employers.automated = np.clip(0.999 * employers.automated + 0.0004 * strain, 0, 0.2)
