"""Bottleneck occupations by a rule that anybody can check, in the spirit of VDAB's; never VDAB's own list.

An occupation is a candidate in a year when its vacancies run longer than the median occupation's and are
filled less often, and enough were handled to tell; it is listed when it has been one often enough in the
latest years. *Source*: METHOD.md section 5. VDAB's statistics are followed by experts, and its numbers are
not public: agreement with an official list is reported, not sought.

What is not known of a criterion leaves the listing open only where it could change it.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import betainc, ndtr

from forecasting.series.panel import Array
from forecasting.vacancy_indicators import KEY

_MARKET: Final = ["year", "region"]
_CELL: Final = ["region", "occupation"]

QUANTITATIVE: Final = "quantitative"
QUALITATIVE: Final = "qualitative"
CONDITIONS: Final = "working_conditions"

COLUMNS: Final = [
    *("region", "occupation", "year", "listed", "probability"),
    *("enough_vacancies", "long_run_time", "low_fill_rate", "candidate", "persistent"),
    *("handled", "days", "median_days", "fill_rate", "median_fill_rate", "seekers_per_vacancy"),
    *("days_margin", "fill_rate_margin", "causes", "causes_unknown", "reason"),
]

AGREEMENT_COLUMNS: Final = [
    *("region", "year", "both", "rule_only", "list_only", "neither", "not_judged"),
    *("kappa", "precision", "recall"),
]


def judged(indicators: pd.DataFrame, rule: Mapping[str, int]) -> pd.DataFrame:
    """Apply the rule to every year.

    Parameters
    ----------
    indicators : DataFrame
        As `forecasting.vacancy_indicators.yearly_indicators` returns them.
    rule : mapping
        Parameter ``bottleneck_rule``.

    Returns
    -------
    DataFrame
        `indicators` with the criteria (``long_run_time, low_fill_rate, candidate, persistent, listed``: 1, 0
        or NaN where unknown), both medians, the margins to them (days; share), and ``probability``: that the
        rule lists the occupation if as many vacancies were drawn again.

    Notes
    -----
    Medians are over the occupations of the market with enough vacancies; a tie with the median meets no
    criterion. Of n vacancies handled the fill rate follows Beta(filled + ½, cancelled + ½), and the logarithm
    of the median run time has standard error 1 / (ln 2 · √n), that of a constant chance to be filled; medians
    stay, years are independent, and a year that is not known was no candidate.
    """
    enough = indicators["handled"] >= rule["handled"]
    days, fill = (indicators[name].where(enough) for name in ("days", "fill_rate"))
    by_market = [indicators[name] for name in _MARKET]
    median_days, median_fill = (each.groupby(by_market).transform("median") for each in (days, fill))
    long, low = _flag(days > median_days, days), _flag(fill < median_fill, fill)
    error = 1 / (np.log(2) * np.sqrt(indicators["handled"].where(enough)))
    longer = ndtr(np.log(days.where(days > 0) / median_days) / error)
    lower = betainc(indicators["filled"] + 0.5, indicators["cancelled"] + 0.5, median_fill)
    frame = indicators.assign(
        enough_vacancies=enough,
        median_days=median_days,
        median_fill_rate=median_fill,
        long_run_time=long,
        low_fill_rate=low,
        candidate=_both(long, low),
        chance=longer * lower,
        days_margin=days - median_days,
        fill_rate_margin=fill - median_fill,
    )
    return _with_persistence(frame, rule["candidate_years"], rule["of_years"]).drop(columns="chance")


def _flag(met: "pd.Series[bool]", known: "pd.Series[float]") -> "pd.Series[float]":
    return met.astype(float).where(known.notna())


def _both(one: Any, other: Any) -> Array:
    """Return whether both hold: 0 where either does not, NaN where what is unknown decides."""
    return np.where((one == 0) | (other == 0), 0.0, one * other).astype(np.float64)


def _with_persistence(frame: pd.DataFrame, needed: int, years: int) -> pd.DataFrame:
    """Add whether a row was a candidate in enough of the latest years, is listed, and how likely so."""
    if frame.empty:
        return frame.assign(persistent=np.nan, listed=np.nan, probability=np.nan)
    by_cell = frame.set_index([*_CELL, "year"])
    wide = {name: by_cell[name].unstack("year") for name in ("candidate", "chance")}
    every = range(int(frame["year"].min()) - years + 1, int(frame["year"].max()) + 1)
    met, chance = (wide[name].reindex(columns=every).to_numpy(dtype=float) for name in wide)
    frames = []
    for last in range(years - 1, met.shape[1]):
        window = slice(last - years + 1, last + 1)
        yes, unknown = (met[:, window] == 1).sum(axis=1), np.isnan(met[:, window]).sum(axis=1)
        persistent = np.where(yes >= needed, 1.0, np.where(yes + unknown < needed, 0.0, np.nan))
        before = np.nan_to_num(chance[:, last - years + 1 : last])
        found = {
            "persistent": persistent,
            "listed": _both(met[:, last], persistent),
            "probability": chance[:, last] * at_least(before, needed - 1),
            "year": every[last],
        }
        frames.append(pd.DataFrame(found, index=wide["candidate"].index).reset_index())
    told = frame.merge(pd.concat(frames), on=[*_CELL, "year"], how="left")
    return told.assign(probability=told["probability"].where(told["listed"].notna()))


def at_least(chances: Array, needed: int) -> Array:
    """Return the probability of at least `needed` successes in independent trials, shape (rows,).

    Parameters
    ----------
    chances : ndarray of shape (rows, trials)

    Examples
    --------
    >>> float(at_least(np.array([[0.5, 0.5]]), 1)[0])
    0.75
    """
    fewer = np.zeros((len(chances), chances.shape[1] + 1))
    fewer[:, 0] = 1.0
    for chance in chances.T:
        gained = fewer * chance[:, None]
        fewer -= gained
        fewer[:, 1:] += gained[:, :-1]
    return np.asarray(fewer[:, max(needed, 0) :].sum(axis=1))


def bottlenecks_table(
    rows: pd.DataFrame, lack: "pd.Series[float]", conditions: pd.DataFrame, base_year: int, few: float
) -> pd.DataFrame:
    """Return the rule's listing of the base year, with causes and reasons.

    Parameters
    ----------
    rows : DataFrame
        As `judged` returns them.
    lack : Series of float
        Lack of job seekers by occupation (DESIGN.md section 2); an occupation that it does not name, or NaN,
        is unknown.
    conditions : DataFrame
        As `forecasting.conditions.conditions_table` returns it of the base year.
    few : float
        Parameter ``few_jobseekers``.

    Returns
    -------
    DataFrame
        `COLUMNS`; ``listed`` is null with a reason where it is unknown. No row where no run time and no fill
        rate is known.

    Notes
    -----
    Causes, of a listed occupation: *quantitative*, fewer than `few` job seekers per open vacancy;
    *qualitative*, not so, but job seekers lack more of what is asked than the market's median; *working
    conditions*, an 80 % interval of κ above zero. An occupation may have several causes, or none.
    """
    now = rows[(rows["year"] == base_year) & (rows["fill_rate"].notna() | rows["days"].notna())]
    lacking = now["occupation"].map(lack).astype(float)
    scarce = np.asarray(_flag(now["seekers_per_vacancy"] < few, now["seekers_per_vacancy"]), dtype=np.float64)
    unskilled = _beyond_median(now, lacking)
    kappa = now[_CELL].merge(conditions[[*_CELL, "p10"]], on=_CELL, how="left")["p10"].to_numpy(dtype=float)
    found = {
        QUANTITATIVE: scarce,
        QUALITATIVE: _both(1 - scarce, unskilled),
        CONDITIONS: np.where(np.isnan(kappa), np.nan, (kappa > 0).astype(float)),
    }
    listed = now["listed"].to_numpy(dtype=float) == 1
    table = now.assign(
        causes=_named(found, listed, lambda flags: flags == 1),
        causes_unknown=_named(found, listed, np.isnan),
        reason=np.select(
            [now["listed"].notna(), now["handled"].notna() & ~now["enough_vacancies"]],
            ["", "low_reliability"],
            "unavailable",
        ),
    )
    flags = ["long_run_time", "low_fill_rate", "candidate", "persistent", "listed"]
    return table.assign(**{name: _yes_no(table[name]) for name in flags})[COLUMNS].reset_index(drop=True)


def _beyond_median(now: pd.DataFrame, figure: "pd.Series[float]") -> Array:
    """Return whether a figure lies above its median over the market's occupations with enough vacancies."""
    known = figure.where(now["enough_vacancies"])
    above = known > known.groupby(now["region"]).transform("median")
    return np.asarray(_flag(above, known), dtype=np.float64)


def _named(found: Mapping[str, Array], listed: Any, which: Any) -> list[str]:
    """Return the names of the causes for which it holds, of listed rows."""
    holds = {name: which(flags) & listed for name, flags in found.items()}
    return [" ".join(name for name in holds if holds[name][row]) for row in range(len(listed))]


def _yes_no(flags: "pd.Series[float]") -> Any:
    return flags.map({1.0: True, 0.0: False}).astype("boolean")


def agreement_table(rows: pd.DataFrame, official: pd.DataFrame) -> pd.DataFrame:
    """Hold the rule to an official list, by region and year.

    Parameters
    ----------
    rows : DataFrame
        As `judged` returns them.
    official : DataFrame
        Canonical table ``bottlenecks``; an occupation that it does not have in a year is not compared.

    Returns
    -------
    DataFrame
        `AGREEMENT_COLUMNS`: occupations listed by both, one or neither; those that the rule cannot judge;
        Cohen's κ, and the rule's precision and recall against the list, NaN where undefined.
    """
    named = official[official["listed"].notna()][["year", "occupation", "listed"]]
    if rows.empty or named.empty:
        return pd.DataFrame(columns=AGREEMENT_COLUMNS)
    both = rows[[*KEY, "listed"]].merge(named, on=["year", "occupation"], suffixes=("", "_officially"))
    found = [
        {"region": region, "year": year}
        | _agreement(at["listed"].to_numpy(dtype=float), at["listed_officially"].to_numpy(dtype=bool))
        for (region, year), at in both.groupby(["region", "year"])
    ]
    return pd.DataFrame(found, columns=AGREEMENT_COLUMNS)


def _agreement(rule: Array, listed: Any) -> dict[str, float]:
    known = ~np.isnan(rule)
    ours, theirs = rule[known] == 1, listed[known]
    counts = [int(sum(each)) for each in (ours & theirs, ours & ~theirs, ~ours & theirs, ~ours & ~theirs)]
    both, rule_only, list_only, neither = counts
    total = sum(counts)
    by_chance = (ours.mean() * theirs.mean() + (~ours).mean() * (~theirs).mean()) if total else np.nan
    alike = _over(both + neither, total)
    return {
        **dict(zip(("both", "rule_only", "list_only", "neither"), counts, strict=True)),
        "not_judged": int((~known).sum()),
        "kappa": (alike - by_chance) / (1 - by_chance) if by_chance < 1 else np.nan,
        "precision": _over(both, both + rule_only),
        "recall": _over(both, both + list_only),
    }


def _over(part: float, all_of_it: float) -> float:
    return part / all_of_it if all_of_it else float("nan")
