"""The cards of the sources: who publishes what, under which licence, and what the adapter does with it."""

from collections.abc import Sequence
from importlib import resources
from typing import Any, Final

import yaml

from forecasting.errors import InputError, Problem

KEYS: Final = (
    "id",
    "title",
    "publisher",
    "licence",
    "url",
    "vintage",
    "definition",
    "redistribute",
    "tables",
    "flags",
)
"""What every card says; a card may say more, as ``options`` or a mapping that its module reads."""

_PACKAGE: Final = "forecasting.sources"
_SUFFIX: Final = ".yaml"


def read_card(name: str) -> dict[str, Any]:
    """Read the card of one source.

    Parameters
    ----------
    name : str
        Name of the module the card belongs to.

    Raises
    ------
    InputError
        If there is no such card, or it leaves out one of `KEYS`.

    Examples
    --------
    >>> read_card("esco")["publisher"]
    'European Commission'
    """
    file = resources.files(_PACKAGE) / f"{name}{_SUFFIX}"
    if not file.is_file():
        known = ", ".join(_names())
        raise InputError([Problem(f"{name}{_SUFFIX}", "no such card", f"one of {known}", "correct the name")])
    card: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    missing = [key for key in KEYS if card.get(key) in (None, "")]
    if missing:
        given = f"a card without {', '.join(missing)}"
        raise InputError([Problem(file.name, given, f"the keys {', '.join(KEYS)}", "complete the card")])
    return card


def cards() -> dict[str, dict[str, Any]]:
    """Read every card by the name of its module, in alphabetical order."""
    return {name: read_card(name) for name in _names()}


def region_sources(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return cards in the form ``region.yaml`` keeps under ``sources``: `KEYS` only, in that order.

    Parameters
    ----------
    names : sequence of str
        Sources in the order to list them.
    """
    return [{key: card[key] for key in KEYS} for card in map(read_card, names)]


def _names() -> list[str]:
    files = (file.name for file in resources.files(_PACKAGE).iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))
