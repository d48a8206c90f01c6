"""What the funding step needs of a release: its tables as the method reads them, its draws, its rule."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.funding.words import NOT_FOR_SOLE_USE
from forecasting.parameters import Parameter, Parameters, load_parameters
from serve.archive import RELEASES
from serve.problems import Fault, Refusal
from serve.query import resolve
from serve.release import Concept, Release
from serve.table import Positions, Rows

OCCUPATION: Final = "occupation"
SKILL: Final = "skill"
TABLE: Final = {OCCUPATION: "weights", SKILL: "skill_weights"}
DRAWS: Final = {OCCUPATION: "trainable", SKILL: "lacking_skills"}
RULE: Final = ("weight_quantile", "weight_horizon", "weight_rule", "weight_topups")
"""Parameters that a weight follows from, beside those of its unit."""

_ALSO: Final = {OCCUPATION: ("conditions_cause",), SKILL: ("course_rule",)}
_VERSION: Final = ("value", "in_force_from", "status", "reference")
_SENTENCES: Final = ("why", "why_nl")
_LATER: Final = "made before weights were kept with their draws; ask a later release, see /v1/releases"


def frame(release: Release, name: str, positions: Positions | None = None, *, whole: bool = False) -> Any:
    """Return a published table as the method reads it: declared types, empty text as the build wrote it.

    Parameters
    ----------
    positions : ndarray of int, optional
        Rows; by default all.
    whole : bool
        With the sentences, which take most of the memory.
    """
    from forecasting.snapshot import conform

    table = release.tables[name]
    silent = [] if whole else [each for each in _SENTENCES if each in table.columns.column_names]
    found = Rows(table.declared, table.columns.drop_columns(silent)).frame(positions)
    texts = [each.name for each in table.declared.columns if each.kind == "text" and each.name in found]
    return conform(found.assign(**{name: found[name].fillna("") for name in texts}), name)


def parameters(release: Release) -> Parameters:
    """Return the parameters that a release was made with."""
    manifest = release.manifest
    told = {name: Parameter(**{**said, "name": name}) for name, said in manifest["parameters"].items()}
    return Parameters(str(manifest["as_of"]), told)


def rule_told(release: Release, unit: str) -> dict[str, Any]:
    """Return the parameters of the rule with their versions, as the release names them."""
    said = release.manifest["parameters"]
    return {
        name: {key: said[name].get(key) for key in _VERSION} for name in (*RULE, *_ALSO[unit]) if name in said
    }


@lru_cache(maxsize=16)
def policy(day: dt.date) -> tuple[Parameters, Any]:
    """Return parameters and law as in force on a day.

    Raises
    ------
    Refusal
        If a parameter or rule has no value on that day.
    """
    from forecasting.funding.law_rules import load_rules
    from serve.funding_given import refused

    try:
        return load_parameters(day), load_rules(day)
    except ForecastingError as error:
        raise refused(error, "day") from None


def draws(release: Release, store: Path, unit: str, positions: Positions) -> NDArray[np.float32]:
    """Return the kept draws of some rows of a table of weights; those of a hidden row are never read.

    Parameters
    ----------
    store : Path
        Folder of releases.
    positions : ndarray of int
        Rows of ``weights`` or ``skill_weights``.

    Returns
    -------
    ndarray of float32, shape (rows, draws)
        NaN where the table gives a reason.

    Raises
    ------
    Refusal
        If the release has no draws beside the table.
    """
    table = release.tables[TABLE[unit]]
    path = store / RELEASES / release.champion.release / "draws" / f"{DRAWS[unit]}.npy"
    try:
        kept = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        kept = np.empty((0, 0), dtype=np.float32)
    if len(kept) != len(table) or not len(kept):
        name = release.champion.release
        raise Refusal(
            "bad_parameter",
            f"Release {name}: {_LATER}.",
            [Fault(parameter="release", value=name, message=_LATER)],
        )
    reasons = table.texts("reason")
    told = np.array([reasons[at] is None for at in positions.tolist()], dtype=bool)
    found = np.full((len(positions), kept.shape[1]), np.nan, dtype=np.float32)
    found[told] = kept[positions[told]]
    return found


def place(release: Release, region: str | None) -> Concept:
    """Return the region that is meant, which must have weights.

    Raises
    ------
    Refusal
        If it is unknown (404) or has no weights (422).
    """
    concept, _ = resolve(release, region)
    known = release.tables["weights"].values("region")
    if not known:
        name = release.champion.release
        told = f"release {name} has no weights"
        raise Refusal("bad_parameter", f"{told}.", [Fault(parameter="release", value=name, message=_LATER)])
    if concept.code not in known:
        told = f"has no weights: the regions that do are {', '.join(known)}"
        fault = Fault(parameter="region", value=region or concept.code, message=told)
        raise Refusal("bad_parameter", f"Region {concept.code} {told}.", [fault])
    return concept


def rows_of(release: Release, unit: str, regions: Sequence[str]) -> Positions:
    """Return where a table of weights has rows of some regions."""
    return release.tables[TABLE[unit]].where({"region": list(regions)})


def records(table: Any) -> list[dict[str, Any]]:
    """Return rows of a frame as Python's own values; what is unknown or empty is None."""
    plain: list[dict[str, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): _own(value) for name, value in row.items()} for row in plain]


def _own(value: Any) -> Any:
    if isinstance(value, str) and not value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def caution(release: Release, unit: str) -> Mapping[str, Any]:
    """Return what stands beside every weight."""
    return {"not_for_sole_use": NOT_FOR_SOLE_USE, "rule": rule_told(release, unit)}
