"""Part `emerging`: whether skills that are flagged with data to a month go on that way in the year after it.

Job-SDF has no number of ads by occupation, only how often each skill is asked: the share of a skill is of all
mentions of skills in its occupation and month. Foretold is the change of that share within occupations (exact
shift-share) from the year before the month to the year after it. On simulated regions the flags are held to
what occupations truly ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from forecasting.emerging import emerging_skills
from forecasting.parameters import load_parameters
from forecasting.series.panel import Array, Panel
from forecasting.skill_change import shift_share
from forecasting.skill_counts import Counts, mention_counts
from forecasting.skill_outlook import outlook
from forecasting.sources import demo
from tests.benchmarks.data import job_sdf_panel, month_number
from tests.benchmarks.report import Verdict, markdown, verdict_lines

GRANULARITIES: Final = ("r1", "r2")
ORIGIN: Final = "2022-06"
AFTER: Final = 12
EARLIER_ORIGIN: Final = "2021-12"
EARLIER_AFTER: Final = 6
"""Where the configuration was chosen: flags of that month, and the months to the origin that is reported."""
BLOCK: Final = 1
"""Months in a block: of 1, 2 and 3; settled at the earlier origin."""
SUREST: Final = 100
SAMPLES: Final = 500
SEEDS: Final = tuple(range(541, 561))
"""Simulated regions that nothing was chosen on: twenty, for five hold some fifty flags, whose false share
strays by .05."""
CLAIMS: Final = {"past": (None, 0), "next year": (0, 1), "next five years": (0, 5)}
"""Years from the base year between which a flag says that the skill moved; None is the window's first."""
_ABOUT: Final = (
    "Job-SDF has no number of ads by occupation: the share of a skill is of all mentions of skills in its "
    "occupation and month. Foretold is its change within occupations (exact shift-share), from the year "
    "before to the year after."
)


@dataclass(frozen=True)
class Outcome:
    """Of the skills judged: what was foretold and what came, in shares; arrays of shape (skills,)."""

    came: Array
    foretold: Array
    trend: Array
    probability: Array
    trend_t: Array
    flagged: Array


def counts_until(panel: Panel, last: int, block: int) -> Counts:
    """Return mentions by blocks of months to the last; the ads of an occupation are its mentions."""
    columns = [number for number, month in enumerate(panel.periods) if month <= last]
    size = len(columns) // block
    values = panel.values[:, columns[len(columns) - size * block :]].reshape(-1, size, block).sum(axis=2)
    heard = values.sum(axis=1) > 0
    index, values = panel.index[heard], values[heard]
    occupation, occupations = pd.factorize(index.iloc[:, 0], sort=True)
    skill, skills = pd.factorize(index["skill_id"], sort=True)
    ads = np.zeros((len(occupations), size))
    np.add.at(ads, occupation, values)
    return Counts(
        tuple(map(str, occupations)),
        tuple(map(str, skills)),
        np.arange(size) * block / 12,
        np.zeros(size, dtype=np.int64),
        occupation.astype(np.int64),
        skill.astype(np.int64),
        values,
        ads,
        np.ones((len(skills), size), dtype=bool),
    )


def shares(panel: Panel, counts: Counts, months: range) -> tuple[Array, Array]:
    """Return mentions by occupation, and each skill's share of them, over months of the panel."""
    occupation, _ = pd.factorize(panel.index.iloc[:, 0], sort=True)
    skill = pd.Index(counts.skills).get_indexer(pd.Index(panel.index["skill_id"].astype(str)))
    columns = [number for number, month in enumerate(panel.periods) if month in months]
    values = panel.values[:, columns].sum(axis=1)
    asked = np.zeros((occupation.max() + 1, len(counts.skills)))
    np.add.at(asked, (occupation[skill >= 0], skill[skill >= 0]), values[skill >= 0])
    whole = np.bincount(occupation, values)
    return whole, asked / np.maximum(whole, 1)[:, None]


def outcome(panel: Panel, origin: str, after: int, block: int, rule: Mapping[str, float]) -> Outcome:
    """Return what was foretold at an origin with the months to it, and what came after it."""
    last = month_number(origin)
    counts = counts_until(panel, last, block)
    trends = outlook(counts, after / 12)
    table = emerging_skills(counts, frozenset(), rule)
    before = shares(panel, counts, range(last - after + 1, last + 1))
    coming = shares(panel, counts, range(last + 1, last + after + 1))
    size, share = (np.stack(each, axis=-1) for each in zip(before, coming, strict=True))
    came = shift_share(size, share)[1][:, 0]
    weight, own = before[0] / before[0].sum(), before[1]
    slope = (weight[:, None] * own * (1 - own)).sum(axis=0)
    trend, trend_t = own_trend(panel, counts, weight, last, after)
    judged = (table["direction"] != "abstain").to_numpy()
    flagged = table["direction"].isin(["emerging", "fading"]).to_numpy()
    figures = (came, slope * trends.change, trend, trends.probability, trend_t, flagged)
    return Outcome(*(figure[judged] for figure in figures))


def own_trend(panel: Panel, counts: Counts, weight: Array, last: int, after: int) -> tuple[Array, Array]:
    """Return each skill's straight line through its monthly shares, carried on, and the line's t."""
    months = [month for month in panel.periods if month <= last]
    lines = np.stack([weight @ shares(panel, counts, range(month, month + 1))[1] for month in months], axis=1)
    time = np.arange(len(months)) - (len(months) - 1) / 2
    slope = lines @ time / (time @ time)
    left = lines - lines.mean(axis=1, keepdims=True) - slope[:, None] * time
    error = np.sqrt((left**2).sum(axis=1) / (len(months) - 2) / (time @ time))
    return slope * after, slope / np.maximum(error, 1e-12)


def figures(found: Outcome, rows: Array) -> dict[str, float]:
    """Return the scores over some skills (a bootstrap sample of them repeats some)."""
    came, foretold, trend = found.came[rows], found.foretold[rows], found.trend[rows]
    flagged = found.flagged[rows]
    sure = np.argsort(-found.probability[rows], kind="stable")
    trending = np.argsort(-np.abs(found.trend_t[rows]), kind="stable")
    right, right_trend = np.sign(came) == np.sign(foretold), np.sign(came) == np.sign(trend)
    count = int(flagged.sum())
    return {
        "flagged: sign": float(right[flagged].mean()) if count else np.nan,
        "flagged, by own trend: sign": float(right_trend[flagged].mean()) if count else np.nan,
        "as many by trend: sign": float(right_trend[trending[:count]].mean()) if count else np.nan,
        "surest: sign": float(right[sure[:SUREST]].mean()),
        "surest by trend: sign": float(right_trend[trending[:SUREST]].mean()),
        "all judged: sign": float(right.mean()),
        "all judged by trend: sign": float(right_trend.mean()),
        "rank": float(stats.spearmanr(foretold, came)[0]),
        "rank of trend": float(stats.spearmanr(trend, came)[0]),
        "RMSE / no change": float(np.sqrt(((foretold - came) ** 2).sum() / (came**2).sum())),
        "RMSE of trend / no change": float(np.sqrt(((trend - came) ** 2).sum() / (came**2).sum())),
    }


def with_intervals(found: Outcome) -> pd.DataFrame:
    """Return each score with the 90 % interval of a bootstrap over skills."""
    rng, size = np.random.default_rng(7), len(found.came)
    drawn = pd.DataFrame([figures(found, rng.integers(0, size, size)) for _ in range(SAMPLES)])
    whole = pd.Series(figures(found, np.arange(size)))
    return pd.DataFrame({"score": whole, "low": drawn.quantile(0.05), "high": drawn.quantile(0.95)})


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    rule = load_parameters()["emerging_skill"] | {"least_years": 0}
    lines, verdicts, rows = [_ABOUT, ""], [], []
    simulated = pd.concat([simulated_flags(seed) for seed in SEEDS], ignore_index=True)
    for name in GRANULARITIES:
        panel = job_sdf_panel(shared, name, until)
        for block in (1, 2, 3):
            early = outcome(panel, EARLIER_ORIGIN, EARLIER_AFTER, block, rule)
            rows += [_choice(name, block, early, part) for part in (0, 1)]
        found = outcome(panel, ORIGIN, AFTER, BLOCK, rule)
        table = with_intervals(found)
        lines += [f"**{name}**: {len(found.came):,} skills judged, {int(found.flagged.sum())} flagged", ""]
        shown = table.map("{:.3f}".format).reset_index(names="figure")
        lines += markdown(shown.set_axis(["score", "value", "P5", "P95"], axis=1))
        verdicts += _verdicts(name, table["score"])
    return [
        *lines,
        f"Flags with data to {ORIGIN}, rule of `parameters/questions.yaml`, blocks of {BLOCK} month; the "
        f"year after. *Surest*: the {SUREST} skills whose direction is surest, beside the {SUREST} straight "
        "lines with the largest t. *As many by trend*: as many lines as there are "
        "flags, so chosen. Bootstrap over skills: shocks that skills share make the truth less sure.",
        "",
        f"**Where it was chosen**: flags of {EARLIER_ORIGIN} and the {EARLIER_AFTER} months to {ORIGIN}, two "
        "halves of the skills, and the likelihood of the months to then. Earlier versions of the method were "
        "scored on the year after, several times: it is no longer unseen, though nothing was fitted to it.",
        "",
        *markdown(pd.DataFrame(rows)),
        *simulated_lines(simulated, rule["fdr"]),
        *verdict_lines([*verdicts, *_kept(simulated, rule["fdr"])]),
    ]


def simulated_flags(seed: int) -> pd.DataFrame:
    """Return flags of one simulated region by direction and claim, and how many are false.

    Notes
    -----
    A flag claims that occupations came to ask the skill more (or less) often over the window, and that they
    will next year. False is one whose skill's true chance of being asked, averaged over occupations by their
    ads of the window, did not move that way. Five years are beyond the claim.
    """
    found, rule = demo.generate(seed=seed), load_parameters()["emerging_skill"]
    names = ("skill_mentions", "concordance", "occupation_vacancies")
    base = found.world.settings.base_year
    counts = mention_counts(*map(found.region.table, names), base, rule["years"], rule["yearly_from"])
    table = emerging_skills(counts, frozenset(), rule).set_index("skill")
    ads = pd.Series(counts.ads.sum(axis=1), index=counts.occupations)
    listed = found.world.listed
    weight = ads.reindex(listed.occupations["code"]).fillna(0.0).to_numpy()

    def asked(years: int | None) -> pd.Series:
        year = int(counts.times[0]) if years is None else base + years
        return pd.Series(weight @ found.world.profiles.at(year) / weight.sum(), index=listed.skills["code"])

    rows = []
    for claim, (begin, end) in CLAIMS.items():
        moved = asked(end) - asked(begin)
        for direction, way in (("emerging", 1), ("fading", -1)):
            flagged = moved.reindex(table.index[table["direction"] == direction]).dropna()
            row = {"seed": seed, "claim": claim, "direction": direction, "flags": len(flagged)}
            rows.append({**row, "false": int((np.sign(flagged) != way).sum())})
    return pd.DataFrame(rows)


def realised_rate(simulated: pd.DataFrame) -> pd.DataFrame:
    """Return the false share of each claim: ``mean`` over regions, 0 in one without flags, and ``sem``."""
    region = simulated.groupby(["claim", "seed"], sort=False)[["flags", "false"]].sum()
    share = region["false"] / region["flags"].clip(lower=1)
    return share.groupby("claim", sort=False).agg(["mean", "sem"])


def simulated_lines(simulated: pd.DataFrame, rate: float) -> list[str]:
    """Return the section on simulated regions."""
    seeds = simulated["seed"].unique()
    shown = simulated.groupby(["claim", "direction"], sort=False)[["flags", "false"]].sum().reset_index()
    shown["of flags"] = (shown["false"] / shown["flags"].clip(lower=1)).map("{:.3f}".format)
    return [
        f"**Simulated regions**, normal difficulty, seeds {', '.join(map(str, seeds))}: a flag is false "
        "where what occupations truly ask (mean by their ads) did not move its way, from the first year of "
        f"the window to the base year, and from then on. Nominal {rate:g}, for the past and next year.",
        "",
        *markdown(shown),
    ]


def _kept(simulated: pd.DataFrame, rate: float) -> list[Verdict]:
    found = realised_rate(simulated)
    flags = int(simulated.loc[simulated["claim"] == "past", "flags"].sum())
    return [
        Verdict(
            "simulated",
            f"false flags on the {claim} at most {rate:g} (mean over regions), any flags",
            f"{found.loc[claim, 'mean']:.3f} (standard error {found.loc[claim, 'sem']:.3f}) of {flags} flags",
            bool(found.loc[claim, "mean"] <= rate and flags > 0),
        )
        for claim in ("past", "next year")
    ]


def _choice(name: str, block: int, early: Outcome, part: int) -> dict[str, str]:
    rows = np.arange(part, len(early.came), 2)
    found = figures(early, rows)
    sure = np.argsort(-early.probability[rows], kind="stable")[:SUREST]
    return {
        "granularity": name,
        "block, months": str(block),
        "half": str(part + 1),
        "RMSE / no change": f"{found['RMSE / no change']:.3f}",
        "rank": f"{found['rank']:.3f}",
        "surest: sign": f"{found['surest: sign']:.3f}",
        "promised": f"{early.probability[rows][sure].mean():.3f}",
        "flagged": str(int(early.flagged[rows].sum())),
    }


def _verdicts(name: str, score: pd.Series) -> list[Verdict]:
    pairs = {
        "flagged: sign accuracy above own trend's on them": ("flagged: sign", "flagged, by own trend: sign"),
        "flagged: sign accuracy above as many by trend": ("flagged: sign", "as many by trend: sign"),
        "surest: sign accuracy above that by trend": ("surest: sign", "surest by trend: sign"),
        "all judged: sign accuracy above own trend's": ("all judged: sign", "all judged by trend: sign"),
        "rank correlation above trend's and 0": ("rank", "rank of trend"),
    }
    found = [
        Verdict(
            name,
            bar,
            "no flags" if np.isnan(score[mine]) else f"{score[mine]:.3f} ({score[theirs]:.3f})",
            bool(score[mine] > max(score[theirs], 0)),
        )
        for bar, (mine, theirs) in pairs.items()
    ]
    mine, theirs = score["RMSE / no change"], score["RMSE of trend / no change"]
    bar = "RMSE below no change and trend"
    return [
        *found,
        Verdict(name, bar, f"{mine:.3f} of no change ({theirs:.3f})", bool(mine < min(1, theirs))),
    ]
