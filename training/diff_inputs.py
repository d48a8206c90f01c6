"""What two snapshots were made from, and where that differs: tables, source cards, settings, parameters."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from forecasting.snapshot import Snapshot

SETTINGS: Final = (
    "region",
    "status",
    "as_of",
    "seed",
    "draws",
    "scenario",
    "horizons",
    "convention",
    "methods",
)
"""Entries of a manifest that say how it was built, beside ``code``; nested ones are compared by leaf."""

PARAMETER_FIELDS: Final = ("value", "unit", "in_force_from", "reference", "status")
COLUMNS: Final = ("kind", "name", "field", "change", "old", "new")
_DIGEST: Final = 12
"""Hex digits of a hash that are told."""


def inputs(a: Snapshot, b: Snapshot) -> pd.DataFrame:
    """Return the inputs that differ: columns `COLUMNS`, old and new as text, null where there is none."""
    return pd.DataFrame(
        [
            *_differing("table", "fingerprint", _fingerprints(a), _fingerprints(b)),
            *_differing_cards("source", _cards(a), _cards(b)),
            *_differing("setting", "value", _settings(a), _settings(b)),
        ],
        columns=list(COLUMNS),
        dtype=object,
    )


def parameters(a: Snapshot, b: Snapshot) -> pd.DataFrame:
    """Return the parameters whose value, unit, date, reference or status differs."""
    rows = _differing_cards("parameter", _parameters(a), _parameters(b))
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _fingerprints(snapshot: Snapshot) -> dict[str, str]:
    return {name: str(digest)[:_DIGEST] for name, digest in snapshot.manifest["fingerprints"].items()}


def _cards(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {
        str(card["id"]): {field: value for field, value in card.items() if field != "id"}
        for card in snapshot.manifest["sources"]
    }


def _settings(snapshot: Snapshot) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in SETTINGS:
        if name in snapshot.manifest:
            found |= _leaves(name, snapshot.manifest[name])
    return found | {"code": str(snapshot.manifest["code"])[:_DIGEST]}


def _leaves(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: value}
    return {path: leaf for key in value for path, leaf in _leaves(f"{name}.{key}", value[key]).items()}


def _parameters(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {
        name: {field: known[field] for field in PARAMETER_FIELDS if field in known}
        for name, known in snapshot.manifest["parameters"].items()
    }


def _differing(
    kind: str, field: str, old: Mapping[str, Any], new: Mapping[str, Any], *, prefix: str | None = None
) -> list[tuple[Any, ...]]:
    """Return a row per name whose value differs; with `prefix`, names are fields of the thing it names."""
    rows = []
    for name in sorted(old.keys() | new.keys()):
        before, after = (_text(side[name]) if name in side else None for side in (old, new))
        if before != after:
            named = (name, field) if prefix is None else (prefix, name)
            rows.append((kind, *named, _change(name in old, name in new), before, after))
    return rows


def _differing_cards(
    kind: str, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> list[tuple[Any, ...]]:
    return [
        row
        for name in sorted(old.keys() | new.keys())
        for row in _differing(kind, "", old.get(name, {}), new.get(name, {}), prefix=name)
    ]


def _change(before: bool, after: bool) -> str:
    return "changed" if before and after else "added" if after else "removed"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
