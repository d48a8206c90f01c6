"""US Employment Projections: employment, its projection and what replaces leavers, any vintage of one layout.

Rules in ``bls_projections.yaml``; the numbers of the rules stand in the functions' docstrings.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.separations import EXIT, TRANSFER
from forecasting.sources import bls
from forecasting.sources.files import AGAIN
from forecasting.sources.workbooks import read_sheets

VINTAGES: Final = ("bls/occupation_2010_20.xls", "bls/occupation_2016_26.xlsx")
"""Workbooks at hand, oldest first."""

TOTAL_SOC: Final = "00-0000"

_SHEETS: Final = ("Table 1.2", "Table 1.10", "Table 1.11")
_SOC: Final = r"\d\d-\d{4}"
_YEAR: Final = r"\b(?:19|20)\d\d\b"
_SUB_MAJOR: Final = 2
_PERCENT: Final = 100


@dataclass(frozen=True)
class Raw:
    """The sheets of one workbook, verbatim.

    Parameters
    ----------
    file : str
        Its name, for messages.
    employment, leavers, items : DataFrame
        Tables 1.2, 1.10 and 1.11, headers and notes included.
    """

    file: str
    employment: pd.DataFrame
    leavers: pd.DataFrame
    items: pd.DataFrame


@dataclass(frozen=True)
class Vintage:
    """One projection.

    Parameters
    ----------
    base_year, target_year : int
    occupations : DataFrame
        One row per code: ``soc, title, line_item`` (bool), ``base, target`` (thousands of jobs),
        ``openings`` (thousands a year), and as shares of employment a year ``net_replacement`` or
        ``exits`` and ``transfers``, NaN in vintages that do not publish them.
    """

    base_year: int
    target_year: int
    occupations: pd.DataFrame

    @property
    def years(self) -> int:
        """Return the length of the projection."""
        return self.target_year - self.base_year

    def line_items(self) -> pd.DataFrame:
        """Return the occupations that are no sum of others, indexed by code (rule 1)."""
        rows = self.occupations[self.occupations["line_item"]]
        return rows.set_index("soc", verify_integrity=True)


def read(folder: Path, file: str = VINTAGES[-1]) -> Raw:
    """Read one vintage, verbatim.

    Parameters
    ----------
    folder : Path
        Folder laid out as the project's ``shared/data``.
    file : str
        Workbook, relative to it.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or lacks one of the tables.
    """
    employment, leavers, items = read_sheets(folder / file, _SHEETS)
    return Raw(Path(file).name, employment, leavers, items)


def tidy(raw: Raw) -> Vintage:
    """Return the figures of one vintage (rules 1 to 3).

    Raises
    ------
    InputError
        If a table has another layout, or employment that is no number.
    """
    sheet, labels, soc = _table(raw.employment, raw.file, _SHEETS[0])
    levels = [at for at, label in enumerate(labels) if re.fullmatch(rf"Employment.*{_YEAR}", label)]
    levels = [at for at in levels if "Percent" not in labels[at]]
    openings = [at for at, label in enumerate(labels) if "openings" in label.lower()]
    if len(levels) != 2 or len(openings) != 1:
        expected = "two columns of employment with their years and one of openings"
        raise InputError([Problem(raw.file, f"the columns {labels}", expected, AGAIN, _SHEETS[0])])
    base_year, target_year = (int(re.findall(_YEAR, labels[at])[-1]) for at in levels)
    yearly = 1 if "annual" in labels[openings[0]].lower() else target_year - base_year
    title = sheet.drop(columns=sheet.columns[soc]).iloc[:, 0]
    items = _table(raw.items, raw.file, _SHEETS[2])
    listed = set(items[0].iloc[:, items[2]].astype(str).str.strip()) - {TOTAL_SOC}
    occupations = pd.DataFrame(
        {
            "soc": sheet.iloc[:, soc].astype(str).str.strip(),
            "title": title.astype(str).str.strip(),
            "base": _jobs(sheet.iloc[:, levels[0]], raw.file),
            "target": _jobs(sheet.iloc[:, levels[1]], raw.file),
            "openings": pd.to_numeric(sheet.iloc[:, openings[0]], errors="coerce").astype(float) / yearly,
        }
    )
    occupations.insert(2, "line_item", occupations["soc"].isin(listed))
    rates = _rates(raw, target_year - base_year)
    return Vintage(base_year, target_year, occupations.merge(rates, on="soc", how="left"))


def _rates(raw: Raw, years: int) -> pd.DataFrame:
    """Return what replaces leavers, as shares of employment a year (rule 2)."""
    sheet, labels, soc = _table(raw.leavers, raw.file, _SHEETS[1])
    columns = {
        "net_replacement": (r"replacement rate", years),
        "exits": r"rate.*exits",
        "transfers": r"rate.*transfers",
    }
    rates = pd.DataFrame({"soc": sheet.iloc[:, soc].astype(str).str.strip()})
    for name, rule in columns.items():
        pattern, over = rule if isinstance(rule, tuple) else (rule, 1)
        found = [at for at, label in enumerate(labels) if re.search(pattern, label.lower())]
        cells = sheet.iloc[:, found[0]] if found else pd.Series(np.nan, index=sheet.index)
        rates[name] = pd.to_numeric(cells, errors="coerce").astype(float) / _PERCENT / over
    if rates.drop(columns="soc").isna().all(axis=None):
        expected = "a replacement rate, or rates of exits and transfers"
        raise InputError([Problem(raw.file, f"the columns {labels}", expected, AGAIN, _SHEETS[1])])
    return rates.drop_duplicates("soc")


def _table(sheet: pd.DataFrame, file: str, name: str) -> tuple[pd.DataFrame, list[str], int]:
    """Return the rows with a code, the headers of all columns, and which column has the codes."""
    sheet = sheet.dropna(axis=1, how="all")
    coded = sheet.apply(lambda cells: cells.astype(str).str.strip().str.fullmatch(_SOC))
    if not coded.any(axis=None):
        raise InputError([Problem(file, "no code of an occupation", "codes such as 11-1011", AGAIN, name)])
    soc = int(coded.sum().to_numpy().argmax())
    rows = coded.iloc[:, soc]
    head = sheet.loc[1 : int(rows.idxmax()) - 1]
    groups = head.iloc[:-1].ffill(axis=1) if len(head) > 1 else head.iloc[:0]
    parts = pd.concat([groups, head.iloc[-1:]])
    return sheet[rows].reset_index(drop=True), [_label(parts[column]) for column in parts], soc


def _label(cells: pd.Series) -> str:
    return " | ".join(" ".join(str(cell).split()) for cell in cells if pd.notna(cell))


def _jobs(cells: pd.Series, file: str) -> "pd.Series[float]":
    jobs = pd.to_numeric(cells, errors="coerce").astype(float)
    bad = jobs.isna() | (jobs < 0)
    if bad.any():
        given = repr(cells[bad].iloc[0])
        raise InputError([Problem(file, given, "jobs in thousands", AGAIN, _SHEETS[0])])
    return jobs


def matched(earlier: Vintage, later: Vintage) -> pd.DataFrame:
    """Return the occupations of two vintages that are the same (rule 4), with both vintages' figures.

    Returns
    -------
    DataFrame
        Indexed by code: columns of `Vintage.occupations` of the earlier vintage, and ``actual``: thousands
        of jobs at the later one's base year. Occupations without jobs in either are left out.
    """
    both = earlier.line_items().join(later.line_items()[["title", "base"]], rsuffix="_later", how="inner")
    same = both["title"].map(_plain) == both["title_later"].map(_plain)
    jobs = (both["base"] > 0) & (both["base_later"] > 0)
    return both[same & jobs].rename(columns={"base_later": "actual"}).drop(columns="title_later")


def _plain(title: str) -> str:
    """Return a title without case, punctuation and footnote marks.

    Examples
    --------
    >>> _plain("Chief Executives(1)") == _plain("chief executives")
    True
    """
    return " ".join(re.findall(r"[a-z]+", re.sub(r"\(\d+\)", "", title.lower())))


def separations(
    vintage: Vintage,
    crosswalk: pd.DataFrame,
    occupations: Collection[str],
    merged: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the canonical table ``separations`` of ISCO-08 two-digit groups (rule 6).

    Parameters
    ----------
    vintage, crosswalk, merged
        As for `relative_separations`.
    occupations : collection of str
        Groups that are wanted; one without US jobs has no row.
    """
    sums = separations_by_isco(vintage, crosswalk, merged, ("exits", "transfers"))
    wanted = sums[(sums["jobs"] > 0) & sums.index.isin(list(occupations))]
    frames = [
        pd.DataFrame(
            {
                "occupation": wanted.index.astype(str),
                "kind": kind,
                "rate": (wanted[name] / wanted["jobs"]).to_numpy(dtype=float),
                "flag": "e",
            }
        )
        for kind, name in ((EXIT, "exits"), (TRANSFER, "transfers"))
    ]
    return pd.concat(frames, ignore_index=True)


def relative_separations(
    vintage: Vintage, crosswalk: pd.DataFrame, merged: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Return how much more often than on average people leave each occupation group (rule 5).

    Parameters
    ----------
    vintage : Vintage
        One that publishes exits and transfers.
    crosswalk : DataFrame
        As returned by `forecasting.sources.bls.read_crosswalk`.
    merged : mapping of str to sequence of str, optional
        SOC codes behind codes of the matrix that SOC does not have; 2016-26 needs none.

    Returns
    -------
    DataFrame of shape (groups, 4)
        ``occupation`` (ISCO-08, two digits), ``exit_rate_relative`` and ``transfer_rate_relative``: the
        group's yearly rate over that of all line items, 1 on average; ``jobs``, thousands of US jobs
        behind it. To be scaled to a region's own total.
    """
    sums = separations_by_isco(vintage, crosswalk, merged, ("exits", "transfers"))
    rates = sums[["exits", "transfers"]].div(sums["jobs"], axis=0)
    whole = sums[["exits", "transfers"]].sum() / sums["jobs"].sum()
    relative = rates / whole
    return pd.DataFrame(
        {
            "occupation": relative.index.astype(str),
            "exit_rate_relative": relative["exits"].to_numpy(dtype=float),
            "transfer_rate_relative": relative["transfers"].to_numpy(dtype=float),
            "jobs": sums["jobs"].to_numpy(dtype=float),
        }
    )


def separations_by_isco(
    vintage: Vintage,
    crosswalk: pd.DataFrame,
    merged: Mapping[str, Sequence[str]] | None,
    rates: Sequence[str],
) -> pd.DataFrame:
    """Return thousands of jobs and of leavers a year by ISCO-08 two-digit group.

    Parameters
    ----------
    rates : sequence of str
        Columns of `Vintage.occupations` that are shares of employment a year; line items without one of
        them are left out.

    Returns
    -------
    DataFrame
        Indexed by group: ``jobs`` and each of `rates`.
    """
    rows = vintage.line_items().dropna(subset=list(rates))
    units = sorted({isco if len(isco) == 4 else f"{isco}0" for isco in crosswalk["isco"]})
    sums = {}
    for name in ("jobs", *rates):
        persons = rows["base"] if name == "jobs" else rows["base"] * rows[name]
        employment = pd.DataFrame({"soc": rows.index.astype(str), "jobs": persons.to_numpy(dtype=float)})
        by_unit = bls.unit_group_jobs(employment, crosswalk, units, merged or {})
        sums[name] = by_unit.groupby(by_unit.index.str[:_SUB_MAJOR]).sum()
    return pd.DataFrame(sums).fillna(0.0)
