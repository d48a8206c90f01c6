"""What an allocation asks of an application beyond the law, and every problem of the tables at once."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from forecasting.columns import Column, Table
from forecasting.errors import InputError, Problem
from forecasting.funding.law_cases import read_cases
from forecasting.funding.law_columns import APPLICATIONS, GRANTS
from forecasting.funding.law_rules import Rulebook
from forecasting.funding.weights import WeightRule
from forecasting.reading import lines, shown

EDUCATION: Final = "education"
AGE: Final = "age"

ASKED: Final = Table(
    "applications",
    APPLICATIONS.key,
    (
        *APPLICATIONS.columns,
        Column("region", "text", "-", "region whose needs count; else the only one", required=False),
        Column("groups", "text", "-", "declared groups of the participants, with spaces", required=False),
        Column(
            EDUCATION, "text", "-", "education of the participants, for the equity tables", required=False
        ),
        Column(AGE, "text", "-", "age band of the participants, for the equity tables", required=False),
    ),
    "applications for aid, with what weights and equity need",
)
REGISTER: Final = Table(
    "undertakings",
    ("undertaking",),
    (Column("undertaking", "code", "-", "pseudonymous id"),),
    "undertakings that may apply",
)


def checked(
    applications: pd.DataFrame,
    grants: pd.DataFrame,
    courses: pd.DataFrame,
    rules: Rulebook,
    regions: list[str],
    rule: WeightRule,
    register: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the applications with a region and groups for each, the law's cases of them, and its ledger.

    Applications and cases are in the order of ids.

    Raises
    ------
    InputError
        With every problem of the three tables, of law and of weights.
    """
    problems = [*_headers(applications, ASKED), *_headers(grants, GRANTS)]
    try:
        cases, ledger = read_cases(applications, grants, courses, rules)
    except InputError as error:
        problems += error.problems
    found = applications.reset_index(drop=True)
    for name in ("region", "groups", "sector", EDUCATION, AGE):
        cells = found[name] if name in found else pd.Series("", found.index)
        found = found.assign(**{name: cells.astype(object).where(cells.notna(), "").astype(str).str.strip()})
    if len(regions) == 1:
        found["region"] = found["region"].replace("", regions[0])
    problems += _places(found, regions, rule)
    if register is not None and "undertaking" in found:
        foreign = ~found["undertaking"].astype(str).isin(register["undertaking"].astype(str))
        expected, remedy = "an undertaking of the register", "register it, or correct the id"
        problems += _where(found["undertaking"], foreign, "undertaking", expected, remedy)
    if not len(found):
        problems.append(
            Problem("applications", "no rows", "one application or more", "give the applications")
        )
    if problems:
        raise InputError(problems)
    found["id"] = found["id"].astype(str).str.strip()
    found = found.assign(**{name: found[name].astype(str).str.strip() for name in ("undertaking", "course")})
    order = np.argsort(found["id"].to_numpy(dtype=object), kind="stable")
    return found.iloc[order].reset_index(drop=True), cases.iloc[order].reset_index(drop=True), ledger


def _headers(frame: pd.DataFrame, table: Table) -> Iterator[Problem]:
    """Yield columns that are not declared: a misspelt optional column must not be read as unknown."""
    declared = [column.name for column in table.columns]
    for name in frame.columns:
        if name not in declared:
            yield Problem(
                table.name,
                f"an unknown column {name!r}",
                f"the columns {', '.join(declared)}",
                "rename or remove it",
            )


def _places(found: pd.DataFrame, regions: list[str], rule: WeightRule) -> Iterator[Problem]:
    away = ~found["region"].isin(regions)
    expected = f"a region of the release: {', '.join(regions)}"
    yield from _where(found["region"], away, "region", expected, "correct the region")
    undeclared = found["groups"].map(lambda cell: bool(set(cell.split()) - set(rule.groups)))
    expected = f"groups among {', '.join(sorted(rule.groups))}, separated by spaces"
    remedy = "use a declared group, or declare it in parameter weight_topups"
    yield from _where(found["groups"], undeclared.astype(bool), "groups", expected, remedy)


def _where(
    cells: "pd.Series[str]", bad: "pd.Series[bool]", column: str, expected: str, remedy: str
) -> Iterator[Problem]:
    if bad.any():
        given = shown(str(cells[bad].iloc[0]))
        yield Problem("applications", given, expected, remedy, column, lines(bad))
