"""NUTS regions: which are scored, which only train, what lies inside what, and what a mistyped code meant."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.canonical import canonical

_COUNTRY: Final = 2
_UNIONS: Final = ("EU", "EA")
_SUGGESTED: Final = 5
MARKET: Final = "market"
AGGREGATE: Final = "aggregate"
REFERENCE: Final = "reference"


def is_union(code: str) -> bool:
    """Tell whether a code is a union of countries, as EU28 or EA19."""
    return code.startswith(_UNIONS)


def is_reference(code: str, chosen: Collection[str]) -> bool:
    """Tell whether a code is a NUTS 2 region that has nobody in common with the chosen regions.

    One level only: a person counted in a region and again in the one around it would count twice in every
    error that the intervals are made of.

    Examples
    --------
    >>> [is_reference(code, ["BE2"]) for code in ("BE", "BE1", "BE21", "BE31", "EU15", "EE00")]
    [False, False, False, True, False, True]
    """
    apart = not any(code.startswith(other) or other.startswith(code) for other in chosen)
    return len(code) == _COUNTRY + 2 and not is_union(code) and apart


def upwards(code: str) -> tuple[str, ...]:
    """Return a region and what it lies in, nearest first.

    Examples
    --------
    >>> upwards("BE21")
    ('BE21', 'BE2', 'BE')
    """
    return tuple(code[:length] for length in range(len(code), _COUNTRY - 1, -1))


def children(code: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the known regions one level below, sorted."""
    return tuple(sorted(other for other in known if len(other) == len(code) + 1 and other.startswith(code)))


def choose(
    geos: Sequence[str], known: Collection[str], names: Mapping[str, str], *, provinces: bool
) -> dict[str, str]:
    """Give the regions asked for their roles.

    Parameters
    ----------
    geos : sequence of str
        NUTS codes asked for.
    known : collection of str
        Regions and countries with figures at the base year.
    names : mapping of str to str
        Names of regions by code, to search for what was meant.
    provinces : bool
        Score the regions one level below instead; the region itself becomes their aggregate.

    Returns
    -------
    dict of str to str
        Role by code: market or aggregate.

    Raises
    ------
    InputError
        If a code is unknown, lies inside another, or has nothing below it to score.
    """
    asked = list(dict.fromkeys(geos))
    problems = [_unknown(geo, known, names) for geo in asked if geo not in known]
    if not asked:
        problems.append(Problem("geos", "no region", "a NUTS code", "name one, as BE2"))
    problems += [
        Problem("geos", f"{geo} inside {outer}", "regions that do not overlap", f"leave out {geo} or {outer}")
        for geo in asked
        for outer in asked
        if geo != outer and geo.startswith(outer)
    ]
    if provinces:
        problems += [
            Problem(
                "geos", f"{geo} without regions below it", "a country or NUTS 1 region", "leave provinces out"
            )
            for geo in asked
            if geo in known and not children(geo, known)
        ]
    if problems:
        raise InputError(problems)
    if not provinces:
        return dict.fromkeys(asked, MARKET)
    below = {child: MARKET for geo in asked for child in children(geo, known)}
    return dict.fromkeys(asked, AGGREGATE) | below


def _unknown(geo: str, known: Collection[str], names: Mapping[str, str]) -> Problem:
    labels = {name.casefold(): code for code, name in names.items() if code in known}
    by_name = difflib.get_close_matches(geo.casefold(), labels, n=2, cutoff=0.6)
    by_code = difflib.get_close_matches(geo.upper(), sorted(known), n=_SUGGESTED, cutoff=0.5)
    near = list(dict.fromkeys([*(labels[name] for name in by_name), *by_code]))[:_SUGGESTED]
    shown = ", ".join(f"{code} ({names[code]})" if code in names else code for code in near)
    expected = "a NUTS code (version 2013) with employment at the base year"
    return Problem("geos", repr(geo), expected, f"take one of {shown}" if near else "correct the code")


def regions_table(roles: Mapping[str, str], labels: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Return the canonical table ``regions``.

    Parameters
    ----------
    roles : mapping of str to str
        Role by NUTS code.
    labels : mapping of str to mapping
        Labels by code and language; the code itself is the label of the others.
    """
    parents = {code: next((up for up in upwards(code)[1:] if up in roles), "") for code in roles}
    rows = [
        {
            "code": code,
            "parent": parents[code],
            "level": sum(up in roles for up in upwards(code)[1:]),
            "label_nl": labels.get(code, {}).get("nl", code),
            "label_en": labels.get(code, {}).get("en", code),
            "role": role,
        }
        for code, role in roles.items()
    ]
    return canonical("regions", pd.DataFrame(rows))
