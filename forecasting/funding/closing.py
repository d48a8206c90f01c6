"""Unfilled openings that places in courses would close, counted against a gap that is known.

A gap is known in a simulated region only. What is closed follows DESIGN.md section 2: a skill taught to one
person who lacks it lowers what stays unfilled by w_s / Σ w·p of an opening, so that all lacking persons
together come to Σ w·lacking / Σ w·p = U1 + U2. One trained person stands for one opening.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.series.panel import Array


@dataclass(frozen=True)
class Seats:
    """Who would sit in the courses of one region, and what they would close.

    Parameters
    ----------
    openings, unfilled : ndarray of shape (occupations,)
        Persons over the window; unfilled by `gap_score` of DESIGN.md section 2, at most the openings.
    spread : ndarray of shape (courses, occupations)
        Share of a course's trainees by the occupation whose openings they take; rows sum to 1, or to 0 where
        no target occupation has openings.
    taught : ndarray of shape (courses, occupations)
        Share of the occupation's missing skill mass that the course teaches.
    """

    openings: Array
    unfilled: Array
    spread: Array
    taught: Array


def spread_over(targets: NDArray[np.floating], openings: Array) -> Array:
    """Return how the trainees of each course spread over occupations: as the openings of its targets do.

    Parameters
    ----------
    targets : ndarray of shape (courses, occupations)
        1 for a target occupation; a course without any is open to all.

    Examples
    --------
    >>> spread_over(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([30.0, 10.0])).tolist()
    [[1.0, 0.0], [0.75, 0.25]]
    """
    aimed = np.where(np.asarray(targets.any(axis=1))[:, None], targets, 1.0) * openings
    whole = aimed.sum(axis=1, keepdims=True)
    return np.divide(aimed, whole, out=np.zeros_like(aimed), where=whole > 0)


def missing_taught(teaches: NDArray[np.floating], lacking: Array, importance: Array) -> Array:
    """Return the share of each occupation's missing skill mass that each course teaches.

    Parameters
    ----------
    teaches : ndarray of shape (courses, skills)
        1 where the course teaches the skill.
    lacking : ndarray of shape (occupations, skills)
        Unfilled persons per skill.
    importance : ndarray of shape (skills,)

    Returns
    -------
    ndarray of shape (courses, occupations)
        0 where nothing is missing.

    Examples
    --------
    >>> missing_taught(np.array([[1.0, 0.0]]), np.array([[3.0, 1.0]]), np.array([1.0, 1.0])).tolist()
    [[0.75]]
    """
    mass = lacking * importance
    whole = mass.sum(axis=1)
    return np.divide(teaches @ mass.T, whole, out=np.zeros((len(teaches), len(mass))), where=whole > 0)


def closed(trainees: Array, seats: Seats, additional: Array, *, led: bool) -> Array:
    """Return the unfilled openings that the trainees of one region's courses would close, by occupation.

    Parameters
    ----------
    trainees : ndarray of shape (cases, courses)
        Persons trained; cases may be allocations or draws.
    additional : ndarray of shape (occupations,)
        Share of them who would not have trained anyway.
    led : bool
        Whether every trainee is led to an opening that would stay unfilled. Otherwise each takes any opening
        of the occupation: that the trainee's skills are lacking there is then as likely as on average.

    Returns
    -------
    ndarray of shape (cases, occupations)
        Persons; never more than are unfilled, in any occupation and any skill.

    Notes
    -----
    Persons × share of openings unfilled × share of the missing mass taught, or led: without the second
    factor. An opening takes one person: once there are more trainees than openings (led: unfilled openings),
    each counts for less.

    Examples
    --------
    >>> seats = Seats(np.array([100.0]), np.array([20.0]), np.ones((1, 1)), np.array([[0.5]]))
    >>> places, added = np.array([[10.0], [1000.0]]), np.array([0.5])
    >>> closed(places, seats, added, led=False).tolist(), closed(places, seats, added, led=True).tolist()
    ([[0.5], [10.0]], [[2.5], [10.0]])
    """
    weighed = seats.spread * additional
    persons, gain = trainees @ weighed, trainees @ (weighed * seats.taught)
    room = seats.unfilled if led else seats.openings
    fits = np.minimum(1.0, np.divide(room, persons, out=np.ones_like(persons), where=persons > 0))
    chance = np.divide(seats.unfilled, room, out=np.zeros_like(seats.unfilled), where=np.asarray(room) > 0)
    return np.asarray(gain * fits * chance)
