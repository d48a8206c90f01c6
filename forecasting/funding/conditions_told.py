"""What is told of conditions: amounts with and without them, which bind, and what each costs."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from forecasting.funding.conditioned import CONDITION, LEAST, MOST
from forecasting.funding.programme import Decision

PRICES: Final = (
    "value (weight) that one more cent of a least amount costs, or of a largest one brings, in the linear "
    "programme of most value; indicative where several prices fit"
)


def conditions_told(decision: Decision) -> list[dict[str, Any]]:
    """Return one entry a condition: as declared, what its members get, whether it binds, and its prices."""
    found, under = [], decision.under
    cents = decision.table["cents"].to_numpy(dtype=np.int64)
    for each in decision.declared:
        members = each.members(decision.table)
        prices = {} if under is None else under.prices
        found.append(
            {
                "name": each.name,
                "column": each.column,
                "values": list(each.values),
                "unit": each.unit,
                "from": each.since,
                "reference": each.reference,
                "least_cents": each.least,
                "most_cents": each.most,
                "applications": int(members.sum()),
                "cents": int(cents[members].sum()),
                "binds": "" if under is None else under.binding.get(each.name, ""),
                "price_of_least": _price(prices, each.name, LEAST),
                "price_of_most": _price(prices, each.name, MOST),
                "kept_in_draws": round(float(decision.kept[each.name]), 6),
            }
        )
    return found


def _price(prices: Mapping[tuple[str, str], float], name: str, side: str) -> float | None:
    return round(prices[name, side], 6) if (name, side) in prices else None


def classes_told(decision: Decision) -> list[dict[str, Any]]:
    """Return the classes of applications that are in the same binding conditions, with cents and level."""
    if decision.under is None:
        return []
    return [
        {
            "conditions": list(names),
            "applications": int((decision.under.of_class == number).sum()),
            "cents_above_base": cents,
            "level_cents_per_weighted_size": None if level is None else str(level),
        }
        for number, (names, cents, level) in enumerate(decision.under.classes)
    ]


def named_in(bound: str) -> str:
    """Return the conditions that a bound names; empty where it names none.

    Examples
    --------
    >>> named_in("condition low educated + north"), named_in("cap")
    ('low educated + north', '')
    """
    return bound.removeprefix(f"{CONDITION} ") if bound.startswith(f"{CONDITION} ") else ""
