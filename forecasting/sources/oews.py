"""US staffing of industries by occupation (BLS OEWS, May 2025): jobs counted as heads, with sampling error.

Rules in ``oews.yaml``.
"""

from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.canonical import canonical
from forecasting.sources.cards import read_card
from forecasting.sources.files import AGAIN, require
from forecasting.vocabulary import TOTAL

FILE: Final = "bls/oews_national_staffing_2025.parquet"
COLUMNS: Final = (
    *("industry", "industry_name", "industry_level", "occupation", "occupation_name", "occupation_level"),
    *("employment", "rse_pct", "mean_annual_wage_usd"),
)


def read(folder: Path) -> pd.DataFrame:
    """Read the table, verbatim.

    Parameters
    ----------
    folder : Path
        Folder with ``bls/``.

    Returns
    -------
    DataFrame of shape (industries × occupations, 9)
        `COLUMNS`: ``employment`` in jobs, ``rse_pct`` in per cent.

    Raises
    ------
    InputError
        If the file is missing or unreadable, or lacks a column, naming all that lack.
    """
    require(folder, (FILE,))
    where = Path(FILE).name
    try:
        raw = pd.read_parquet(folder / FILE)
    except (OSError, ValueError) as error:
        raise InputError([Problem(where, str(error), "a Parquet file", AGAIN)]) from error
    absent = [name for name in COLUMNS if name not in raw]
    if absent:
        raise InputError([Problem(where, f"no column {', '.join(absent)}", "the columns of OEWS", AGAIN)])
    return raw[list(COLUMNS)]


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return ``sectors``, ``occupations``, ``staffing`` and ``staffing_history`` of one year.

    Parameters
    ----------
    raw : DataFrame
        As returned by `read`.

    Notes
    -----
    Industries of three digits add up to all jobs, those of other levels overlap (tested); occupations are
    the detailed ones. A cell that is not published is unknown: shares are of the published cells of the
    industry and carry ``e``.
    """
    card = read_card("oews")
    rows = raw[
        (raw["industry_level"] == card["industry_level"])
        & (raw["occupation_level"] == card["occupation_level"])
    ]
    rows = rows[rows["employment"] > 0]
    whole = rows.groupby("industry")["employment"].transform("sum")
    staffed = rows.rename(columns={"industry": "sector"}).assign(
        share=rows["employment"] / whole,
        flag="e",
        year=int(card["year"]),
        relative_standard_error=rows["rse_pct"] / 100,
    )
    return {
        "sectors": _classification("sectors", rows, "industry"),
        "occupations": _classification("occupations", rows, "occupation"),
        "staffing": canonical("staffing", staffed),
        "staffing_history": canonical("staffing_history", staffed),
    }


def _classification(table: str, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    listed = rows.drop_duplicates(column)
    codes = pd.DataFrame({"code": listed[column], "label_en": listed[f"{column}_name"]})
    root = pd.DataFrame({"code": [TOTAL], "label_en": ["All"], "parent": [""], "level": [0]})
    return canonical(table, pd.concat([root, codes.assign(parent=TOTAL, level=1)], ignore_index=True))
