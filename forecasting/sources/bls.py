"""US employment and education by occupation (BLS Employment Projections 2010-20), brought to ISCO-08 groups.

Jobs weigh unit groups inside a two-digit group, where no European file here counts four digits; education
says which levels an occupation takes, where no European file here does. Rules in ``bls.yaml``.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.files import AGAIN
from forecasting.sources.workbooks import read_sheets

FILE: Final = "bls/occupation_2010_20.xls"
CROSSWALK_FILE: Final = "crosswalks/ISCO_SOC_Crosswalk.xls"

_EMPLOYMENT_SHEET: Final = "Table 1.2"
_LINE_ITEM_SHEET: Final = "Table 1.11"
_LABELS_ROW: Final = 1
_FIRST_LABEL: Final = 2
_NOT_PUBLISHED: Final = "—"
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


def read_education(folder: Path) -> pd.DataFrame:
    """Read what education the workers of each line item have, verbatim.

    Returns
    -------
    DataFrame of shape (line items, 1 + levels)
        ``soc``, and per cent of the workers by attainment, under the sheet's own labels; NaN where the sheet
        has a dash.

    Raises
    ------
    InputError
        If the workbook cannot be read, lacks the sheet, or has cells that are no per cent.
    """
    (sheet,) = read_sheets(folder / FILE, (_LINE_ITEM_SHEET,))
    labels = sheet.loc[_LABELS_ROW, _FIRST_LABEL:].astype(str).str.strip()
    soc = sheet[1].astype(str).str.strip()
    rows = sheet[soc.str.fullmatch(_SOC) & soc.ne(_ALL)]
    cells = rows[labels.index]
    numbers = cells.apply(pd.to_numeric, errors="coerce")
    dashes = cells.astype(str).apply(lambda column: column.str.strip()) == _NOT_PUBLISHED
    bad = ((numbers.isna() & ~dashes) | (numbers < 0) | (numbers > 100)).any(axis=1)
    if bad.any() or rows.empty:
        lines = [int(row) + 1 for row in rows.index[bad]]
        given = f"{cells[bad].iloc[0].tolist()}" if bad.any() else "no line item"
        expected = f"per cent by education in {_LINE_ITEM_SHEET}"
        raise InputError([Problem(Path(FILE).name, given, expected, AGAIN, _LINE_ITEM_SHEET, lines)])
    return numbers.set_axis(labels.to_list(), axis=1).assign(soc=soc[rows.index]).reset_index(drop=True)


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


def education_shares(
    employment: pd.DataFrame,
    education: pd.DataFrame,
    crosswalk: pd.DataFrame,
    units: Collection[str],
    card: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the share of each ISCO-08 sub-major group's US workers that has each level of education.

    Parameters
    ----------
    employment, education, crosswalk : DataFrame
        As returned by `read_employment`, `read_education` and `read_crosswalk`.
    units : collection of str
        Unit groups of ISCO-08.
    card : mapping
        ``bls.yaml``: its ``merged`` codes, and ``levels``: the sheet's labels behind each level.

    Returns
    -------
    DataFrame of shape (sub-major groups, levels)
        P(level | occupation); a row sums to less than 1 by those of other levels (rule 5). Line items whose
        education is not published do not count.

    Raises
    ------
    InputError
        If a label of ``levels`` is not in the sheet, or a line item matches no SOC code.
    """
    labels = [label for named in card["levels"].values() for label in named]
    absent = [label for label in labels if label not in education]
    if absent:
        expected = f"its labels: {', '.join(education.columns.drop('soc'))}"
        raise InputError([Problem("bls.yaml", f"the level {absent[0]!r}", expected, "correct 'levels'")])
    known = education.set_index("soc").reindex(employment["soc"]).fillna(0.0)
    of_all = {**card["levels"], "": list(known.columns)}
    workers = {}
    for level, named in of_all.items():
        per_cent = known[list(named)].sum(axis=1).to_numpy(dtype=float)
        jobs = unit_group_jobs(
            employment.assign(jobs=employment["jobs"] * per_cent), crosswalk, units, card["merged"]
        )
        workers[level] = jobs.groupby(jobs.index.str[:_SUB_MAJOR]).sum()
    counted = pd.DataFrame(workers).fillna(0.0)
    return counted.drop(columns="").div(counted[""], axis=0)


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
