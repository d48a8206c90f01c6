"""The simulated market's occupations, sectors, fields, skills and regions, and how near occupations are."""

from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.sources.simulation.settings import PACKAGE, Settings
from forecasting.sources.simulation.streams import Streams

Array = NDArray[np.float64]

LEVELS: Final = ("ED0-2", "ED3-4", "ED5-6", "ED7-8")
"""Levels of education, ISCED 2011; the first leaves school without a diploma."""

AGGREGATE: Final = "SIM"
TRANSVERSAL: Final = "*"
_PLACES: Final = (
    *("Noordland", "Zuidmark", "Oostergouw", "Westerkust", "Middelgouw"),
    *("Bosrade", "Maanvliet", "Sterrebroek", "Koperduin", "Zilverlo"),
)
_UNEVEN: Final = 1.6
"""Power of the sizes as listed: real occupations are that unequal."""
_NEAR: Final = ((3, 1.0), (2, 0.6), (1, 0.2))
"""Nearness of two occupations that share so many first digits."""


@dataclass(frozen=True)
class Catalogue:
    """What the market consists of.

    Parameters
    ----------
    occupations : DataFrame
        ``code, isco, label_nl, label_en, fields, level, sectors, size, growth, conditions``, by code.
    sectors, fields, skills : DataFrame
        As their files; skills with ``code`` and ``family``.
    regions : tuple of str
        Codes of the markets.
    places : tuple of str
        Their names.
    staffing : ndarray of shape (sectors, occupations)
        Share of each sector's employment at the start.
    near : ndarray of shape (occupations, occupations)
        Share of those who leave the row's occupation for another that turn to the column's; rows sum to 1.
    affinity : ndarray of shape (fields, levels, occupations)
        How readily an occupation takes entrants of a field and level; sums to 1 per occupation.
    """

    occupations: pd.DataFrame
    sectors: pd.DataFrame
    fields: pd.DataFrame
    skills: pd.DataFrame
    regions: tuple[str, ...]
    places: tuple[str, ...]
    staffing: Array
    near: Array
    affinity: Array


def read_table(name: str) -> pd.DataFrame:
    """Read one of the package's lists, codes as text."""
    with (resources.files(PACKAGE) / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"code": str, "fields": str, "family": str}, keep_default_na=False)


def catalogue(settings: Settings, streams: Streams) -> Catalogue:
    """Lay out the market of a size."""
    sectors = read_table("sectors")
    if settings.sectors:
        sectors = sectors[sectors["code"].isin(settings.sectors)].reset_index(drop=True)
    sectors["share"] /= sectors["share"].sum()
    occupations = _occupations(settings, streams)
    fields = read_table("fields")
    places = _PLACES[: settings.regions]
    return Catalogue(
        occupations,
        sectors,
        fields,
        _skills(occupations),
        tuple(f"{AGGREGATE}{number}" for number, _ in enumerate(places, start=1)),
        places,
        _staffing(occupations, sectors["code"].tolist()),
        nearness(occupations),
        _affinity(occupations, fields["code"].tolist()),
    )


def _occupations(settings: Settings, streams: Streams) -> pd.DataFrame:
    """Return the occupations of a size; in a large one each is split into variants of unequal size."""
    table = read_table("occupations").rename(columns={"code": "isco"})
    table["size"] = table["size"] ** _UNEVEN
    if settings.occupations:
        table = table[table["isco"].isin(settings.occupations)].reset_index(drop=True)
    if settings.variants == 1:
        return table.assign(code=table["isco"])
    count = settings.variants
    split = table.loc[table.index.repeat(count)].reset_index(drop=True)
    number = np.tile(np.arange(1, count + 1), len(table))
    generator = streams.at("variants")
    share = generator.dirichlet(np.full(count, 3.0), len(table)).ravel()
    suffix = pd.Series(number, index=split.index).astype(str)
    return split.assign(
        code=split["isco"] + "." + suffix,
        label_nl=split["label_nl"] + ", variant " + suffix,
        label_en=split["label_en"] + ", variant " + suffix,
        size=split["size"] * share,
        growth=split["growth"] + generator.normal(0, 0.3, len(split)),
        conditions=split["conditions"] + generator.normal(0, 0.1, len(split)),
    )


def _skills(occupations: pd.DataFrame) -> pd.DataFrame:
    """Return the skills that somebody asks, with codes that do not change with the size."""
    table = read_table("skills")
    table = table.assign(code=[f"S{number:03d}" for number in range(1, len(table) + 1)])
    groups = set(occupations["isco"].str[:2])
    asked = table["family"].map(lambda family: family == TRANSVERSAL or bool(groups & set(family.split())))
    return table[asked].reset_index(drop=True)


def _staffing(occupations: pd.DataFrame, sectors: list[str]) -> Array:
    weights = np.zeros((len(sectors), len(occupations)))
    for column, said in enumerate(occupations["sectors"]):
        for part in said.split():
            if part[0] in sectors:
                weights[sectors.index(part[0]), column] = float(part[1:])
    weights *= (occupations["size"].to_numpy() / weights.sum(axis=0))[None, :]
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def nearness(occupations: pd.DataFrame) -> Array:
    """Return how persons who leave an occupation turn to others, shape (occupations, occupations).

    The more first digits of ISCO two occupations share, the nearer; the larger one is, the likelier a target.
    """
    codes = occupations["isco"].tolist()
    near = np.full((len(codes), len(codes)), 0.005)
    for digits, weight in reversed(_NEAR):
        first = np.array([code[:digits] for code in codes])
        near[first[:, None] == first[None, :]] = weight
    level = occupations["level"].map(LEVELS.index).to_numpy()
    near *= np.where(level[None, :] > level[:, None], 0.3, 1.0)
    near *= occupations["size"].to_numpy(dtype=float)[None, :] ** 0.7
    np.fill_diagonal(near, 0.0)
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def _affinity(occupations: pd.DataFrame, fields: list[str]) -> Array:
    """Return the origin of each occupation's entrants; licensed ones take hardly anybody of other fields."""
    found = np.zeros((len(fields), len(LEVELS), len(occupations)))
    for column, row in enumerate(occupations.itertuples(index=False)):
        own = str(row.fields).split()
        closed = str(row.isco)[:2] in {"22", "23", "25"}
        by_field = np.full(len(fields), 0.004 if closed else 0.04)
        for rank, code in enumerate(own):
            by_field[fields.index(code)] = 1.0 if rank == 0 else 0.5
        distance = np.arange(len(LEVELS)) - LEVELS.index(str(row.level))
        by_level = np.select([distance == 0, distance == 1, distance == -1], [1.0, 0.25, 0.15], 0.02)
        found[:, :, column] = by_field[:, None] * by_level[None, :]
    return np.asarray(found / found.sum(axis=(0, 1)))
