"""Where people with each field of education work, from survey data a JRC study used. For tests only.

Rules in ``jrc_fields.yaml``. The file may not be republished; neither may a region that holds the
table ``entry`` made from it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.canonical import canonical
from forecasting.sources.files import AGAIN, load, read_csv

FILE: Final = "jrc/occupation_by_field.csv"

FIELDS: Final[dict[str, str]] = {
    "Generic programmes and qualifications": "F00",
    "Education": "F01",
    "Arts, humanities and foreign languages": "F02",
    "Social sciences, journalism and information": "F03",
    "Business, administration and law": "F04",
    "Natural sciences, mathematics and statistics": "F05",
    "Information and Communication Technologies (ICTs)": "F06",
    "Engineering, manufacturing and construction": "F07",
    "Agriculture, forestry, fisheries and veterinary": "F08",
    "Health and welfare": "F09",
    "Services": "F10",
}
"""ISCED-F 2013 broad field by the survey's label; the last two stand before a parenthesis there."""

_NOT_KNOWN: Final = "NA"
NO_FIELD: Final = ("Don't know", "No Answer", _NOT_KNOWN)
"""Labels of respondents whose field is unknown: left out."""

NO_CODE: Final = (
    "Commissioned armed forces officers",
    "Non-commissioned armed forces officers",
    "Armed forces occupations, other ranks",
    "NA/Unidentifiable",
)
"""Jobs that the staffing matrix does not know: dropped, and the other shares scaled up."""


def read(folder: Path) -> pd.DataFrame:
    """Read the shares, verbatim.

    Returns
    -------
    DataFrame of shape (fields × jobs, 4)
        ``field_b, n, job, value``: n respondents with the field, value per cent of them in the job (NaN
        for the field ``NA``).

    Raises
    ------
    InputError
        If the file cannot be read, or with the lines of cells that cannot.
    """
    where = Path(FILE).name
    frame = read_csv(load(folder / FILE), where, ("field_b", "n", "job", "value"))
    problems = []
    for column, expected in (("n", "a number of respondents"), ("value", "per cent")):
        numbers = pd.to_numeric(frame[column], errors="coerce")
        bad = (numbers.isna() & frame[column].ne(_NOT_KNOWN)) | (numbers < 0)
        if bad.any():
            rows = [int(row) + 2 for row in frame.index[bad]]
            given = repr(frame.loc[bad, column].iloc[0])
            problems.append(Problem(where, given, expected, AGAIN, column, rows))
        frame[column] = numbers
    if problems:
        raise InputError(problems)
    return frame


def entry(shares: pd.DataFrame, codes: Mapping[str, str], education: pd.DataFrame) -> pd.DataFrame:
    """Return the canonical table ``entry``, by field and level.

    Parameters
    ----------
    shares : DataFrame
        As returned by `read`.
    codes : mapping of str to str
        Occupation code by label (`forecasting.sources.jrc.occupation_labels`).
    education : DataFrame of shape (occupations, levels)
        P(level | occupation), as `forecasting.sources.bls.education_shares` returns it: the survey knows no
        level. An occupation without a row is as the mean of the others.

    Raises
    ------
    InputError
        If a job or field has an unknown label.

    Notes
    -----
    In an occupation, field and level are taken as independent (card, rule 3), so n(field, occupation) ×
    P(level | occupation) counts the workers of a field and level. Each field and level sums to 1; its sample
    is the respondents of the field who so have the level, at least one.
    """
    known = shares[~shares["field_b"].isin(NO_FIELD) & ~shares["job"].isin(NO_CODE)].copy()
    known["field"] = known["field_b"].str.split(" (", regex=False).str[0].map(FIELDS)
    known["field"] = known["field"].fillna(known["field_b"].map(FIELDS))
    known["occupation"] = known["job"].map(codes)
    _refuse_unknown(known, "field_b", known["field"])
    _refuse_unknown(known, "job", known["occupation"])
    known["share"] = known["value"] / known.groupby("field")["value"].transform("sum")
    taken = education.reindex(known["occupation"].unique()).fillna(education.mean())
    by_level = taken.rename_axis("occupation").reset_index()
    by_level = by_level.melt("occupation", var_name="level", value_name="taken")
    rows = known.merge(by_level, on="occupation")
    rows["share"] *= rows["taken"]
    of_level = rows.groupby(["field", "level"])["share"].transform("sum")
    rows = rows[of_level > 0].assign(
        share=rows["share"] / of_level, sample=(rows["n"] * of_level).clip(lower=1.0), flag="e"
    )
    return canonical("entry", rows)


def _refuse_unknown(known: pd.DataFrame, column: str, code: pd.Series) -> None:
    unknown = known.loc[code.isna(), column].drop_duplicates()
    if len(unknown):
        expected = "a label of ISCED-F 2013" if column == "field_b" else "a label of the staffing matrix"
        rows = [int(row) + 2 for row in known.index[code.isna()]]
        raise InputError([Problem(Path(FILE).name, repr(unknown.iloc[0]), expected, AGAIN, column, rows)])
