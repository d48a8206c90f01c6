"""What a model may see of vacancies and skills: portals that cover part of the ads, and ads that over-ask.

A second portal joins late in the history: levels break, and the mix of occupations and words changes.
"""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.sources.simulation.catalogue import Array
from forecasting.sources.simulation.observation import long_table, quarters
from forecasting.sources.simulation.revision import YEAR, Revision, older
from forecasting.sources.simulation.world import World
from forecasting.vocabulary import TOTAL

_JOINS: Final = 33
"""Quarter in which the second portal joins, from 0."""
_COVERED: Final = {
    "1": 0.45,
    "2": 0.6,
    "3": 0.6,
    "4": 0.6,
    "5": 0.4,
    "6": 0.25,
    "7": 0.4,
    "8": 0.45,
    "9": 0.3,
}
_ADDED: Final = {
    "1": 0.5,
    "2": 0.35,
    "3": 0.25,
    "4": 0.2,
    "5": 0.08,
    "6": 0.05,
    "7": 0.08,
    "8": 0.1,
    "9": 0.05,
}
"""Share of vacancies that the first portal has, and that the second adds, by major group."""
_SOFT, _OTHER = 1.15, 1.15
"""How often an ad asks a skill more than the job does: exponents of the chance of not asking."""
_WORDING: Final = 0.22
"""Change of a year in how often ads word a skill that is asked as before, log."""
_ODD, _ODD_PAIRS = 0.3, 0.45
"""How often ads ask what the job does not, over the skill's popularity, in a share of all pairs."""
_WAVES, _TIDE, _AGAIN = 0.2, 0.16, 0.08
"""Sd of the portals' own waves by occupation and region, and of all (log, a month); share of open vacancies
that is posted again in a month."""
_READ: Final = 0.25
"""Share of ads whose text is read for skills."""
_DAYS: Final = 365.25 / 12
_SMALLEST_SURVEYED: Final = 3


def _quarterly(world: World, name: str) -> Array:
    """Return a flow by quarter, shape (quarters, occupations, regions)."""
    monthly = world.months.flow(name)[:, 0]
    return np.asarray(monthly.reshape(-1, 3, *monthly.shape[1:]).sum(axis=1))


def _open(world: World) -> Array:
    """Return open vacancies by quarter, on average."""
    monthly = world.months.end("vacancies")[:, 0]
    return np.asarray(monthly.reshape(-1, 3, *monthly.shape[1:]).mean(axis=1))


def by_sector(world: World) -> pd.DataFrame:
    """Return ``sector_vacancies``: a survey of employers, with its own noise, by quarter."""
    total = world.sector.sum(axis=1, keepdims=True)
    share = np.divide(world.sector, total, out=np.zeros_like(world.sector), where=total > 0)
    share = np.repeat(share, 4, axis=0)
    draw = world.streams.at("employers")
    employed = world.months.mean("employed")[:, 0]
    figures = {"open": _open(world), "occupied": employed.reshape(-1, 3, *employed.shape[1:]).mean(axis=1)}
    figures |= {name: _quarterly(world, name) for name in ("posted", "filled", "cancelled")}
    keys: dict[str, list[object]] = {
        "period": quarters(world),
        "sector": world.listed.sectors["code"].tolist(),
        "region": list(world.listed.regions),
    }
    columns = {}
    for name, figure in figures.items():
        true = np.einsum("qsor,qor->qsr", share, figure)
        noise = 0.01 if name == "occupied" else 0.03 + 0.6 / np.sqrt(np.maximum(true, 1))
        columns[name] = np.round(np.maximum(true * (1 + noise * draw.standard_normal(true.shape)), 0))
    rows = long_table(columns["open"], keys, "open")
    more = {name: column.ravel() for name, column in columns.items()}
    rows = rows.assign(**more, flag="")
    lost = draw.random(len(rows)) < world.settings.rough["missing"]
    return rows[~lost].reset_index(drop=True)


def coverage(world: World) -> Array:
    """Return the share of vacancies that portals show, shape (quarters, occupations)."""
    groups = world.listed.occupations["isco"].str[0]
    draw = world.streams.at("portals")
    first = groups.map(_COVERED).to_numpy(dtype=float) * np.exp(draw.normal(0, 0.15, len(groups)))
    second = groups.map(_ADDED).to_numpy(dtype=float)
    quarter = np.arange(4 * world.settings.history_years)[:, None]
    return np.clip(first * (1 + 0.01 * quarter / 4) + second * (quarter >= _JOINS), 0, 1.2)


def monthly_ads(world: World) -> Array:
    """Return ads on portals by month, reposted ones included, shape (months, occupations, regions).

    They come in waves of the portals' own: campaigns, resellers, agencies.
    """
    shown = np.repeat(coverage(world), 3, axis=0)[:, :, None]
    posted, open_ = world.months.flow("posted")[:, 0], world.months.end("vacancies")[:, 0]
    draw = world.streams.at("ads")
    tide = _TIDE * draw.standard_normal(len(shown))[:, None, None]
    waves = np.exp(tide + _WAVES * draw.standard_normal(posted.shape) - _WAVES**2 / 2)
    return draw.poisson(shown * waves * (posted + _AGAIN * open_)).astype(float)


def ads(world: World) -> Array:
    """Return the same by quarter, shape (quarters, occupations, regions)."""
    monthly = monthly_ads(world)
    return np.asarray(monthly.reshape(-1, 3, *monthly.shape[1:]).sum(axis=1))


def by_occupation(world: World) -> pd.DataFrame:
    """Return ``occupation_vacancies``: what portals show, by quarter; the break is marked."""
    shown, draw, posted = coverage(world)[:, :, None], world.streams.at("shown"), ads(world)
    open_, filled, cancelled = _open(world), _quarterly(world, "filled"), _quarterly(world, "cancelled")
    pace = (filled + cancelled) / 3
    days = np.divide(open_, pace, out=np.full(open_.shape, np.nan), where=pace > 0) * _DAYS * np.log(2)
    few = filled + cancelled < 5
    days = np.where(few, np.nan, np.round(days * np.exp(draw.normal(0, 0.12, days.shape)), 1))
    keys: dict[str, list[object]] = {
        "period": quarters(world),
        "occupation": world.listed.occupations["code"].tolist(),
        "region": list(world.listed.regions),
    }
    rows = long_table(posted, keys, "posted")
    reported = np.clip(shown * np.exp(draw.normal(0, 0.05, open_.shape)), 0, None)
    told = {"open": open_, "filled": filled, "cancelled": cancelled}
    for name, figure in told.items():
        rows[name] = draw.poisson(reported * figure).astype(float).ravel()
    rows["median_days_open"] = np.clip(days, 1, 2000).ravel()
    joined = rows["period"] == quarters(world)[_JOINS]
    rows["flag"] = np.where(joined, "b", "")
    lost = draw.random(len(rows)) < world.settings.rough["missing"]
    return rows[~lost & (rows["posted"] + rows["open"] >= _SMALLEST_SURVEYED)].reset_index(drop=True)


def overasked(world: World, asked: Array) -> Array:
    """Return the chance that an ad asks a skill: more than the job does, soft skills most of all."""
    soft = world.listed.skills["marks"].str.contains("o").to_numpy()
    return np.asarray(1 - (1 - asked) ** np.where(soft, _SOFT, _OTHER))


def mentions(world: World, changed: Revision) -> pd.DataFrame:
    """Return ``skill_mentions`` of all regions together: skills that at least one ad asks."""
    quarterly = world.streams.at("read").binomial(ads(world).sum(axis=2).astype(int), _READ).astype(float)
    months = world.settings.mention_months
    count = quarterly.reshape(-1, months // 3, quarterly.shape[1]).sum(axis=1)
    a_year, first = 12 // months, world.settings.first_year
    draw = world.streams.at("words")
    skills = len(world.listed.skills)
    found_one, found_both = draw.beta(18, 3, skills), draw.beta(18, 3, skills)
    codes, names = world.listed.occupations["code"].to_numpy(), world.listed.skills["code"].to_numpy()
    words = np.zeros((len(codes), skills))
    odd = _ODD * (draw.random(words.shape) < _ODD_PAIRS)
    frames = []
    for row, number in enumerate(count):
        year = first + row // a_year
        period = f"{year}-Q{row % a_year + 1}" if months == 3 else str(year)
        recall = found_one if row * months // 3 < _JOINS else 0.5 * (found_one + found_both)
        if row % a_year == 0:
            words = 0.7 * words + _WORDING * draw.standard_normal(words.shape)
            wanted = overasked(world, world.profiles.at(year)) * np.exp(words)
            wanted = np.maximum(wanted, odd * wanted.mean(axis=0))
        chance = np.clip(wanted * recall, 0, 0.99)
        asked = draw.binomial(number.astype(int)[:, None], chance)
        places = np.nonzero(asked)
        cells = {"occupation": codes[places[0]], "skill": names[places[1]]}
        figures = {"ads": number[places[0]], "mentions": asked[places].astype(float)}
        frame = pd.DataFrame({"period": period, "region": TOTAL, **cells, **figures})
        frames.append(frame)
    everything = pd.concat(frames, ignore_index=True)
    before = everything["period"].str[:4].astype(int) < YEAR
    return pd.concat([_under_old_codes(everything[before], changed), everything[~before]], ignore_index=True)


def _under_old_codes(frame: pd.DataFrame, changed: Revision) -> pd.DataFrame:
    """Return ads as they were read before the revision; an ad that asks both of two skills counts once."""
    about = ["period", "region", "occupation"]
    known = frame.loc[~frame["skill"].isin(changed.born), [*about, "skill", "mentions"]]
    total = frame.drop_duplicates(["period", "occupation"])[[*about, "ads"]]
    total = older(total, "occupation", changed.occupations, ["ads"])
    read = older(known, "skill", changed.skills, ["mentions"])
    read = older(read, "occupation", changed.occupations, ["mentions"])
    joined = read.assign(mentions=np.ceil(read["mentions"])).merge(total, on=about)
    return joined.assign(mentions=joined[["mentions", "ads"]].min(axis=1))


def ads_table(world: World) -> pd.DataFrame:
    """Return ads on portals by month, for moments: ``month, region, occupation, ads``."""
    count, first = monthly_ads(world), world.settings.first_year
    keys: dict[str, list[object]] = {
        "month": [f"{first + row // 12}-{row % 12 + 1:02d}" for row in range(len(count))],
        "occupation": world.listed.occupations["code"].tolist(),
        "region": list(world.listed.regions),
    }
    return long_table(count, keys, "ads")
