"""What happened to an allocation after it was made: approval, payments, withdrawals, clawback; only appended.

Each line is chained to the one before by its hash (`forecasting.records`) and the first names the hash of the
trace. The allocation itself is never edited: a correction is a new one that refers to it.
"""

import datetime as dt
import getpass
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow.parquet as pq

from forecasting.errors import ForecastingError
from forecasting.funding.applications import euros
from forecasting.records import Entry, append, held, read_chain
from training.allocation_result import TRACE

LEDGER: Final = "ledger.jsonl"
LOCK: Final = ".ledger.lock"
PROPOSED, APPROVED, CORRECTED = "proposed", "approved", "corrected"
PAYMENT, WITHDRAWAL, CLAWBACK = "payment", "withdrawal", "clawback"
MONEY: Final = (PAYMENT, WITHDRAWAL, CLAWBACK)
_PATIENCE: Final = 30.0


def propose(folder: Path, *, second_person: bool, why: str, carried: Mapping[str, int] | None = None) -> None:
    """Begin the ledger of a new allocation: who made it, and whether another must approve it.

    Parameters
    ----------
    carried : mapping of str to int, optional
        Cents by application that were paid on the allocation that this one corrects.
    """
    entry = {"act": PROPOSED, "trace_sha256": _trace_hash(folder), "second_person": second_person, "why": why}
    entry["carried"] = dict(carried or {})
    append(folder / LEDGER, entry | _signed())


def _signed() -> Entry:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"by": getpass.getuser(), "at": now}


def _trace_hash(folder: Path) -> str:
    return hashlib.sha256((folder / TRACE).read_bytes()).hexdigest()


def read_ledger(folder: Path) -> list[Entry]:
    """Return every line, oldest first, after checking the chain and that it is this allocation's.

    Raises
    ------
    ForecastingError
        If a line was changed or removed, or the ledger is of another allocation.
    """
    entries = read_chain(folder / LEDGER)
    if not entries or entries[0].get("act") != PROPOSED:
        raise ForecastingError(
            f"{folder / LEDGER}: no proposal in its first line; expected the ledger of an allocation. "
            "Do: restore it from a backup."
        )
    if entries[0]["trace_sha256"] != _trace_hash(folder):
        raise ForecastingError(
            f"{folder}: {TRACE} is not the one that was proposed; expected its bytes as of "
            f"{entries[0]['at'][:10]}. Do: restore it from a backup, or correct by a new allocation."
        )
    return entries


def state(entries: list[Entry]) -> str:
    """Return ``proposed``, ``approved`` or ``corrected``.

    Examples
    --------
    >>> state([{"act": "proposed", "second_person": False}])
    'approved'
    >>> state([{"act": "proposed", "second_person": True}])
    'proposed'
    """
    acts = {entry["act"] for entry in entries}
    if CORRECTED in acts:
        return CORRECTED
    return APPROVED if APPROVED in acts or not entries[0]["second_person"] else PROPOSED


def approve(folder: Path, why: str) -> Entry:
    """Record a second person's approval of an allocation, and of the rules it names.

    Raises
    ------
    ForecastingError
        If it is the person who proposed it, or it is approved or corrected already.
    """
    with held(folder / LOCK, "entry", _PATIENCE):
        entries = read_ledger(folder)
        signed = _signed()
        if state(entries) != PROPOSED:
            raise ForecastingError(f"{folder}: {state(entries)} already. Do: nothing, or see payments list.")
        if signed["by"] == entries[0]["by"]:
            raise ForecastingError(
                f"{folder}: approval by {signed['by']}, who proposed it; expected somebody else. "
                "Do: let a second person give this command."
            )
        entry = {"act": APPROVED, "trace_sha256": entries[0]["trace_sha256"], "why": why} | signed
        append(folder / LEDGER, entry)
    return entry


def correct(folder: Path, by: Path, *, second_person: bool, why: str) -> None:
    """Begin the ledger of a correction, and record on the old one that nothing more is paid on it.

    What was paid is carried over. A correction that a crash kept from its place can be given again: it has
    the same trace.

    Parameters
    ----------
    folder, by : Path
        The allocation that is corrected, and the one that corrects it.

    Raises
    ------
    ForecastingError
        If another corrected it already: the chain of corrections has one end.
    """
    with held(folder / LOCK, "entry", _PATIENCE):
        entries, trace = read_ledger(folder), _trace_hash(by)
        earlier = [entry["by_trace_sha256"] for entry in entries if entry["act"] == CORRECTED]
        if earlier and trace not in earlier:
            raise ForecastingError(f"{folder}: corrected already. Do: correct the allocation that did.")
        paid = balance(folder, entries)["paid"]
        carried = {str(name): int(cents) for name, cents in paid[paid > 0].items()}
        propose(by, second_person=second_person, why=why, carried=carried)
        if not earlier:
            append(folder / LEDGER, {"act": CORRECTED, "by_trace_sha256": trace, "why": why} | _signed())


def record(folder: Path, act: str, application: str, cents: int, on: dt.date, why: str) -> Entry:
    """Record a payment, a withdrawal of what was not paid, or a clawback of what was.

    Parameters
    ----------
    act : {"payment", "withdrawal", "clawback"}
    cents : int
        More than 0.
    on : date
        Day on which it happened.

    Raises
    ------
    ForecastingError
        If the application is unknown, the allocation is not approved or was corrected, or the amount is more
        than is left to pay or was paid.
    """
    with held(folder / LOCK, "entry", _PATIENCE):
        entries = read_ledger(folder)
        standing = balance(folder, entries)
        if act not in MONEY:
            raise ForecastingError(f"act {act!r}; expected one of {', '.join(MONEY)}. Do: correct it.")
        if application not in standing.index:
            raise ForecastingError(
                f"application {application!r}: not in {folder}. Do: give an id of its allocation.csv."
            )
        now = state(entries)
        if now == CORRECTED or (act == PAYMENT and now != APPROVED):
            remedy = (
                "approve it by a second person"
                if now == PROPOSED
                else "record it on the one that corrects it"
            )
            raise ForecastingError(f"{folder}: {now}; expected an approved allocation. Do: {remedy}.")
        own = {str(name): int(value) for name, value in standing.loc[application].items()}
        most = int(own["paid"] if act == CLAWBACK else own["open"])
        if not 0 < cents <= most:
            raise ForecastingError(
                f"{act} of {euros(cents)} for {application}; expected more than nothing and at most "
                f"{euros(most)} ({euros(int(own['awarded']))} awarded, {euros(int(own['paid']))} paid, "
                f"{euros(int(own['withdrawn']))} withdrawn). "
                "Do: correct the amount, or the allocation by a new one."
            )
        entry = {"act": act, "application": application, "cents": cents, "on": on.isoformat(), "why": why}
        append(folder / LEDGER, entry | _signed())
    return entry


def balance(folder: Path, entries: list[Entry]) -> pd.DataFrame:
    """Return cents ``awarded, paid, withdrawn, clawed_back, open, to_recover`` by application.

    Paid is with what was paid on a corrected allocation, and less what was clawed back; clawed back money is
    not open again. To recover: what was paid above the award.
    """
    table = pq.read_table(folder / "allocation.parquet").to_pandas()
    given = {str(name): int(cents) for name, cents in zip(table["id"], table["cents"], strict=True)}
    carried: Mapping[str, int] = entries[0].get("carried", {})
    ids = sorted({*given, *carried})
    found = pd.DataFrame({"awarded": [given.get(name, 0) for name in ids]}, index=pd.Index(ids, name="id"))
    before = pd.Series([carried.get(name, 0) for name in ids], found.index)
    sums = {act: pd.Series(0, found.index) for act in MONEY}
    for entry in entries:
        if entry["act"] in MONEY:
            sums[entry["act"]].loc[entry["application"]] += int(entry["cents"])
    given_out = before + sums[PAYMENT]
    return found.assign(
        paid=given_out - sums[CLAWBACK],
        withdrawn=sums[WITHDRAWAL],
        clawed_back=sums[CLAWBACK],
        open=(found["awarded"] - given_out - sums[WITHDRAWAL]).clip(lower=0),
        to_recover=(given_out - sums[CLAWBACK] - found["awarded"]).clip(lower=0),
    )


def ledger_problems(folder: Path) -> Iterator[str]:
    """Yield what is wrong with a ledger, for `--verify`."""
    try:
        entries = read_ledger(folder)
        carried = entries[0].get("carried", {})
        for name, own in balance(folder, entries).iterrows():
            most = max(int(own["awarded"]), carried.get(name, 0))
            if not 0 <= own["paid"] <= most or own["paid"] + own["withdrawn"] > most:
                paid, awarded = euros(int(own["paid"])), euros(int(own["awarded"]))
                yield f"ledger: {name} was paid {paid}, with {awarded} awarded"
    except (ForecastingError, KeyError, ValueError, OSError) as error:
        yield f"ledger: {' '.join(str(error).split())}"
