"""Second-person approval of the rules that money is divided by: law and parameters, by their hash.

Kept in a chained file of the store (`forecasting.records`): one person proposes the rules in force, another
approves them. An allocation carries a copy, so that the approval can be checked years later.
"""

import datetime as dt
import getpass
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from forecasting.errors import ForecastingError
from forecasting.parameters import FOLDER
from forecasting.records import BUSY, Entry, append, held, read_chain
from training.store import Store

LEDGER: Final = "rules.jsonl"
PROPOSED, APPROVED = "proposed", "approved"
_FILES: Final = {"law.yaml": "law.yaml", "parameters/allocation.yaml": "allocation.yaml"}
"""Name inside an allocation's inputs, and in the folder of parameters."""
_PATIENCE: Final = 30.0


def rules_hash(files: Mapping[str, bytes]) -> str:
    """Return the hash of the rules among an allocation's inputs: law and parameters that divide.

    Parameters
    ----------
    files : mapping of str to bytes
        By name inside the inputs; others are passed over. The rules of the weights are the release's own,
        whose promotion can need a second person.
    """
    digests = [hashlib.sha256(files[name]).hexdigest() for name in sorted(_FILES)]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def rules_in_force() -> dict[str, bytes]:
    """Return the rule files that an allocation made now would copy."""
    return {name: (FOLDER / own).read_bytes() for name, own in _FILES.items()}


def rules_of(inputs: Path) -> dict[str, bytes]:
    """Return the rule files that an allocation copied."""
    return {name: (inputs / name).read_bytes() for name in _FILES}


def approve_rules(store: Store, why: str) -> Entry:
    """Propose the rules in force, or approve them where somebody else proposed these very rules.

    Raises
    ------
    ForecastingError
        If they are approved already, the same person proposed them, or the file was tampered with.
    """
    path, digest = store.folder / LEDGER, rules_hash(rules_in_force())
    with held(store.folder / BUSY, "approval", _PATIENCE):
        entries = [entry for entry in read_chain(path) if entry["rules_sha256"] == digest]
        if any(entry["act"] == APPROVED for entry in entries):
            raise ForecastingError(f"rules {digest[:12]}: approved already. Do: nothing, they can be used.")
        by = getpass.getuser()
        if entries and entries[0]["by"] == by:
            raise ForecastingError(
                f"rules {digest[:12]}: proposed by {by}; expected approval by somebody else. "
                "Do: let a second person give this command."
            )
        entry: Entry = {
            "act": APPROVED if entries else PROPOSED,
            "rules_sha256": digest,
            "by": by,
            "at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "why": why,
        }
        append(path, entry)
    return entry


def approval(path: Path, digest: str) -> dict[str, Any]:
    """Return who proposed and approved rules, by a chained file; nulls where nobody did.

    Raises
    ------
    ForecastingError
        If the file was tampered with.
    """
    entries = [entry for entry in read_chain(path) if entry["rules_sha256"] == digest]
    by = {entry["act"]: entry for entry in reversed(entries)}
    told: dict[str, Any] = {"rules_sha256": digest, "approved": APPROVED in by}
    for act in (PROPOSED, APPROVED):
        entry = by.get(act, {})
        told |= {f"{act}_by": entry.get("by"), f"{act}_at": entry.get("at")}
    return told


def refuse_unapproved(store: Store, digest: str, *, needed: bool) -> str:
    """Return a warning where rules are not approved; empty where they are.

    Raises
    ------
    ForecastingError
        If they must be and are not.
    """
    if approval(store.folder / LEDGER, digest)["approved"]:
        return ""
    remedy = "let two persons give: python -m training approve rules"
    if needed:
        raise ForecastingError(
            f"rules {digest[:12]}: not approved by a second person; expected approved rules "
            f"(parameter rules_need_approval). Do: {remedy}."
        )
    return f"Rules {digest[:12]} are not approved by a second person: {remedy}."


def approval_problems(inputs: Path, told: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a trace's approval of rules is not that of its copied rules and ledger."""
    found = approval(inputs / LEDGER, rules_hash(rules_of(inputs)))
    if dict(told) != found:
        yield "rules: their approval in the trace is not that of the copied rules and ledger"
    if found["approved"] and found["approved_by"] == found["proposed_by"]:
        yield f"rules: proposed and approved by {found['approved_by']} alone"
