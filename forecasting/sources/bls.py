"""US employment by occupation (BLS Employment Projections 2010-20), brought to ISCO-08 unit groups.

It weighs unit groups inside a two-digit group, where no European file here counts four digits.
Rules in ``bls.yaml``.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.files import AGAIN
from forecasting.sources.workbooks import read_sheets

FILE: Final = "bls/occupation_2010_20.xls"
CROSSWALK_FILE: Final = "crosswalks/ISCO_SOC_Crosswalk.xls"

_EMPLOYMENT_SHEET: Final = "Table 1.2"
_LINE_ITEM_SHEET: Final = "Table 1.11"
_CROSSWALK_SHEET: Final = "2010 SOC to ISCO-08"
_ALL: Final = "00-0000"
_SOC: Final = r"\d\d-\d{4}"
_UNIT: Final = 4
_SUB_MAJOR: Final = 2


def read_employment(folder: Path) -> pd.DataFrame:
    """Read the base year's employment of the line items: occupations that are no sum of others.

    Returns
    -------
    DataFrame of shape (line items, 2)
        ``soc`` (code of the 2010 National Employment Matrix) and ``jobs`` in thousands.

    Raises
    ------
    InputError
        If the workbook cannot be read, lacks a sheet, or has jobs that are no number.
    """
    where = Path(FILE).name
    employment, items = read_sheets(folder / FILE, (_EMPLOYMENT_SHEET, _LINE_ITEM_SHEET))
    listed = set(items[1].astype(str).str.strip()) - {_ALL}
    soc = employment[1].astype(str).str.strip()
    rows = employment[soc.str.fullmatch(_SOC) & soc.isin(listed)]
    if rows.empty:
        expected = f"codes of {_LINE_ITEM_SHEET} in the second column of {_EMPLOYMENT_SHEET}"
        raise InputError([Problem(where, "no line item", expected, AGAIN)])
    jobs = pd.to_numeric(rows[2], errors="coerce")
    bad = jobs.isna() | (jobs < 0)
    if bad.any():
        lines = [int(row) + 1 for row in rows.index[bad]]
        given = repr(rows.loc[bad, 2].iloc[0])
        raise InputError([Problem(where, given, "jobs in thousands", AGAIN, _EMPLOYMENT_SHEET, lines)])
    return pd.DataFrame({"soc": soc[rows.index], "jobs": jobs}).reset_index(drop=True)


def read_crosswalk(folder: Path) -> pd.DataFrame:
    """Read which ISCO-08 groups each SOC 2010 code meets; two codes meet a three-digit group.

    Returns
    -------
    DataFrame of shape (pairs, 2)
        ``soc, isco``.

    Raises
    ------
    InputError
        If the workbook cannot be read, or holds no pair.
    """
    (sheet,) = read_sheets(folder / CROSSWALK_FILE, (_CROSSWALK_SHEET,))
    pairs = pd.DataFrame({"soc": sheet[0].astype(str).str.strip(), "isco": sheet[3].astype(str).str.strip()})
    pairs = pairs[pairs["soc"].str.fullmatch(_SOC) & pairs["isco"].str.fullmatch(r"\d{3,4}")]
    if pairs.empty:
        expected = f"SOC codes in the first and ISCO codes in the fourth column of {_CROSSWALK_SHEET}"
        raise InputError([Problem(Path(CROSSWALK_FILE).name, "no pair of codes", expected, AGAIN)])
    return pairs.drop_duplicates().reset_index(drop=True)


def unit_group_jobs(
    employment: pd.DataFrame,
    crosswalk: pd.DataFrame,
    units: Collection[str],
    merged: Mapping[str, Sequence[str]],
) -> "pd.Series[float]":
    """Spread US jobs over ISCO-08 unit groups.

    Parameters
    ----------
    employment, crosswalk : DataFrame
        As returned by `read_employment` and `read_crosswalk`.
    units : collection of str
        Unit groups of ISCO-08; a three-digit group of the crosswalk stands for all units in it.
    merged : mapping of str to sequence of str
        SOC codes behind a code of the employment matrix that SOC does not have (``bls.yaml``).

    Returns
    -------
    Series of float
        Thousands of jobs by unit group; a unit group without US jobs is absent.

    Raises
    ------
    InputError
        If a line item matches no SOC code of the crosswalk.
    """
    pairs = [
        (soc, unit)
        for soc, isco in zip(crosswalk["soc"], crosswalk["isco"], strict=True)
        for unit in (
            [isco] if len(isco) == _UNIT else sorted(unit for unit in units if unit.startswith(isco))
        )
    ]
    met = pd.DataFrame(pairs, columns=["soc", "unit"])
    jobs = _by_soc(employment, sorted(set(met["soc"])), merged)
    met["jobs"] = met["soc"].map(jobs) / met.groupby("soc")["unit"].transform("size")
    sums = met.groupby("unit")["jobs"].sum()
    return sums[sums > 0]


def _by_soc(
    employment: pd.DataFrame, socs: Sequence[str], merged: Mapping[str, Sequence[str]]
) -> "pd.Series[float]":
    items = set(employment["soc"])
    shares: list[tuple[str, float]] = []
    unmatched = []
    for item, jobs in zip(employment["soc"], employment["jobs"], strict=True):
        codes = _codes_of(item, socs, items, merged)
        shares += [(code, jobs / len(codes)) for code in codes]
        unmatched += [] if codes else [item]
    if unmatched:
        given = f"no SOC code for {', '.join(unmatched)}"
        expected = "every line item in the crosswalk, or under 'merged' in bls.yaml"
        raise InputError([Problem(Path(CROSSWALK_FILE).name, given, expected, "add them to bls.yaml")])
    return pd.DataFrame(shares, columns=["soc", "jobs"]).groupby("soc")["jobs"].sum()


def _codes_of(
    item: str, socs: Sequence[str], items: Collection[str], merged: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the SOC codes of a line item: itself, those it merges, or all inside a broader code."""
    if item in socs:
        return [item]
    if item in merged:
        return [soc for soc in merged[item] if soc in socs]
    broad = item.rstrip("0")
    return [soc for soc in socs if item.endswith("0") and soc.startswith(broad) and soc not in items]


def unit_weights(jobs: "pd.Series[float]", units: Collection[str]) -> "pd.Series[float]":
    """Return each unit group's share of its two-digit group's jobs.

    Parameters
    ----------
    jobs : Series of float
        As returned by `unit_group_jobs`.
    units : collection of str
        Unit groups to weigh; others do not count.

    Returns
    -------
    Series of float
        Shares by unit group; those of a two-digit group sum to 1. A unit group without US jobs counts as the
        mean of the others in its two-digit group; where none has any, all count alike.

    Examples
    --------
    >>> unit_weights(pd.Series({"1111": 3.0, "1112": 1.0}), ["1111", "1112", "1120", "6310"]).tolist()
    [0.5, 0.16666666666666666, 0.3333333333333333, 1.0]
    """
    known = jobs.reindex(sorted(units))
    group = known.index.str[:_SUB_MAJOR]
    filled = known.fillna(known.groupby(group).transform("mean")).fillna(1.0)
    return filled / filled.groupby(group).transform("sum")
