"""Which skills become essential and which fade: changes within occupations that are unlikely to be chance.

A flag says that occupations came to ask the skill more (or less) often, that this is broad and lasting, and
that it will likely go on next year. A rise that comes from occupations growing is no flag: it stands beside.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from forecasting.series.panel import Array
from forecasting.skill_change import shift_share
from forecasting.skill_counts import Counts
from forecasting.skill_outlook import outlook
from forecasting.skill_trends import Trends, chance_of_no_change

EMERGING: Final = "emerging"
FADING: Final = "fading"
NONE: Final = "none"
ABSTAIN: Final = "abstain"
DIRECTIONS: Final[dict[str, str]] = {
    EMERGING: "asked more often within occupations, broadly and lastingly, and likely to go on",
    FADING: "asked less often within occupations, broadly and lastingly, and likely to go on",
    NONE: "no change that passes the rule",
    ABSTAIN: "too little is known to say",
}

_PERCENTS: Final = (10, 50, 90)
_COLUMNS: Final = (
    "skill",
    "direction",
    *(f"log_odds_p{percent}" for percent in _PERCENTS),
    *(f"points_p{percent}" for percent in _PERCENTS),
    "probability",
    "q_value",
    "from_year",
    "share_before",
    "share_now",
    "within",
    "between",
    "occupations",
    "breadth",
    "persistent",
    "mentions",
    "note",
    "reason",
    "why",
)


def emerging_skills(counts: Counts, retired: frozenset[str], rule: Mapping[str, Any]) -> pd.DataFrame:
    """Return the published table ``emerging_skills``: one row per skill that ads of the window ask.

    Parameters
    ----------
    counts : Counts
    retired : frozenset of str
        Codes that the classification has given up.
    rule : mapping
        Parameter ``emerging_skill``: ``fdr, least_change, least_mentions, least_years, least_occupations,
        least_pair_mentions, least_breadth``.

    Notes
    -----
    METHOD.md sections 10.1 and 10.3. Two promises, each with at most ``fdr`` false among the flags: that the
    level moved by more than ``least_change`` (p-values, Benjamini and Hochberg's rule over all judged), and
    that the coming change goes the same way (mean of the local false sign rates, Stephens 2017,
    doi 10.1093/biostatistics/kxw041). Breadth and persistence only take flags away. A change in share points
    is that of the log-odds times p(1 − p) of the latest year, averaged over occupations by their ads.
    """
    if len(counts.times) < 2 or not counts.skills:
        return pd.DataFrame(columns=list(_COLUMNS))
    trends = outlook(counts)
    mentions = counts.by_skill(counts.mentions).sum(axis=1)
    note = _notes(counts, trends, mentions, retired, rule)
    judged = note == ""
    q = np.full(len(judged), np.nan)
    if judged.any():
        p = chance_of_no_change(trends, rule["least_change"])
        q[judged] = stats.false_discovery_control(p[judged])
    way = np.sign(trends.moved)
    pairs, breadth = breadth_of(counts, trends, way, rule["least_pair_mentions"])
    found = pd.DataFrame(
        {
            "skill": counts.skills,
            **_intervals(counts, trends),
            "probability": trends.probability,
            "q_value": q,
            **observed_change(counts),
            "occupations": pairs,
            "breadth": breadth,
            "persistent": persistent(counts, trends, way),
            "mentions": mentions,
        }
    )
    coming = [name for name in _COLUMNS if name.startswith(("log_odds", "points"))]
    unsaid = ["probability", "q_value", *coming]
    found.loc[~judged, unsaid] = np.nan
    note, flagged = _flags(found, note, way, rule)
    direction = np.select([flagged & (way > 0), flagged, judged], [EMERGING, FADING, NONE], ABSTAIN)
    found = found.assign(direction=direction, note=note, reason=np.where(judged, "", "low_reliability"))
    found["why"] = [_sentence(row, rule) for row in found.to_dict("records")]
    return found[list(_COLUMNS)]


def _flags(
    found: pd.DataFrame, note: NDArray[np.object_], way: Array, rule: Mapping[str, Any]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return which skills pass the whole rule, and what kept those back that passed its first part only."""
    passed = (found["q_value"] <= rule["fdr"]).to_numpy()
    probability = found["probability"].where(passed).to_numpy(dtype=float)
    coming = np.sign(found["log_odds_p50"].to_numpy(dtype=float))
    few = (found["occupations"] < rule["least_occupations"]) | ~(found["breadth"] >= rule["least_breadth"])
    fails = {
        "not broad": few.to_numpy(),
        "not lasting": ~found["persistent"].to_numpy(dtype=bool),
        "not sure to go on": ~sure_of_direction(probability, rule["fdr"]) | (coming != way),
    }
    for text, failed in fails.items():
        note = np.where(passed & failed & (note == ""), text, note)
    return note, passed & ~np.any(list(fails.values()), axis=0)


def sure_of_direction(probability: Array, rate: float) -> NDArray[np.bool_]:
    """Return the surest skills whose mean chance of going the other way is at most `rate`.

    Examples
    --------
    >>> sure_of_direction(np.array([0.95, 0.8, np.nan, 0.9]), 0.1).tolist()
    [True, False, False, True]
    """
    wrong = 1 - np.nan_to_num(probability, nan=0.0)
    order = np.argsort(wrong, kind="stable")
    mean = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    chosen = np.zeros(len(wrong), dtype=bool)
    chosen[order] = mean <= rate
    return chosen


def _notes(
    counts: Counts, trends: Trends, mentions: Array, retired: frozenset[str], rule: Mapping[str, Any]
) -> NDArray[np.object_]:
    """Return why a skill is not judged; empty where it is."""
    span = _years_told(counts)
    first = counts.valid[:, 0]
    tests = {
        "retired code": np.array([code in retired for code in counts.skills]),
        "new or revised code": ~first & (span < rule["least_years"]),
        "sources break too often": span < rule["least_years"],
        "few ads": mentions < rule["least_mentions"],
        "few periods": ~np.isfinite(trends.change),
    }
    return np.select(list(tests.values()), list(tests), "").astype(object)


def _years_told(counts: Counts) -> Array:
    """Return the years of each skill's longest segment, shape (skills,)."""
    block = np.diff(counts.times).min()
    numbers = range(int(counts.segment.max()) + 1)
    return np.asarray(
        np.max([counts.valid[:, counts.segment == number].sum(axis=1) for number in numbers], axis=0) * block
    )


def _intervals(counts: Counts, trends: Trends) -> dict[str, Array]:
    """Return P10, P50 and P90 of the coming change, in log-odds and in shares."""
    lately = counts.times > counts.times[-1] - 1 + 1e-6
    mentions, ads = counts.mentions[:, lately].sum(axis=1), counts.ads[:, lately].sum(axis=1)
    own = ads[counts.occupation]
    share = np.divide(mentions, own, out=np.zeros_like(mentions), where=own > 0)
    spread = (ads / ads.sum())[counts.occupation] * share * (1 - share)
    slope = np.bincount(counts.skill, spread, minlength=len(counts.skills))
    found: dict[str, Array] = {}
    for percent in _PERCENTS:
        value = trends.change + stats.t.ppf(percent / 100, trends.freedom) * trends.spread
        found |= {f"log_odds_p{percent}": value, f"points_p{percent}": slope * value}
    return found


def breadth_of(counts: Counts, trends: Trends, way: Array, least: float) -> tuple[Array, Array]:
    """Return in how many occupations each skill is asked often enough, and which share of them moves with it.

    Parameters
    ----------
    way : ndarray of shape (skills,)
        1 up, -1 down.
    least : float
        Mentions of the window from which on an occupation counts.

    Notes
    -----
    An occupation goes the way of the score of a trend, Σ_t (t − t̄)(mentions − expected), expected as if its
    share moved only as the market does; within segments.
    """
    mentions, ads = counts.known
    score = np.zeros(len(mentions))
    for number in range(int(counts.segment.max()) + 1):
        part = counts.segment == number
        asked, own = mentions[:, part], ads[:, part]
        whole = np.maximum(own.sum(axis=1, keepdims=True), 1.0)
        share = np.clip(asked.sum(axis=1, keepdims=True) / whole, 1e-6, 1 - 1e-6)
        moved = trends.market[part] - trends.market[part].mean()
        expected = own * special.expit(special.logit(share) + moved)
        centred = counts.times[part] - (own * counts.times[part]).sum(axis=1, keepdims=True) / whole
        score += (centred * (asked - expected)).sum(axis=1)
    counted = mentions.sum(axis=1) >= least
    size = len(counts.skills)
    pairs = np.bincount(counts.skill[counted], minlength=size).astype(float)
    along = np.bincount(counts.skill[counted & (np.sign(score) == way[counts.skill])], minlength=size)
    return pairs, np.divide(along, pairs, out=np.full(size, np.nan), where=pairs > 0)


def persistent(counts: Counts, trends: Trends, way: Array) -> NDArray[np.bool_]:
    """Return whether each skill moves the same way in both halves of what is known of it, shape (skills,)."""
    usable = np.isfinite(trends.index)
    place = usable.cumsum(axis=1)
    early = usable & (place * 2 <= place[:, -1:])
    late = usable & ~early
    both = [np.sign(_slope(counts, trends.index, half)) == way for half in (early, late)]
    return np.asarray(both[0] & both[1])


def _slope(counts: Counts, index: Array, chosen: NDArray[np.bool_]) -> Array:
    """Return Σ (t − t̄)(index − mean) over the chosen blocks, within segments, shape (skills,)."""
    total = np.zeros(len(index))
    for number in range(int(counts.segment.max()) + 1):
        part = chosen & (counts.segment == number)
        count = np.maximum(part.sum(axis=1, keepdims=True), 1)
        time = np.where(part, counts.times - (part * counts.times).sum(axis=1, keepdims=True) / count, 0.0)
        total += (time * np.where(part, np.nan_to_num(index), 0.0)).sum(axis=1)
    return total


def observed_change(counts: Counts) -> dict[str, Any]:
    """Return shares of ads in the first and the last year of the latest segment, and their exact difference.

    ``within`` and ``between`` add up to ``share_now`` less ``share_before``; NaN where the segment is shorter
    than two years, or the skill's code is younger.
    """
    times, last = counts.times, counts.segment == counts.segment.max()
    begin = times[last].min()
    first = last & (times < begin + 1 - 1e-6)
    lately = last & (times > times[-1] - 1 + 1e-6)
    size = len(counts.skills)
    nothing = np.full(size, np.nan)
    if (first & lately).any():
        names = ("share_before", "share_now", "within", "between")
        return {"from_year": pd.array([pd.NA] * size, dtype="Int64")} | dict.fromkeys(names, nothing)
    ads = np.stack([counts.ads[:, part].sum(axis=1) for part in (first, lately)], axis=1)
    mentions = np.zeros((len(counts.occupations), size, 2))
    for number, part in enumerate((first, lately)):
        mentions[counts.occupation, counts.skill, number] = counts.mentions[:, part].sum(axis=1)
    own = ads[:, None, :]
    share = np.divide(mentions, own, out=np.zeros_like(mentions), where=own > 0)
    between, within = shift_share(ads, share)
    known = counts.valid[:, np.argmax(first)]
    whole = mentions.sum(axis=0) / ads.sum(axis=0)
    figures = {
        "share_before": whole[:, 0],
        "share_now": whole[:, 1],
        "within": within[:, 0],
        "between": between[:, 0],
    }
    years = pd.array(np.where(known, int(begin), -1), dtype="Int64")
    years[~known] = pd.NA
    return {"from_year": years} | {name: np.where(known, value, np.nan) for name, value in figures.items()}


def _sentence(row: Mapping[Hashable, Any], rule: Mapping[str, Any]) -> str:
    if row["direction"] == ABSTAIN:
        return f"Not judged: {row['note']} ({row['mentions']:,.0f} mentions in the window)."
    seen = ""
    if np.isfinite(row["within"]):
        total = row["share_now"] - row["share_before"]
        seen = (
            f"Asked in {row['share_now']:.1%} of ads, {100 * total:+.1f} points since {row['from_year']}: "
            f"{100 * row['within']:+.1f} within occupations, {100 * row['between']:+.1f} because the mix of "
            "occupations changed; "
        )
    coming = (
        f"next year {100 * row['points_p10']:+.2f} to {100 * row['points_p90']:+.2f} points within "
        f"occupations (80 %), {'up' if row['points_p50'] > 0 else 'down'} with probability "
        f"{row['probability']:.0%}"
    )
    broad = (
        f"so in {row['breadth']:.0%} of {row['occupations']:.0f} occupations" if row["occupations"] else ""
    )
    ends = {
        EMERGING: f"emerging: {broad}, in both halves of the window, q {row['q_value']:.3f}",
        FADING: f"fading: {broad}, in both halves of the window, q {row['q_value']:.3f}",
        NONE: f"no flag: {row['note'] or 'may be chance'}, q {row['q_value']:.3f} beside {rule['fdr']:g}",
    }
    text = f"{seen}{coming}; {ends[row['direction']]}."
    return text[0].upper() + text[1:]
