"""Transitions of a person: worked out from the release's own tables, kept nowhere and logged nowhere."""

import threading
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameter, Parameters
from serve import answers, tabled
from serve.release import Concept, Release
from serve.schemas import Language
from serve.table import Record

_NEEDED: Final = ("skill_profiles", "occupations", "skills", "courses", "transition_thresholds")
_GROUNDS: Final[WeakKeyDictionary[Release, Any]] = WeakKeyDictionary()
_LOCK: Final = threading.Lock()


def transitions(
    release: Release, region: Concept, horizon: int, held: Sequence[str], occupation: str | None
) -> list[Record]:
    """Return where somebody with these skills can go, as rows of the published table ``transitions``.

    Parameters
    ----------
    held : sequence of str
        Codes of skills that the release knows.
    occupation : str or None
        Code of the present or last occupation.

    Raises
    ------
    ForecastingError
        If the release was made before what this needs was published.
    """
    from forecasting.transition_answers import transitions_of_person

    table = release.tables["gaps"]
    here: dict[str, list[Any]] = {"region": [region.code], "horizon": [horizon]}
    gaps = table.frame(table.where(here, release.of_scenario("gaps")))
    found = transitions_of_person(_ground(release), gaps, held, occupation or "")
    return [
        {str(name): None if value == "" or pd.isna(value) else value for name, value in row.items()}
        for row in found.to_dict("records")
    ]


def _ground(release: Release) -> Any:
    """Return what is known of the destinations; worked out once per release."""
    from forecasting.transition_answers import published_ground

    with _LOCK:
        if release not in _GROUNDS:
            manifest = release.manifest
            parameters = Parameters(
                str(manifest["as_of"]),
                {name: Parameter(**{**said, "name": name}) for name, said in manifest["parameters"].items()},
            )
            frames = {name: release.tables[name].frame() for name in _NEEDED}
            gaps = release.tables["gaps"]
            frames["gaps"] = gaps.frame(release.of_scenario("gaps"))
            classification = str(manifest["region"]["classifications"]["occupations"]["name"])
            bounds = frames.pop("transition_thresholds")
            try:
                _GROUNDS[release] = published_ground(frames, classification, parameters, bounds)
            except (KeyError, TypeError) as error:
                raise ForecastingError(
                    f"the release lacks {error}: it was made before this was asked"
                ) from None
        return _GROUNDS[release]


def known(release: Release) -> bool:
    """Return whether the release publishes what openings ask, and from when on that counts as near."""
    return all(len(release.tables[name]) for name in ("skill_profiles", "transition_thresholds"))


def item(release: Release, row: Record, language: Language) -> dict[str, Any]:
    """Return a row with its codes named; the present occupation, and `own`, are null where none was given."""
    given = row["occupation"]
    own = None if given is None else row["destination"] == given
    return {**tabled.item(release, "transitions", row, language), "own": own}


def thresholds(release: Release) -> list[dict[str, Any]]:
    """Return what counts as near in this release."""
    rows = release.tables["transition_thresholds"].records()
    return [
        {**row, "reason": None if row["reason"] is None else answers.reason(row["reason"])} for row in rows
    ]
