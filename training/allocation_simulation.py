"""What if: an allocation by another quantile or another rule, beside the one by the rules in force.

A simulation grants nothing. It writes no ledger and nothing on the store's record, has no trace that could be
approved or paid on, and says so in every file. Law is no parameter of it: it binds as it does.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.in_force import SKILL_WEIGHTS, WEIGHTS
from forecasting.funding.programme import Basis, Decision, decide
from forecasting.funding.programme_tables import summary
from forecasting.funding.weight_tables import occupation_weights, skill_weights
from forecasting.funding.weights import WeightRule
from forecasting.funding.words import NOT_FOR_SOLE_USE
from forecasting.parameters import Parameters
from forecasting.snapshot import Snapshot
from training.allocation import aside_of
from training.allocation_award import Request, terms_of
from training.allocation_groups import CASE_FILE, FOR_PUBLICATION
from training.allocation_inputs import gathered, load
from training.allocation_report import report
from training.allocation_result import write_files
from training.store import Store

TABLE: Final = "simulation.csv"
NOT_GRANTED: Final[dict[str, str]] = {
    "en": "Simulation: nothing is granted by it, nobody can be paid on it.",
    "nl": "Simulatie: hiermee wordt niets toegekend, niemand kan er op betaald worden.",
}
WEIGHING: Final = ("weight_quantile", "weight_rule", "weight_topups", "conditions_cause", "course_rule")
"""Parameters that make weights, of the release."""
DIVIDING: Final = (
    *("allocation_change_limit", "allocation_interval", "allocation_top_share", "universal_base_share"),
    *("neediest_part", "deadweight_shares"),
)
"""Parameters that divide, of the day."""
_TRAINABLE: Final = "draws/trainable.npy"


def changes_of(given: list[str]) -> dict[str, Any]:
    """Return what is to be changed, by name: ``weight_rule.step=0.5`` changes one part of a parameter.

    Raises
    ------
    ForecastingError
        If a change has no ``=``, or names no parameter that a simulation may change.

    Examples
    --------
    >>> changes_of(["weight_rule.step=0.5", "allocation_interval=[0.05, 0.95]"])
    {'weight_rule.step': 0.5, 'allocation_interval': [0.05, 0.95]}
    """
    found = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or name.split(".")[0] not in (*WEIGHING, *DIVIDING):
            known = ", ".join((*WEIGHING, *DIVIDING))
            raise ForecastingError(f"--set {each!r}; expected NAME=VALUE of {known}. Do: correct it.")
        found[name] = yaml.safe_load(text)
    return found


def changed_parameters(parameters: Parameters, changes: Mapping[str, Any]) -> Parameters:
    """Return parameters with some values, or parts of them, replaced; others are left out.

    Raises
    ------
    ForecastingError
        If there is no such part, or its value is of another kind.
    """
    values = dict(parameters.values)
    for path, value in changes.items():
        name, *parts = path.split(".")
        if name in values:
            values[name] = replace(values[name], value=_with(values[name].value, parts, value, path))
    return replace(parameters, values=values)


def _with(old: Any, parts: list[str], value: Any, path: str) -> Any:
    if parts:
        if not isinstance(old, Mapping) or parts[0] not in old:
            known = ", ".join(map(str, old)) if isinstance(old, Mapping) else "no parts"
            raise ForecastingError(f"--set {path}: no part {parts[0]!r}; expected {known}. Do: correct it.")
        return {**old, parts[0]: _with(old[parts[0]], parts[1:], value, path)}
    numbers = isinstance(old, int | float) and isinstance(value, int | float)
    if not numbers and type(old) is not type(value):
        raise ForecastingError(f"--set {path}={value!r}; expected a value as {old!r}. Do: correct it.")
    return value


def reweighed(basis: Basis, trainable: Any, changes: Mapping[str, Any]) -> Basis:
    """Return a basis with weights by other rules, from the release's own draws.

    Parameters
    ----------
    trainable : ndarray of shape (rows of ``weights``, draws)
        Draws ``trainable``.

    Raises
    ------
    ForecastingError
        If the rule would contradict itself.
    """
    weighing = changed_parameters(basis.weighing, {k: v for k, v in changes.items() if _name(k) in WEIGHING})
    dividing = changed_parameters(basis.dividing, {k: v for k, v in changes.items() if _name(k) in DIVIDING})
    tables = dict(basis.tables)
    if any(_name(each) in WEIGHING for each in changes):
        rule, of_skills = (WeightRule.of(weighing, kind) for kind in (rules.OCCUPATION, rules.SKILL))
        surplus = float(weighing["course_rule"]["surplus"])
        tables[WEIGHTS] = occupation_weights(tables[WEIGHTS], trainable, rule)
        tables[SKILL_WEIGHTS] = skill_weights(tables[SKILL_WEIGHTS], basis.lacking, of_skills, surplus)
    return replace(basis, tables=tables, weighing=weighing, dividing=dividing)


def _name(path: str) -> str:
    return path.split(".")[0]


def simulate(
    store: Store, snapshot: Snapshot, request: Request, changes: Mapping[str, Any], out: Path
) -> dict[str, Any]:
    """Write what an allocation would be by other rules beside that by the rules in force; return the totals.

    Raises
    ------
    InputError
        With every problem of what was given, or if the folder exists.
    ForecastingError
        If a changed rule cannot be used.
    """
    release, terms = store.releases / request.release, terms_of(store, snapshot, request)
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder)
        write_files(inputs, gathered(terms, release, request.given, request.previous, None))
        call, basis, manifest = load(inputs)
    tried = reweighed(basis, np.load(release / _TRAINABLE, allow_pickle=False), changes)
    before, after = decide(call, basis), decide(call, tried)
    told = {
        "simulation": NOT_GRANTED,
        "not_for_sole_use": NOT_FOR_SOLE_USE,
        "release": request.release,
        "day": terms.day,
        "changed": dict(changes),
        "rules_in_force": summary(call, before),
        "simulated": summary(call, after),
        "gained_cents": int((_cents(after) - _cents(before)).clip(min=0).sum()),
        "weights_that_differ": int((before.table["weight"] != after.table["weight"]).sum()),
    }
    head = "\n\n".join(f"**{NOT_GRANTED[language]}**" for language in ("en", "nl"))
    text = report(call, tried, after, manifest, None).replace("# Allocation", "# Simulated allocation", 1)
    text = text.replace(FOR_PUBLICATION, CASE_FILE, 1)
    with aside_of(out) as aside:
        beside(before, after).to_csv(aside / TABLE, index=False)
        document = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False)
        (aside / "simulation.json").write_text(document + "\n", encoding="utf-8")
        (aside / "report.md").write_text(f"{head}\n\n{text}", encoding="utf-8")
    return told


def beside(before: Decision, after: Decision) -> pd.DataFrame:
    """Return one row an application: weight and cents by the rules in force, simulated, and the change."""
    table = before.table[["id", "undertaking", "region", "course"]].assign(status="simulation, not granted")
    for name in ("course_weight", "weight", "cents"):
        table[name] = before.table[name].to_numpy()
        table[f"simulated_{name}"] = after.table[name].to_numpy()
    return table.assign(change_cents=table["simulated_cents"] - table["cents"])


def _cents(decision: Decision) -> Any:
    return decision.table["cents"].to_numpy(dtype=np.int64)
