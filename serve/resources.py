"""What is served straight from a published table: one declaration for each address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from serve.schemas import State

Order = tuple[tuple[str, bool], ...]
"""Columns to sort by, each with whether the largest comes first; the first decides."""

_STATES: Final = get_args(State)
_ANSWERS: Final = ("yes", "no", "open", "abstain")
_BY_CODE: Final[Order] = (("occupation", False),)


@dataclass(frozen=True)
class Resource:
    """One address that answers from one published table.

    Parameters
    ----------
    path : str
        Under ``/v1``; ``{code}`` holds a code of column `of`.
    table : str
        Published table.
    summary, meaning : str
        For the API's description.
    tag : str
        Group in the API's description.
    of : str
        Column that the path settles; empty if none.
    placed : bool
        Whether one region and horizon are meant: the defaults where they are left out. Else they only
        narrow.
    listed : tuple of str
        Columns that a list of codes can narrow: ``occupation``, ``skill``.
    choices : mapping of str to tuple of str
        Columns with a closed vocabulary that can be asked.
    orders : mapping of str to Order
        By name; the first is the default.
    every_scenario : bool
        Whether the table has all scenarios, not the release's own alone.
    """

    path: str
    table: str
    summary: str
    meaning: str
    tag: str
    of: str = ""
    placed: bool = True
    listed: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    every_scenario: bool = False

    @property
    def name(self) -> str:
        """Name of the operation."""
        words = self.path.replace("{code}", "of").replace("-", "_").replace("/", "_")
        return f"list_{words.strip('_')}"


_OF_OCCUPATION: Final = (
    Resource(
        "occupations/{code}/gaps",
        "gaps",
        "Gap scores of an occupation",
        "The gap score of one occupation in a region at every horizon, or at the one asked.",
        "occupations",
        of="occupation",
        placed=False,
        orders={"horizon": (("horizon", False),)},
        every_scenario=True,
    ),
    Resource(
        "occupations/{code}/openings",
        "openings",
        "Openings of an occupation",
        "Openings by horizon and component: openings = new_jobs + replacement.",
        "occupations",
        of="occupation",
        placed=False,
        choices={
            "component": (
                *("employment", "expansion", "new_jobs", "replacement_25_54", "replacement_55_plus"),
                "openings",
            )
        },
        orders={"horizon": (("horizon", False),)},
        every_scenario=True,
    ),
    Resource(
        "occupations/{code}/supply",
        "supply",
        "Supply of an occupation",
        "Persons available by horizon and source; short-term job seekers are a part of the job seekers.",
        "occupations",
        of="occupation",
        placed=False,
        choices={
            "source": (
                *("entrants", "jobseekers", "re_entrants", "migrants", "commuters"),
                "jobseekers_short_term",
            )
        },
        orders={"horizon": (("horizon", False),)},
        every_scenario=True,
    ),
    Resource(
        "occupations/{code}/transitions",
        "transitions",
        "Where somebody of an occupation can go",
        "Destinations near in skills, of like level and wage, and likely to be short; with what is missing, "
        "and the courses that teach it. Near is not able: licences and diplomas are in no profile.",
        "transitions",
        of="occupation",
        orders={"rank": (("rank", False),), "coverage": (("coverage", True),)},
    ),
    Resource(
        "occupations/{code}/indicators",
        "indicators",
        "The field's ratios of an occupation",
        "Supply over openings and the like, each with its direction in the name, its class and an interval.",
        "occupations",
        of="occupation",
        placed=False,
        orders={"horizon": (("horizon", False),)},
        every_scenario=True,
    ),
)

_QUESTIONS: Final = (
    Resource(
        "questions/shrinking-jobs",
        "shrinking_jobs",
        "Which jobs shrink?",
        "The chance that an occupation loses more than a declared share of its jobs, with its openings all "
        "the same: a job that shrinks still replaces who leaves.",
        "questions",
        listed=("occupation",),
        choices={"answer": _ANSWERS},
        orders={
            "probability": (("probability", True),),
            "code": _BY_CODE,
            "change": (("change_p50", False),),
        },
        every_scenario=True,
    ),
    Resource(
        "questions/emerging-skills",
        "emerging_skills",
        "Which skills emerge, and which fade?",
        "Skills that ads of the same occupations ask more or less often than before, false discoveries "
        "controlled; of the whole release, not of one region.",
        "questions",
        placed=False,
        listed=("skill",),
        choices={"direction": ("emerging", "fading", "none", "abstain")},
        orders={
            "change": (("log_odds_p50", True),),
            "probability": (("probability", True),),
            "code": (("skill", False),),
        },
    ),
    Resource(
        "questions/shortages",
        "shortages",
        "Where are shortages greatest?",
        "Openings less supply in persons and in the field's ratios, with the chance of the rank.",
        "questions",
        listed=("occupation",),
        choices={"answer": _ANSWERS, "state": _STATES},
        orders={"rank": (("rank", False),), "persons": (("shortage_p50", True),), "code": _BY_CODE},
        every_scenario=True,
    ),
    Resource(
        "questions/training-response",
        "training_response",
        "How can training respond?",
        "What listed courses could help to fill within the window; which ones, how long, at what price.",
        "questions",
        listed=("occupation",),
        choices={"answer": ("trainable", "no_course", "nothing_missing", "abstain")},
        orders={"trainable": (("trainable_p50", True),), "code": _BY_CODE},
    ),
)

RESOURCES: Final = (*_OF_OCCUPATION, *_QUESTIONS)
"""In the order in which their addresses are tried."""
