"""The words of the field that tables, method and service share (DESIGN.md section 2).

Codes are stable: they are stored in snapshots and served for years. Labels belong to the pages.
"""

from typing import Final

TOTAL: Final = "TOTAL"
"""Root of every hierarchy: all occupations, all sectors, all ages."""

ALL_AGES: Final = "all"
"""Age band that covers everybody; also used where a source knows no ages."""

FLAGS: Final[dict[str, str]] = {
    "b": "break in the series",
    "u": "low reliability, as flagged by the publisher",
    "c": "confidential",
    "p": "provisional",
    "d": "definition differs",
    "e": "estimated by this project: see the source's card for the rule",
    "s": "Eurostat estimate",
    "z": "not applicable",
}
"""Marks a figure may carry; several may stand together, as in ``bu``."""

REASONS: Final[dict[str, str]] = {
    "not_applicable": "the figure does not exist here, for example a score where there are no openings",
    "unavailable": "no source in the region folder says it",
    "confidential": "fewer persons than the configured minimum: suppressed",
    "low_reliability": "the source or the model is too weak here to quote",
    "no_likely_state": "no state is as likely as the rule asks",
}
"""Why a figure is missing. Unknown is not zero: a null always comes with one of these."""

ENTRANTS: Final = "entrants"
JOBSEEKERS: Final = "jobseekers"
SUPPLY_SOURCES: Final[dict[str, str]] = {
    ENTRANTS: "persons who enter work from education over the window",
    JOBSEEKERS: "job seekers above the frictional level, entering once per window",
}

OTHER_SOURCES: Final[dict[str, str]] = {
    "re_entrants": "persons who come back to work after years outside the labour force",
    "migrants": "persons who come to live and work in the region, less those who leave it",
    "commuters": "persons who come to work in the region and live elsewhere, less those who do the opposite",
}
"""Further sources of supply, each present where the table ``other_supply`` declares it: persons whom the
flows of the region's cohorts do not hold already."""

SHORT_TERM: Final = "jobseekers_short_term"
"""Of the job seekers, those of less than a year: a part of them, never added to them."""

NET: Final = "net"
"""Convention of replacement demand and supply: cohort flows, moves between occupations netted out."""

GROSS: Final = "gross"
"""Convention that also counts who changes occupation: out of one, into another."""

BASELINE: Final = "baseline"
"""The scenario without assumptions of its own."""

COLLECTIONS: Final = ("green", "digital")
"""Columns of the table ``skills``: collections of ESCO, or of the region's own classification."""
