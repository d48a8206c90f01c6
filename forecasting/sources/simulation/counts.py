"""Counts of a simulated world as real surveys and portals make them, for its moments; written to no region.

A region folder lacks the small cells of employment by occupation, and has a register instead of a survey of
the unemployed; the real figures that the market is held to come from a labour force survey and monthly ads.
"""

import pandas as pd

from forecasting.sources.simulation.advertising import ads_table
from forecasting.sources.simulation.observation import long_table, years
from forecasting.sources.simulation.world import World


def counts(world: World) -> dict[str, pd.DataFrame]:
    """Return ``employment`` and ``unemployed`` as a survey counts them, and ``ads`` by month.

    Returns
    -------
    dict of str to DataFrame
        ``employment, unemployed``: ``year, region, occupation, persons``, the unemployed for less than about
        a year; ``ads``: those of the portals, ``month, region, occupation, ads``.
    """
    draw, share = world.streams.at("counts"), world.settings.rough["sampling"]
    lost = world.past.mean("short")[:, 0]
    stocks = {"employment": world.past.mean("employed")[:, 0], "unemployed": lost}
    keys: dict[str, list[object]] = {
        "year": years(world).tolist(),
        "occupation": world.listed.occupations["code"].tolist(),
        "region": list(world.listed.regions),
    }
    found = {
        name: long_table(draw.poisson(persons * share) / share, keys, "persons")
        for name, persons in stocks.items()
    }
    return found | {"ads": ads_table(world)}
