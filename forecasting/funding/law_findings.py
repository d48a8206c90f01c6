"""What a rule says of applications: verdicts that cite rule, version and article; caps that are shared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecasting.funding.law_rules import Cents, Days, Mask, Rule, Words
from forecasting.funding.law_sentences import Said, within

Kind = Literal["refused", "cap", "warning", "notify", "publish"]
Detail = Callable[[int], Said]
"""Sentence for the application in a row, in both languages."""


@dataclass(frozen=True)
class Verdict:
    """What one rule says of some applications.

    Parameters
    ----------
    rule : str
        Name in ``law.yaml``.
    kind : {"refused", "cap", "warning", "notify", "publish"}
        What follows.
    rows : ndarray of int, shape (n,)
        Positions of the applications.
    version, article : ndarray of str, shape (n,)
        First day of the version applied, and the article to cite.
    detail : list of Said, length n
        One sentence in both languages, its figures from the data.
    cents : ndarray of int64, shape (n,), or None
        Most aid the rule allows, or the amount concerned.
    """

    rule: str
    kind: Kind
    rows: "np.ndarray[tuple[int], np.dtype[np.intp]]"
    version: Words
    article: Words
    detail: list[Said]
    cents: Cents | None = None

    def table(self) -> pd.DataFrame:
        """Return one row an application: ``row, rule, version, article, kind, detail, detail_nl, cents``."""
        cents: Any = [pd.NA] * len(self.rows) if self.cents is None else self.cents
        return pd.DataFrame(
            {
                "row": self.rows,
                "rule": self.rule,
                "version": self.version,
                "article": self.article,
                "kind": self.kind,
                "detail": [said.en for said in self.detail],
                "detail_nl": [said.nl for said in self.detail],
                "cents": pd.array(cents, dtype="Int64"),
            }
        )


@dataclass(frozen=True)
class Shared:
    """A cap that applications share.

    Parameters
    ----------
    rule : Rule
        The rule that sets it.
    days : ndarray of shape (applications,)
        Day whose version is cited.
    keys : Series of str, shape (applications,)
        Name of the group each application is in, missing for none.
    cents : ndarray of int64, shape (applications,)
        The group's cap, the same for all of its members.
    """

    rule: Rule
    days: Days
    keys: "pd.Series[str]"
    cents: Cents


def say(
    rule: Rule, kind: Kind, days: Days, where: Mask, detail: Detail, cents: Cents | None = None
) -> list[Verdict]:
    """Return the rule's verdict on the applications in `where`, none if there are none.

    An unverified rule never refuses or caps: its verdict becomes a warning.

    Parameters
    ----------
    rule : Rule
        Its name, version and article are cited.
    kind : str
        What follows.
    days : ndarray of shape (applications,)
        Day whose version applies.
    where : ndarray of bool, shape (applications,)
        Whom it concerns.
    detail : callable
        Sentence for a row.
    cents : ndarray of int64, shape (applications,), optional
        Amount for each application.
    """
    rows = np.flatnonzero(where)
    if not len(rows):
        return []
    version, article = rule.cited(days[rows])
    said = [detail(row) for row in rows.tolist()]
    if kind in {"refused", "cap"} and not rule.binds:
        kind, said = "warning", [within("unverified", each) for each in said]
    return [Verdict(rule.name, kind, rows, version, article, said, None if cents is None else cents[rows])]


def refuse(rule: Rule, days: Days, where: Mask, detail: Detail) -> list[Verdict]:
    """Return a refusal of the applications in `where`."""
    return say(rule, "refused", days, where, detail)


def cap(rule: Rule, days: Days, where: Mask, cents: Cents, detail: Detail) -> list[Verdict]:
    """Return a cap on the applications in `where`; a cap below one cent is a refusal."""
    return [
        *say(rule, "refused", days, where & (cents <= 0), lambda row: within("nothing_left", detail(row))),
        *say(rule, "cap", days, where & (cents > 0), detail, cents),
    ]


def warn(rule: Rule, days: Days, where: Mask, detail: Detail) -> list[Verdict]:
    """Return a warning on the applications in `where`."""
    return say(rule, "warning", days, where, detail)
