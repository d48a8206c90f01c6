"""Moments of vacancies and job ads: season, volatility, empty cells, what occupations go on asking.

Definitions and real figures: ``moments.yaml``.
"""

from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.vocabulary import TOTAL

SKILLS: Final = 300
"""The most asked skills, so that classifications of different length compare."""

_QUARTERS: Final = 4
_IQR: Final = 1.349
"""Between the quartiles of a standard normal."""

_CORE: Final = 10
"""An occupation's most asked skills."""

_MEASURED: Final = 50
"""Mentions a year from which a skill's share is more than chance."""


def vacancies(sector_vacancies: pd.DataFrame) -> dict[str, float]:
    """Return season, volatility and persistence of open vacancies by sector, regions summed.

    Parameters
    ----------
    sector_vacancies : DataFrame
        Canonical; quarters, or months of which the last of a quarter counts; of years only the vacancy rate
        is known. ``occupied`` may be absent.
    """
    opened = _by_quarter(sector_vacancies, "open")
    if not opened.index.str.fullmatch(r"\d{4}-Q\d").all():
        return _vacancy_rates(sector_vacancies, opened)
    logs = opened.where(opened > 0).transform(np.log)
    total = opened.sum(axis=1, min_count=opened.shape[1]).transform(np.log)
    change, change_total = logs.diff(_QUARTERS), total.diff(_QUARTERS)
    pairs = pd.Series(change.corr().to_numpy()[np.triu_indices(logs.shape[1], 1)])
    profile = _season(total.to_frame()).iloc[:, 0]
    season = _season(logs)
    return {
        **{f"vacancy_season_q{quarter}": float(profile.get(quarter, np.nan)) for quarter in (1, 2, 3, 4)},
        "vacancy_season_range": _median(season.max() - season.min()),
        "vacancy_change_sd": _median(change.std()),
        "vacancy_change_sd_total": float(change_total.std()),
        "vacancy_change_persistence": _median(change.apply(_autocorrelation)),
        "vacancy_change_persistence_year": _median(change.apply(_autocorrelation, lag=_QUARTERS)),
        "vacancy_comovement": _median(pairs),
        **_vacancy_rates(sector_vacancies, opened),
    }


def _vacancy_rates(table: pd.DataFrame, opened: pd.DataFrame) -> dict[str, float]:
    """Return open vacancies over open and occupied posts, where posts are known."""
    if "occupied" not in table or table["occupied"].isna().all():
        return {}
    occupied = _by_quarter(table, "occupied")
    rates = (opened / (opened + occupied)).mean()
    total = opened.sum(axis=1) / (opened + occupied).sum(axis=1)
    return {"vacancy_rate": float(total.mean()), "vacancy_rate_range": float(rates.max() - rates.min())}


def _by_quarter(table: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return a stock by quarter (or year, as it stands) and sector, regions summed.

    A gap in a region's series is bridged in a straight line; where one begins late or ends early, the sum is
    unknown.
    """
    rows = table[(table["sector"] != TOTAL) & table[figure].notna()]
    wide = rows.pivot(index="period", columns=["sector", "region"], values=figure).sort_index()
    bridged = wide.interpolate(limit_area="inside").T
    sums = bridged.groupby(level="sector").sum(min_count=table["region"].nunique()).T
    if sums.index.str.fullmatch(r"\d{4}-\d\d").all():
        sums = sums[sums.index.str[-2:].astype(int) % 3 == 0]
        sums.index = [f"{name[:4]}-Q{int(name[-2:]) // 3}" for name in sums.index]
    return sums


def _season(logs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean distance of each quarter from the centred mean of a year; quarters × series."""
    year = logs.rolling(_QUARTERS).mean()
    away = logs - (year.shift(-1) + year.shift(-2)) / 2
    profile = away.groupby(away.index.str[-1].astype(int)).mean()
    return profile - profile.mean()


def ad_volume(ads: pd.DataFrame) -> dict[str, float]:
    """Return how the number of all ads moves from month to month; `ads` has ``month`` and ``ads``."""
    months = ads.groupby("month")["ads"].sum().sort_index()
    ratio = (months / months.rolling(3).mean().shift(1)).dropna()
    return {
        "ad_volume_sd": float(np.log(months).diff().std()),
        "ad_volume_ratio_p10": float(ratio.quantile(0.1)),
        "ad_volume_ratio_p90": float(ratio.quantile(0.9)),
    }


def skill_mentions(table: pd.DataFrame) -> dict[str, float]:
    """Return how sparse and how lasting the skills asked per occupation are, regions summed.

    Parameters
    ----------
    table : DataFrame
        Canonical ``skill_mentions``, months or quarters; a missing row is zero. `SKILLS` most asked are used.
    """
    rows = table[table["occupation"] != TOTAL]
    asked = rows.groupby("skill")["mentions"].sum()
    rows = rows[rows["skill"].isin(asked.nlargest(SKILLS).index)]
    quarter = rows["period"].astype(str).map({name: quarter_of(name) for name in rows["period"].unique()})
    counts = _grid(rows.assign(period=quarter))
    found = {"zero_cells_quarterly": _zero(counts), "zero_cells_thinned": _zero_at(counts, 1.0)}
    if (rows["period"].str.len() == len("2021-01")).all() and not rows["period"].str.contains("Q").any():
        found["zero_cells_monthly"] = _zero(_grid(rows))
    return found | _lasting(rows.assign(period=quarter.str[:4]))


def quarter_of(period: str) -> str:
    """Return the quarter of a month, or of a quarter.

    Examples
    --------
    >>> quarter_of("2021-05"), quarter_of("2021-Q2")
    ('2021-Q2', '2021-Q2')
    """
    return period if "Q" in period else f"{period[:4]}-Q{(int(period[5:7]) + 2) // 3}"


def _grid(rows: pd.DataFrame) -> pd.DataFrame:
    """Return counts of every period × occupation (rows) and skill (columns), zeros filled in."""
    sums = rows.groupby(["period", "occupation", "skill"])["mentions"].sum()
    return sums.unstack("skill", fill_value=0)


def _zero(counts: pd.DataFrame) -> float:
    return float((counts.to_numpy() == 0).mean())


def _zero_at(counts: pd.DataFrame, mean: float) -> float:
    """Return the share of zeros to be expected had only so many ads been seen that a cell's mean is `mean`.

    Each mention is kept with the same chance, so a cell of y mentions is empty with (1 − chance) to the y.
    """
    values = counts.to_numpy(dtype=float)
    if values.mean() < mean:
        return np.nan
    return float(((1 - mean / values.mean()) ** values).mean())


def _lasting(rows: pd.DataFrame) -> dict[str, float]:
    """Return medians over pairs of years of what stays and changes in the occupations' mixes of skills."""
    counts = _grid(rows)
    years = sorted(set(counts.index.get_level_values("period")))
    pairs = [
        _changes(counts.loc[first], counts.loc[second])
        for first, second in pairwise(years)
        if int(second) == int(first) + 1
    ]
    each = pd.DataFrame(pairs, columns=["rank", "moved", "spread", "turnover", "top"]).median()
    return {
        "skill_rank_change": 1 - float(each["rank"]),
        "skill_change": float(each["moved"]),
        "skill_log_share_change": float(each["spread"]),
        "skill_top_ten_turnover": float(each["turnover"]),
        "skill_top_ten_share": float(each["top"]),
    }


def _changes(before: pd.DataFrame, after: pd.DataFrame) -> tuple[float, float, float, float, float]:
    """Return medians over occupations between two years; what chance alone would do is taken off."""
    both = before.index.intersection(after.index)
    one, two = before.loc[both].to_numpy(dtype=float), after.loc[both].to_numpy(dtype=float)
    seen = (one.sum(axis=1) > 0) & (two.sum(axis=1) > 0)
    found = [_change(*pair) for pair in zip(one[seen], two[seen], strict=True)]
    rank, moved, spread, turnover, top = pd.DataFrame(found, columns=range(5)).median()
    return rank, moved, spread, turnover, top


def _change(one: NDArray[Any], two: NDArray[Any]) -> tuple[float, float, float, float, float]:
    """Return the five figures of one occupation.

    Rank correlation of shares among skills asked in either year; sum of absolute changes of shares (Deming
    and Noray, METHOD.md section 10.2) above chance; spread of log changes of well measured shares above
    chance; share of the ten most asked that are new; share of mentions that the ten most asked take.
    """
    shares = one / one.sum(), two / two.sum()
    mean = (shares[0] + shares[1]) / 2
    chance = np.sqrt(mean * (1 - mean) * (1 / one.sum() + 1 / two.sum()))
    moved = np.abs(shares[1] - shares[0]).sum() - np.sqrt(2 / np.pi) * chance.sum()
    asked = one + two >= _MEASURED
    ranks = [pd.Series(share[asked]).rank() for share in shares]
    rank = ranks[0].corr(ranks[1]) if asked.sum() >= _CORE else np.nan
    good = (one >= _MEASURED) & (two >= _MEASURED)
    logs = np.log(shares[1][good] / shares[0][good])
    noise = (1 / one[good] + 1 / two[good]).mean() if good.any() else np.nan
    wide = np.subtract(*np.quantile(logs, [0.75, 0.25])) / _IQR if good.sum() >= _CORE else np.nan
    spread = np.sqrt(max(wide**2 - noise, 0.0)) if np.isfinite(wide) else np.nan
    cores = [set(np.argsort(-count, kind="stable")[:_CORE]) for count in (one, two)]
    top = np.sort(shares[1])[::-1][:_CORE].sum()
    return rank, max(moved, 0.0), spread, 1 - len(cores[0] & cores[1]) / _CORE, top


def _median(values: "pd.Series[float]") -> float:
    return float(values.median())


def _autocorrelation(series: "pd.Series[float]", lag: int = 1) -> float:
    return float(series.corr(series.shift(lag)))
