"""What a model may see of employment, education and job seekers: surveys with noise, gaps, late figures."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.sources.simulation.catalogue import LEVELS, Array
from forecasting.sources.simulation.population import ACTIVE, COURSE_YEARS
from forecasting.sources.simulation.revision import YEAR, Revision
from forecasting.sources.simulation.world import World
from forecasting.vocabulary import ALL_AGES, TOTAL

Tables = dict[str, pd.DataFrame]

BANDS: Final = ("15-24", "25-34", "35-44", "45-54", "55-64", "65+")
_EDGES: Final = np.arange(0, 60, 10)
_TOTAL_NOISE: Final = 0.4
"""Noise of a region's ages over that of a sample as large: surveys are weighted to known totals."""
_MEMORY: Final = 0.5
"""Correlation of the noise of following years: half of the sample is asked again."""
_FEWEST: Final = 5
"""Respondents below which a figure is not published; below four times as many it is marked unreliable."""
_UNKNOWN_OCCUPATION: Final = 0.05
_PLACED: Final = 0.92
"""Share of those who look for work whose occupation the survey of graduates finds."""


def years(world: World) -> NDArray[np.int64]:
    """Return the years observed."""
    return np.arange(world.settings.first_year, world.settings.base_year + 1)


def long_table(figure: Array, keys: dict[str, list[object]], name: str) -> pd.DataFrame:
    """Return an array as rows: one column per axis, then the figure; NaN rows stay."""
    index = pd.MultiIndex.from_product(list(keys.values()), names=list(keys))
    return pd.DataFrame({name: figure.ravel()}, index=index).reset_index()


def employed_by_sector(world: World) -> Array:
    """Return true employed persons, shape (years, regions, sectors, bands)."""
    employed = world.past.mean("employed")[:, 0]
    total = world.sector.sum(axis=1, keepdims=True)
    share = np.divide(world.sector, total, out=np.zeros_like(world.sector), where=total > 0)
    ages = np.add.reduceat(world.ages, _EDGES, axis=-1)
    return np.einsum("ysor,yor,yora->yrsa", share, employed, ages, optimize=True)


def employment(world: World) -> Tables:
    """Return ``sector_employment`` with ages, and ``employment_vintages``."""
    true, fraction = employed_by_sector(world), world.settings.rough["sampling"]
    draw = world.streams.at("survey")
    error = np.sqrt((1 - fraction) / (fraction * np.maximum(true, 1)))
    seen = np.maximum(true * (1 + np.clip(error, 0, 0.9) * _noise(draw, true.shape)), 0)
    by_age = true.sum(axis=2)
    wide = np.sqrt((1 - fraction) / (fraction * by_age)) * _TOTAL_NOISE
    total = by_age * (1 + wide * _noise(draw, by_age.shape))
    seen *= (total / seen.sum(axis=2))[:, :, None, :]
    keys: dict[str, list[object]] = {
        "year": years(world).tolist(),
        "region": list(world.listed.regions),
        "sector": world.listed.sectors["code"].tolist(),
    }
    parts = [
        _surveyed(seen, error, keys | {"age_band": list(BANDS)}, fraction),
        _surveyed(seen.sum(axis=3), _pooled(seen, error), keys, fraction).assign(age_band=ALL_AGES),
    ]
    keys["sector"] = [TOTAL]
    parts += [
        _surveyed(total, wide, keys | {"age_band": list(BANDS)}, fraction),
        _surveyed(total.sum(axis=2), _pooled(total, wide), keys, fraction).assign(age_band=ALL_AGES),
    ]
    rows = _with_holes(pd.concat(parts, ignore_index=True), world)
    return {"sector_employment": rows, "employment_vintages": _vintages(rows, world)}


def _noise(draw: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return standard normal noise that remembers half of the year before."""
    fresh = draw.standard_normal(shape)
    for row in range(1, len(fresh)):
        fresh[row] = _MEMORY * fresh[row - 1] + np.sqrt(1 - _MEMORY**2) * fresh[row]
    return fresh


def _pooled(persons: Array, error: Array) -> Array:
    """Return the relative error of a sum over the last axis."""
    total = persons.sum(axis=-1)
    spread = np.sqrt(((persons * error) ** 2).sum(axis=-1))
    return np.divide(spread, total, out=np.zeros_like(total), where=total > 0)


def _surveyed(persons: Array, error: Array, keys: dict[str, list[object]], fraction: float) -> pd.DataFrame:
    """Return rows as published: rounded, small ones marked or left out."""
    rows = long_table(np.round(persons, -1), keys, "persons")
    rows["relative_standard_error"] = np.clip(error, 0, 9).ravel().round(4)
    respondents = persons.ravel() * fraction
    rows["flag"] = np.where(respondents < 4 * _FEWEST, "u", "")
    return rows[respondents >= _FEWEST]


def _with_holes(rows: pd.DataFrame, world: World) -> pd.DataFrame:
    """Leave out some figures of sectors in years that a check does not need whole."""
    lost = world.streams.at("holes").random(len(rows)) < world.settings.rough["missing"]
    recent = rows["year"] >= world.settings.base_year - 1
    return rows[~(lost & ~recent & (rows["sector"] != TOTAL))].reset_index(drop=True)


def _vintages(rows: pd.DataFrame, world: World) -> pd.DataFrame:
    """Return first publications in the March after each year, and what was then said of earlier years."""
    known = rows[(rows["age_band"] == ALL_AGES) & (rows["sector"] != TOTAL)]
    first, base = world.settings.first_year, world.settings.base_year
    draw = world.streams.at("vintages")
    error = pd.Series(draw.normal(0, 0.012, len(known)), index=known.index)
    parts = []
    for published in range(first + 2, base + 1):
        seen = known[known["year"] <= published]
        age = published - seen["year"]
        size = np.select([age == 0, age == 1], [1.0, 0.4], 0.0)
        persons = (seen["persons"] * (1 + size * error[seen.index])).round(-1)
        new = (age <= 1) | (published == first + 2)
        parts.append(seen.assign(persons=persons, vintage=f"{published + 1}-03-31")[new])
    return pd.concat(parts, ignore_index=True)[["vintage", "year", "region", "sector", "persons"]]


def staffing(world: World, changed: Revision) -> Tables:
    """Return ``staffing_history`` year by year as a sample finds it, and ``staffing`` from the last two.

    Occupations that were one before the revision are split by the shares of the concordance.
    """
    employed = world.past.mean("employed")[:, 0]
    total = world.sector.sum(axis=1, keepdims=True)
    share = np.divide(world.sector, total, out=np.zeros_like(world.sector), where=total > 0)
    true = np.einsum("ysor,yor->yso", share, employed)
    draw, fraction = world.streams.at("staffing"), world.settings.rough["sampling"]
    asked = draw.poisson(true * fraction)
    unseen = np.flatnonzero(asked[-2:].sum(axis=(0, 1)) == 0)
    asked[-1, true[-1][:, unseen].argmax(axis=0), unseen] = 1
    codes = world.listed.occupations["code"].tolist()
    keys: dict[str, list[object]] = {
        "year": years(world).tolist(),
        "sector": world.listed.sectors["code"].tolist(),
        "occupation": list(codes),
    }
    rows = long_table(_as_revised(asked, world, changed), keys, "count").query("count > 0")
    size = rows.groupby(["year", "sector"])["count"].transform("sum")
    history = rows.assign(share=rows["count"] / size)
    history["relative_standard_error"] = (
        np.sqrt((1 - history["share"]) / history["count"].clip(1)).clip(0, 9).round(4)
    )
    pooled = asked[-2:].sum(axis=0).astype(float)
    latest = long_table(
        pooled / pooled.sum(axis=1, keepdims=True),
        {name: keys[name] for name in ("sector", "occupation")},
        "share",
    )
    return {
        "staffing": latest.query("share > 0").assign(flag=""),
        "staffing_history": history.drop(columns="count"),
    }


def _as_revised(asked: NDArray[np.int64], world: World, changed: Revision) -> Array:
    """Return respondents by today's occupations; those that were one before are split by the concordance.

    Parameters
    ----------
    asked : ndarray of int, shape (years, groups, occupations)
    """
    counts, before = asked.astype(float), years(world) < YEAR
    codes = world.listed.occupations["code"].tolist()
    for _, pair in changed.occupations.groupby("old_code"):
        place = [codes.index(code) for code in pair["new_code"]]
        together = counts[:, :, place].sum(axis=2)
        for column, share in zip(place, pair["weight"], strict=True):
            counts[before, :, column] = together[before] * share
    return counts


def regional_survey(world: World, changed: Revision) -> pd.DataFrame:
    """Return ``occupation_employment``: every region's own sample by year, small cells marked or left out."""
    fraction = world.settings.rough["sampling"]
    true = np.swapaxes(world.past.mean("employed")[:, 0], 1, 2)
    asked = world.streams.at("regional survey").poisson(true * fraction)
    counts = _as_revised(asked, world, changed)
    keys: dict[str, list[object]] = {
        "year": years(world).tolist(),
        "region": list(world.listed.regions),
        "occupation": world.listed.occupations["code"].tolist(),
    }
    error = 1 / np.sqrt(np.maximum(counts, 1))
    return _surveyed(counts / fraction, error, keys, fraction).assign(age_band=ALL_AGES)


def separations(world: World) -> pd.DataFrame:
    """Return yearly rates of the last three years, as another survey would find them."""
    draw, codes = world.streams.at("separations"), world.listed.occupations["code"].tolist()
    employed = world.past.mean("employed")[-3:, 0].sum(axis=(0, 2))
    rows = []
    for kind, name in (("exit", "exits"), ("transfer", "transfers_out")):
        left = np.maximum(world.past.flow(name)[-3:, 0].sum(axis=(0, 2)), 0)
        rate = np.divide(left, employed, out=np.zeros(len(codes)), where=employed > 0)
        rate = np.clip(rate * np.exp(draw.normal(0, 0.1, len(codes))), 0, 1).round(5)
        rows.append(pd.DataFrame({"occupation": codes, "kind": kind, "rate": rate, "flag": ""}))
    return pd.concat(rows, ignore_index=True)


def inhabitants(world: World) -> pd.DataFrame:
    """Return ``population``: known years, and projected ones to the end of the longest window."""
    people, chosen = world.people, world.settings
    known = np.arange(chosen.first_year, chosen.base_year + chosen.future_years + 1)
    bands = ("5-14", *BANDS)
    counts = np.add.reduceat(people.inhabitants[known - people.first_year], [5, *range(15, 66, 10)], axis=2)
    keys: dict[str, list[object]] = {
        "year": list(known.tolist()),
        "region": list(world.listed.regions),
        "age_band": list(bands),
    }
    rows = long_table(counts.round(), keys, "persons")
    return rows.assign(flag=np.where(rows["year"] > chosen.base_year, "p", ""))


def education(world: World) -> Tables:
    """Return ``graduates`` (a year late), ``enrolment``, and ``entry`` as a survey finds it."""
    people, draw = world.people, world.streams.at("education")
    true = people.leavers[0] / ACTIVE
    first, base = world.settings.first_year, world.settings.base_year
    keys: dict[str, list[object]] = {
        "year": years(world).tolist(),
        "region": list(world.listed.regions),
        "field": world.listed.fields["code"].tolist(),
        "level": list(LEVELS[1:]),
    }
    rows = slice(first - people.first_year, base + 1 - people.first_year)
    diplomas = draw.poisson(true[rows][..., 1:]).astype(float)
    graduates = long_table(diplomas, keys, "persons").query(f"persons >= 3 and year < {base}")
    coming = np.zeros_like(true[rows])
    for ahead in range(1, int(COURSE_YEARS.max()) + 1):
        coming += true[rows.start + ahead : rows.stop + ahead] * (ahead <= COURSE_YEARS)
    in_school = coming[..., 1:] * 1.15 * np.exp(draw.normal(0, 0.02, diplomas.shape))
    enrolment = long_table(in_school.round(), keys, "persons").query("persons >= 3")
    return {"graduates": graduates, "enrolment": enrolment, "entry": _entry(world)}


def _entry(world: World) -> pd.DataFrame:
    people, draw = world.people, world.streams.at("entry")
    row = world.settings.base_year - 5 - people.first_year
    crop = people.leavers[0, row]
    flow = np.einsum("rfl,rflo->flo", crop, people.entry)
    asked = np.round(flow.sum(axis=2) * 12 * world.settings.rough["sampling"]).astype(int)
    fields, codes = world.listed.fields["code"].tolist(), world.listed.occupations["code"].to_numpy()
    frames = []
    for field, code in enumerate(fields):
        for level in range(1, len(LEVELS)):
            size = int(asked[field, level])
            if size >= _FEWEST:
                found = draw.multinomial(size, flow[field, level] / flow[field, level].sum()) / size
                found = found * _PLACED * ACTIVE[level]  # the others study on
                seen = found > 0
                cells = {"field": code, "level": LEVELS[level], "sample": size, "flag": ""}
                frames.append(pd.DataFrame({"occupation": codes[seen], "share": found[seen]}).assign(**cells))
    return pd.concat(frames, ignore_index=True)


def jobseekers(world: World) -> pd.DataFrame:
    """Return registered job seekers by quarter; small cells are not published, some have no occupation."""
    short = _quarters(world, "entrant_pool") + _quarters(world, "short")
    long = _quarters(world, "long")
    draw = world.streams.at("register")
    jobs = np.exp(draw.normal(0, 0.05, short.shape[1:]))
    known = (1 - _UNKNOWN_OCCUPATION) * jobs
    keys: dict[str, list[object]] = {
        "period": quarters(world),
        "occupation": world.listed.occupations["code"].tolist(),
        "region": list(world.listed.regions),
    }
    rows = long_table(np.round((short + long) * known), keys, "persons")
    rows["short_term"] = np.round(short * known).ravel()
    rows = rows[rows["persons"] >= 5]
    keys["occupation"] = [TOTAL]
    total = long_table(np.round((short + long).sum(axis=1)), keys, "persons")
    total["short_term"] = np.round(short.sum(axis=1)).ravel()
    return pd.concat([rows, total], ignore_index=True).assign(flag="")


def quarters(world: World) -> list[object]:
    """Return the quarters observed, as periods."""
    return [f"{year}-Q{quarter}" for year in years(world) for quarter in range(1, 5)]


def _quarters(world: World, name: str) -> Array:
    """Return a stock's mean by quarter, shape (quarters, occupations, regions)."""
    monthly = world.months.end(name)[:, 0]
    return np.asarray(monthly.reshape(-1, 3, *monthly.shape[1:]).mean(axis=1))
