"""What replaces leavers: relative rates by occupation beside every published one."""

import re
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.cohorts import age_table, band_shares, fit_cohorts
from forecasting.demand import industry_by_sector, leaf_shares, occupation_ages
from forecasting.sources import bc, bls, bls_projections, flanders
from forecasting.sources.bls_projections import Vintage
from forecasting.sources.cards import read_card
from forecasting.vocabulary import ALL_AGES, TOTAL
from tests.benchmarks.report import Verdict, markdown

BAR: Final = 0.6
WINDOW: Final = 10
"""Years over which the Flemish cohorts' net flow is taken; 2010–20 has as many."""

ALIKE: Final = 0.6
"""Share of the words of two titles that they must have in common to be the same occupation."""

_FILLERS: Final = frozenset(
    ("and", "of", "the", "in", "other", "all", "related", "except", "for", "or", "to", "occupation", "worker")
)
_PROVINCE: Final = "British Columbia"

WHY: Final = (
    "The published rates do not agree with each other, so no rate can agree with all of them: exits count "
    "the young who leave the labour force and come back, high in shops and kitchens; net replacement nets "
    "them out; retirements and deaths see only the old, high among managers. A rate may be borrowed within "
    "its convention, not across."
)


def report(shared: Path) -> tuple[list[str], list[Verdict]]:
    """Return the rank correlations, the table of differences and the bars."""
    old, new = (bls_projections.tidy(bls_projections.read(shared, file)) for file in bls_projections.VINTAGES)
    crosswalk = bls.read_crosswalk(shared)
    groups = group_rates(shared, old, new, crosswalk)
    items = new.line_items().assign(net_replacement=old.line_items()["net_replacement"])
    items["separations"] = items["exits"] + items["transfers"]
    found = _correlations(items, left_out_rates(new, crosswalk), titled_alike(shared, items))
    lines = [
        "**What replaces leavers.** Ours are relative rates by ISCO-08 two-digit group from the US table of "
        "2016–26 (`bls_projections.relative_separations`), to be scaled to a region's total. Each occupation "
        "of the detailed table is given its group's rate without itself.",
        "",
        *markdown(
            pd.DataFrame(
                [(name, f"{rho:.2f}", count) for name, (rho, count) in found.items()],
                columns=["rank correlation over occupations", "Spearman", "occupations"],
            )
        ),
        WHY,
        "",
        "By group, 1 is the average of all; Flanders: net flow of cohorts over ten years by the ages of the "
        "sectors an occupation works in. Last column: net replacement 2010–20 less separations 2016–26.",
        "",
        *markdown(_differences(groups)),
        *_between_groups(groups),
    ]
    return lines, _verdicts(found)


def _correlations(
    items: pd.DataFrame, borrowed: pd.DataFrame, canada: pd.DataFrame
) -> dict[str, tuple[float, int]]:
    ours = borrowed["exits"] + borrowed["transfers"]
    pairs = {
        "ours, itself left out × exits 2016–26": (borrowed["exits"], items["exits"]),
        "ours, itself left out × transfers 2016–26": (borrowed["transfers"], items["transfers"]),
        "ours, itself left out × separations 2016–26": (ours, items["separations"]),
        "ours × net replacement 2010–20": (ours, items["net_replacement"]),
        "ours, exits × retirements and deaths of British Columbia": (
            canada["soc"].map(borrowed["exits"]),
            canada["leaving"],
        ),
        "published: separations 2016–26 × net replacement 2010–20": (
            items["separations"],
            items["net_replacement"],
        ),
        "published: exits 2016–26 × retirements and deaths of British Columbia": (
            canada["exits"],
            canada["leaving"],
        ),
    }
    return {name: rank_correlation(*pair) for name, pair in pairs.items()}


def _verdicts(found: dict[str, tuple[float, int]]) -> list[Verdict]:
    return [
        Verdict("Leavers", f"rank correlation ≥ {BAR}: {name}", f"{rho:.2f} over {count}", rho >= BAR)
        for name, (rho, count) in found.items()
        if name.startswith("ours")
    ]


def rank_correlation(first: "pd.Series[float]", second: "pd.Series[float]") -> tuple[float, int]:
    """Return Spearman's coefficient over the occupations that have both, and how many those are."""
    both = pd.concat([first, second], axis=1).dropna()
    return float(both.iloc[:, 0].corr(both.iloc[:, 1], method="spearman")), len(both)


def left_out_rates(vintage: Vintage, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Return for each line item the rates of the other line items of its two-digit group.

    A line item belongs to the group of most of its unit groups; one that SOC does not have, or that is alone
    in its group, has no rate.
    """
    group = (
        crosswalk.assign(group=crosswalk["isco"].str[:2]).groupby("soc")["group"].agg(lambda g: g.mode()[0])
    )
    items = vintage.line_items()
    of_item = items.index.to_series().map(group)
    rates = {}
    for name in ("exits", "transfers"):
        leavers = items[name] * items["base"]
        others = leavers.groupby(of_item).transform("sum") - leavers
        jobs = items["base"].groupby(of_item).transform("sum") - items["base"]
        rates[name] = others / jobs.where(jobs > 0)
    return pd.DataFrame(rates)


def titled_alike(shared: Path, items: pd.DataFrame) -> pd.DataFrame:
    """Return British Columbia's occupations with the line item of the most alike title.

    There is no table between NOC and SOC here. Titles are compared as sets of words without plural and
    fillers; they match where the words in common are `ALIKE` of all.
    """
    raw = bc.read(shared)
    titles = (
        bc.survey(raw.employed, "Employed").drop_duplicates("occupation").set_index("occupation")["title"]
    )
    outlook = bc.outlook(raw)
    ahead = outlook[outlook["area"] == _PROVINCE].groupby("occupation")[["employment", "replacement"]].mean()
    known = {code: words(title) for code, title in items["title"].items()}
    rows = []
    for code, title in titles.items():
        mine = words(title)
        alike = {soc: len(mine & its) / max(len(mine | its), 1) for soc, its in known.items()}
        best = max(alike, key=lambda soc: (alike[soc], soc))
        if alike[best] >= ALIKE and code in ahead.index:
            leaving = ahead.loc[code, "replacement"] / ahead.loc[code, "employment"]
            rows.append({"noc": code, "soc": best, "leaving": leaving, "exits": items.loc[best, "exits"]})
    return pd.DataFrame(rows)


def words(title: str) -> frozenset[str]:
    """Return the words of a title that tell it apart.

    Examples
    --------
    >>> sorted(words("Accountants and related workers(1)"))
    ['accountant']
    """
    found = re.findall(r"[a-z]+", re.sub(r"\(\d+\)", "", title.lower()))
    singular = (word[:-1] if word.endswith("s") and not word.endswith("ss") else word for word in found)
    return frozenset(word for word in singular if word not in _FILLERS)


def group_rates(shared: Path, old: Vintage, new: Vintage, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Return relative rates by ISCO-08 two-digit group, 1 on average of the jobs that have one."""
    ours = bls_projections.relative_separations(new, crosswalk).set_index("occupation")
    both = bls_projections.separations_by_isco(new, crosswalk, None, ("exits", "transfers"))
    net = bls_projections.separations_by_isco(
        old, crosswalk, read_card("bls")["merged"], ("net_replacement",)
    )
    separations = (both["exits"] + both["transfers"]) / both["jobs"]
    leaving = flemish_rates(shared)
    return pd.DataFrame(
        {
            "exits": ours["exit_rate_relative"],
            "transfers": ours["transfer_rate_relative"],
            "separations": separations / ((both["exits"] + both["transfers"]).sum() / both["jobs"].sum()),
            "net 2010–20": (net["net_replacement"] / net["jobs"])
            / (net["net_replacement"].sum() / net["jobs"].sum()),
            "Flanders, net": leaving,
        }
    )


def flemish_rates(shared: Path) -> "pd.Series[float]":
    """Return the relative net outflow of Flemish cohorts by occupation, from the ages of its sectors."""
    region = flanders.tidy(flanders.read(shared))
    base_year = int(region.settings["base_year"])
    employment = region.table("sector_employment")
    industry = industry_by_sector(employment, region.table("sectors"), region.table("staffing"))
    ages = age_table(employment, "sector", flanders.FLANDERS)
    cohorts = fit_cohorts(ages, base_year, 2, seed=1)
    if cohorts is None:
        return pd.Series(dtype=float)
    at = employment[(employment["region"] == flanders.FLANDERS) & (employment["year"] == base_year)]
    top = at[at["age_band"] == ALL_AGES].set_index("sector")["persons"].reindex(list(industry.top)).fillna(0)
    leaf = leaf_shares(industry, flanders.FLANDERS, base_year) * top.to_numpy(dtype=float)[industry.parent]
    bands = band_shares(employment, "sector", flanders.FLANDERS, base_year, cohorts)
    persons = occupation_ages(industry, bands, leaf)
    out = persons @ cohorts.central.leaving(WINDOW)[:, 0]
    rate = pd.Series(out / persons.sum(axis=1), index=list(industry.occupations)).drop(TOTAL, errors="ignore")
    return rate / (out.sum() / persons.sum())


def _differences(groups: pd.DataFrame) -> pd.DataFrame:
    known = groups.dropna(subset=["exits"]).sort_index()
    table = known.assign(difference=known["net 2010–20"] - known["separations"])
    text = table.map(lambda value: "–" if np.isnan(value) else f"{value:.2f}")
    return text.rename_axis("ISCO-08").reset_index()


def _between_groups(groups: pd.DataFrame) -> list[str]:
    ranks = groups.corr(method="spearman")
    text = ranks.map(lambda value: f"{value:.2f}")
    title = "Rank correlation between the columns, over groups that have both:"
    return [title, "", *markdown(text.rename_axis("Spearman").reset_index())]
