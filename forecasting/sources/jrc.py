"""Staffing matrix from the European tasks database (JRC and Eurofound): occupations within sectors, EU15.

Rules in ``jrc.yaml``.
"""

from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.canonical import canonical
from forecasting.sources.files import AGAIN, load, read_csv
from forecasting.sources.nace import leaf_of_division

FILE: Final = "jrc/tasks_eu_isco2d_nace2d_EU15.tsv"
UNRELIABLE_BELOW: Final = 5.0
"""Thousand workers in the EU15: smaller cells carry the mark ``u`` (a choice of this project)."""


def read(folder: Path) -> pd.DataFrame:
    """Read the cells of the tasks database, verbatim but for the task indices, which are left out.

    Returns
    -------
    DataFrame of shape (cells, 3)
        ``nace`` as "1. Crop…", ``isco`` as "11. Chief…", ``pop`` in thousands of workers.

    Raises
    ------
    InputError
        If the file cannot be read, or with the lines of cells that cannot.
    """
    where = Path(FILE).name
    frame = read_csv(load(folder / FILE), where, ("nace", "isco", "pop"), separator="\t")
    numbers = pd.to_numeric(frame["pop"], errors="coerce")
    problems = [
        *_unreadable(frame, "pop", numbers.isna() | (numbers < 0), "a number of workers, in thousands"),
        *_unreadable(frame, "nace", ~frame["nace"].str.match(r"\d{1,2}\. \S"), "'85. Education'"),
        *_unreadable(frame, "isco", ~frame["isco"].str.match(r"\d\d\. \S"), "'23. Teaching professionals'"),
    ]
    if problems:
        raise InputError(problems)
    return frame.assign(pop=numbers)


def _unreadable(
    frame: pd.DataFrame, column: str, bad: "pd.Series[bool]", expected: str, where: str = Path(FILE).name
) -> list[Problem]:
    if not bad.any():
        return []
    rows = [int(row) + 2 for row in frame.index[bad]]
    return [Problem(where, repr(frame.loc[bad, column].iloc[0]), expected, AGAIN, column, rows)]


def occupation_labels(tasks: pd.DataFrame) -> dict[str, str]:
    """Return the ISCO-08 two-digit code of every occupation label in the matrix.

    Parameters
    ----------
    tasks : DataFrame
        As returned by `read`.
    """
    parts = tasks["isco"].drop_duplicates().str.split(". ", n=1, expand=True, regex=False)
    return dict(zip(parts[1].str.strip(), parts[0], strict=True))


def workers(tasks: pd.DataFrame) -> pd.DataFrame:
    """Sum the matrix to the staffed sectors of `forecasting.sources.nace`.

    Parameters
    ----------
    tasks : DataFrame
        As returned by `read`.

    Returns
    -------
    DataFrame of shape (cells, 3)
        ``sector, occupation, workers``, workers in thousands, EU15; only cells with workers.

    Raises
    ------
    InputError
        If a row has a division that NACE Rev. 2 does not know.
    """
    divisions = tasks["nace"].str.split(".", n=1).str[0].astype(int)
    leaves = {}
    for division in divisions.unique():
        try:
            leaves[division] = leaf_of_division(division)
        except KeyError:
            given = f"division {division}"
            where = Path(FILE).name
            raise InputError([Problem(where, given, "a NACE Rev. 2 division", AGAIN, "nace")]) from None
    cells = pd.DataFrame(
        {"sector": divisions.map(leaves), "occupation": tasks["isco"].str[:2], "workers": tasks["pop"]}
    )
    sums = cells.groupby(["sector", "occupation"])["workers"].sum().reset_index()
    return sums.loc[sums["workers"] > 0].reset_index(drop=True)


def staffing(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the canonical table ``staffing``: occupations as shares of a sector, each sector summing to 1.

    Parameters
    ----------
    tasks : DataFrame
        As returned by `read`.

    Notes
    -----
    An occupation that the survey never met in a sector has no row. Cells under `UNRELIABLE_BELOW`
    carry ``u``.
    """
    cells = workers(tasks)
    share = cells["workers"] / cells.groupby("sector")["workers"].transform("sum")
    flag = (cells["workers"] < UNRELIABLE_BELOW).map({True: "u", False: ""})
    return canonical("staffing", cells.assign(share=share, flag=flag))


def section_workers(tasks: pd.DataFrame) -> "pd.Series[float]":
    """Return thousands of workers per staffed sector in the EU15, indexed by its code."""
    return workers(tasks).groupby("sector")["workers"].sum()
