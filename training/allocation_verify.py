"""Check the result of an allocation offline: hashes, sums, caps, law, rule versions, rounding, ledger."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from forecasting.errors import ForecastingError
from forecasting.funding.applications import euros
from forecasting.funding.conditioned import bound_of
from forecasting.funding.conditions import in_force
from forecasting.funding.in_force import COURSE_WEIGHTS, KEPT
from forecasting.funding.law import Legal, constrain
from forecasting.funding.periods import FREEZE
from forecasting.funding.weights import WeightRule
from forecasting.snapshot import MANIFEST
from training.allocation_inputs import INPUTS, LAW, load, parameters_of, read_terms, release_problems
from training.allocation_ledger import LEDGER, LOCK, ledger_problems
from training.allocation_result import TABLE, TRACE, hashed, read_trace
from training.rule_approval import approval_problems

_SHOWN: Final = 5
_APART: Final = {TRACE, LEDGER, LOCK}


def verify(folder: Path) -> list[str]:
    """Return every failure of a result, none if it holds.

    Needs nothing but the folder. It checks what was made, step by step, and not by making it again: that is a
    replay.

    Raises
    ------
    InputError
        If the folder holds no trace of an allocation.
    """
    told = read_trace(folder)
    failures = [*_files(folder, told)]
    checks: tuple[Callable[[Path, dict[str, Any]], Iterator[str]], ...] = (
        *(_release, _weights, _amounts, _conditions, _law, _rules, _ledger),
    )
    for check in checks:
        try:
            failures += check(folder, told)
        except (
            ForecastingError,
            KeyError,
            ValueError,
            TypeError,
            OSError,
        ) as error:  # damaged beyond reading
            failures.append(f"{check.__name__.strip('_')}: cannot be checked: {' '.join(str(error).split())}")
    return failures


def _files(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    expected = {f"{INPUTS}/{name}": digest for name, digest in told["inputs"].items()} | told["files"]
    found = {name: digest for name, digest in hashed(folder).items() if name not in _APART}
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"files: {name} is missing"
        elif name not in expected:
            yield f"files: {name} is foreign"
        elif found[name] != expected[name]:
            yield f"files: {name} is not the file whose hash {TRACE} names"


def _release(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    terms = read_terms(folder / INPUTS)
    yield from release_problems(folder / INPUTS, terms)
    if terms.snapshot != told["release"]["hash"]:
        yield f"release: {TRACE} names {told['release']['hash'][:12]}, the inputs {terms.snapshot[:12]}"


def _weights(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    """Yield where a weight is not the one in force, or moved from the former one by more than it may."""
    if not read_terms(folder / INPUTS).period:
        return
    manifest = json.loads((folder / INPUTS / "release" / MANIFEST).read_text(encoding="utf-8"))
    step = WeightRule.of(parameters_of(manifest)).step
    tables = {name: pq.read_table(folder / f"{name}.parquet").to_pandas() for name in KEPT}
    for name, table in tables.items():
        now = table[table["period"] == told["weights"]["period"]]
        moved = (now["weight"] - now["previous"]).abs().fillna(0.0)
        frozen = now["held_by"].eq(FREEZE)
        far = (moved > step + 1e-6) | (frozen & (moved > 0))
        if far.any():
            row = now[far].iloc[0]
            moved_to = f"{row['previous']:g} to {row['weight']:g}"
            yield f"weights: {name} went from {moved_to}, at most a step of {step:g} is allowed"
    key = ["region", "course"]
    courses = tables[COURSE_WEIGHTS]
    before = folder / INPUTS / f"previous_{COURSE_WEIGHTS}.parquet"
    if before.is_file():
        here = courses[courses["period"] == told["weights"]["period"]].set_index(key)["previous"]
        former = pq.read_table(before).to_pandas().set_index(key)["weight"].reindex(here.index)
        apart = [course for _, course in here.index[(former.fillna(-1) != here.fillna(-1)).to_numpy()]]
        if apart:
            yield f"weights: {COURSE_WEIGHTS} is not held to the former weights of {_named(apart)}"
    weight = courses.set_index(key)["weight"].to_dict()
    wrong = [
        each["id"]
        for each in told["applications"]
        if weight.get((each["region"], each["course"])) != each["weight"]["course_weight"]
    ]
    if wrong:
        yield f"weights: {TRACE} has others than {COURSE_WEIGHTS}.parquet for {_named(wrong)}"


def _amounts(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    """Yield where tables disagree, sums fail, or an amount is outside its bounds or its rounding."""
    parquet = pq.read_table(folder / "allocation.parquet").to_pandas().set_index("id")
    written = pd.read_csv(folder / TABLE, dtype={"id": str}).set_index("id")
    traced = {each["id"]: each for each in told["applications"]}
    if list(parquet.index) != list(traced) or list(written.index) != list(traced):
        yield f"amounts: {TABLE}, allocation.parquet and {TRACE} are not of the same applications"
        return
    amounts = pd.Series({name: each["amount"]["cents"] for name, each in traced.items()}, dtype=object)
    for where, cents in ((TABLE, written["cents"]), ("allocation.parquet", parquet["cents"])):
        apart = [str(name) for name in amounts.index if int(cents[name]) != amounts[name]]
        if apart:
            yield f"amounts: {where} differs from {TRACE} for {_named(apart)}"
    yield from _sums({TABLE: written["cents"], "allocation.parquet": parquet["cents"]}, told)
    for name, each in traced.items():
        money, cents = each["amount"], int(written.loc[name, "cents"])
        share = Fraction(each["share_above_base"]) + money["base_cents"]
        if abs(share - cents) >= 1:
            yield f"rounding: {name} gets {euros(cents)}, its share is {float(share):.3f} cents"
        if not money["floor_cents"] <= cents <= money["cap_cents"]:
            span = f"{euros(money['floor_cents'])} to {euros(money['cap_cents'])}"
            yield f"bounds: {name} gets {euros(cents)}, outside {span}"
        by_hand = f"{cents // 100}.{cents % 100:02d}"
        if f"{written.loc[name, 'euros']:.2f}" != by_hand:
            yield f"amounts: {name} has {written.loc[name, 'euros']} euros and {cents} cents"
    yield from _levels(told)


def _sums(tables: dict[str, pd.Series], told: dict[str, Any]) -> Iterator[str]:
    totals = told["summary"]
    for where, cents in tables.items():
        spent = int(cents.sum())
        if spent != totals["allocated_cents"]:
            yield f"sums: {where} sums to {euros(spent)}, {TRACE} says {euros(totals['allocated_cents'])}"
    if totals["allocated_cents"] + totals["residual_cents"] != totals["budget_cents"]:
        yield "sums: allocated and residual do not add up to the budget"
    if totals["allocated_cents"] != min(totals["budget_cents"], totals["capacity_cents"]):
        yield "sums: allocated is neither the budget nor all that may be paid"


def _levels(told: dict[str, Any]) -> Iterator[str]:
    """Yield whose share, where the weight decides, is not the one level times weight and size."""
    levels = {"weight": told["level_cents_per_weighted_size"]} | {
        bound_of(own["conditions"]): own["level_cents_per_weighted_size"] for own in told.get("classes", [])
    }
    for each in told["applications"]:
        level = levels.get(each["amount"]["bound"])
        if level is not None:
            by_level = Fraction(level) * Fraction(each["weight"]["weighted_size"])
            if abs(by_level - Fraction(each["share_above_base"])) > Fraction(1, 10**6):
                yield f"level: {each['id']} does not get {float(Fraction(level)):.6g} cents a unit"


def _conditions(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    """Yield where a condition of the copied file is not kept to the cent, or is not the one that is told."""
    call, _, _ = load(folder / INPUTS)
    if call.conditions is None:
        if told.get("conditions"):
            yield f"conditions: {TRACE} tells some, {INPUTS} has none"
        return
    table = pq.read_table(folder / "allocation.parquet").to_pandas()
    cents = pd.read_csv(folder / TABLE, dtype={"id": str})["cents"]
    traced = {each["name"]: each for each in told["conditions"]}
    declared = in_force(call.conditions, table, call.day, call.budget)
    if [each.name for each in declared] != list(traced):
        yield f"conditions: {TRACE} tells others than {INPUTS} has in force"
        return
    for each in declared:
        got, own = int(cents[each.members(table)].sum()), traced[each.name]
        least, most = each.least or 0, got if each.most is None else each.most
        if not least <= got <= most:
            yield f"conditions: {each.name} gets {euros(got)}, outside {euros(least)} to {euros(most)}"
        if (own["cents"], own["least_cents"], own["most_cents"]) != (got, each.least, each.most):
            yield f"conditions: {each.name} in {TRACE} is not as declared, or not what its members get"


def _law(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    """Yield where an amount exceeds what the law, applied again, allows, or what is cited is not the law."""
    call, basis, _ = load(folder / INPUTS)
    ordered = call.applications.assign(id=call.applications["id"].astype(str)).sort_values("id")
    legal = constrain(ordered.reset_index(drop=True), call.grants, call.courses, basis.law, call.day)
    cents = pd.read_csv(folder / TABLE, dtype={"id": str}).set_index("id")["cents"]
    own = legal.applications.set_index("application")["cap_cents"]
    for name in np.array(own.index)[(cents.reindex(own.index) > own).to_numpy()]:
        yield f"law: {name} gets {euros(int(cents[name]))}, by law at most {euros(int(own[name]))}"
    yield from _together(legal, cents)
    for rule, entry in told["law"]["rules"].items():
        if json.loads(json.dumps(basis.law.as_dict().get(rule), default=str)) != entry:
            yield f"rule versions: {rule} in {TRACE} is not the one of {INPUTS}/{LAW}"
    if told["law"]["day"] != told["terms"]["day"] or basis.law.day != dt.date.fromisoformat(
        told["terms"]["day"]
    ):
        yield f"rule versions: law as of {told['law']['day']}, decision of {told['terms']['day']}"
    cited = {(f["rule"], f["version"]) for each in told["applications"] for f in each["law"]["findings"]}
    for rule, version in sorted(cited):
        if version not in {str(each.start) for each in basis.law[rule].versions}:
            yield f"rule versions: {rule} of {version} is cited and not in force"


def _together(legal: Legal, cents: "pd.Series[int]") -> Iterator[str]:
    got = (
        legal.membership.assign(cents=legal.membership["application"].map(cents))
        .groupby("group")["cents"]
        .sum()
    )
    for row in legal.groups.to_dict("records"):
        if got[row["group"]] > row["cap_cents"]:
            total, most = euros(int(got[row["group"]])), euros(int(row["cap_cents"]))
            yield f"law: {row['group']} gets {total} together, by {row['rule']} at most {most}"


def _rules(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    """Yield where the approval of the rules does not hold; a result made before has none."""
    if "rules" in told:
        yield from approval_problems(folder / INPUTS, told["rules"])


def _ledger(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    del told
    yield from ledger_problems(folder)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
