"""Award an allocation over applications: gather, make, put on record, place; nothing is left half-written."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.conditioned import NEAREST
from forecasting.funding.periods import Period
from forecasting.parameters import load_parameters
from forecasting.snapshot import Snapshot, snapshot_hash
from training.allocation import aside_of, on_record
from training.allocation_inputs import INPUTS, Terms, gathered, parameters_of, read_terms
from training.allocation_ledger import correct, propose
from training.allocation_result import TABLE, TRACE, made, write_files
from training.allocation_verify import verify
from training.gates import FOLDER
from training.promotions import read_log, since
from training.provenance import method_hash
from training.rule_approval import LEDGER as RULES
from training.rule_approval import refuse_unapproved, rules_hash
from training.store import Store


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Parameters
    ----------
    release : str
        Id of a promoted release.
    budget_cents : int
    day : date
        Of the decision.
    given : dict of str to Path or None
        ``applications``; ``grants, courses, undertakings, conditions`` where given.
    previous, corrects : Path or None
        Folders of earlier allocations.
    universal : bool
    size : str
        Empty: as the parameter says.
    why : str
        Kept in the ledger.
    announced : date or None
        Day on which the release's weights were made known; None: that of its promotion.
    period : date or None
        First day of the budget period; None: of the previous one where `day` is in it, else `day`.
    rule : str
        One of `forecasting.funding.conditioned.RULES`.
    """

    release: str
    budget_cents: int
    day: dt.date
    given: dict[str, Path | None]
    previous: Path | None
    corrects: Path | None
    universal: bool
    size: str
    why: str
    announced: dt.date | None = None
    period: dt.date | None = None
    rule: str = NEAREST


def award(store: Store, snapshot: Snapshot, request: Request, out: Path) -> dict[str, Any]:
    """Make an allocation in a new folder, once it is on the store's record, and return its totals.

    Raises
    ------
    InputError
        With every problem of what was given; if the folder exists, or an earlier allocation does not hold.
    ForecastingError
        If the budget is nothing, the release cannot be used, or the store is damaged.
    """
    if request.budget_cents <= 0:
        given, remedy = f"{request.budget_cents} cents", "give the programme's budget in euros"
        raise InputError([Problem("budget", given, "more than 0", remedy)])
    for name, folder in (("--previous", request.previous), ("--corrects", request.corrects)):
        if folder is not None:
            _refuse_unsound(name, folder)
    release = store.releases / request.release
    terms = terms_of(store, snapshot, request)
    policy = load_parameters(request.day, FOLDER)
    second_person = bool(policy["allocation_second_person"])
    with aside_of(out) as aside:
        files = gathered(terms, release, request.given, request.previous, request.corrects)
        needed = bool(policy["rules_need_approval"])
        warning = refuse_unapproved(store, rules_hash(files), needed=needed)
        if (store.folder / RULES).is_file():
            files[RULES] = (store.folder / RULES).read_bytes()
        write_files(aside / INPUTS, files)
        result, totals = made(aside / INPUTS)
        write_files(aside, result)
        del files, result  # hundreds of megabytes for a large call
        about = totals | {
            "release": request.release,
            "region": str(snapshot.manifest["region"]["name"]),
            "status": snapshot.manifest["status"],
            "trace_sha256": _digest(aside / TRACE),
            "corrects": terms.corrects,
        }
        on_record(store, about, aside / TABLE, out)
        if request.corrects is None:
            propose(aside, second_person=second_person, why=request.why)
        else:
            correct(request.corrects, aside, second_person=second_person, why=request.why)
    return totals | {"second_person": second_person, "warning": warning}


def terms_of(store: Store, snapshot: Snapshot, request: Request) -> Terms:
    """Return the terms of a request, with its budget period and the day its weights were announced.

    Raises
    ------
    ForecastingError
        If the weights were announced after the decision.
    """
    announced = request.announced or announced_on(store, request.release, request.day)
    if announced > request.day:
        raise ForecastingError(
            f"weights announced on {announced}; expected a day until the decision on {request.day}. "
            "Do: correct --announced."
        )
    return Terms(
        request.day.isoformat(),
        request.budget_cents,
        request.release,
        snapshot_hash(store.releases / request.release),
        request.universal,
        request.size,
        _digest(request.corrects / TRACE) if request.corrects else "",
        method_hash(),
        (request.period or _period(snapshot, request)).isoformat(),
        announced.isoformat(),
        request.rule,
    )


def announced_on(store: Store, release: str, day: dt.date) -> dt.date:
    """Return the day of a release's first promotion; without one on record the day of the decision.

    The latter is the cautious reading: without known notice the former weights stay.
    """
    days = [since(entry)[:10] for entry in read_log(store.promotions) if entry["release"] == release]
    return min(dt.date.fromisoformat(days[0]), day) if days else day


def _period(snapshot: Snapshot, request: Request) -> dt.date:
    """Return the first day of the previous allocation's budget period if the decision is in it, else its."""
    told = read_terms(request.previous / INPUTS).period if request.previous else ""
    if told:
        former = Period.of(dt.date.fromisoformat(told), parameters_of(dict(snapshot.manifest)))
        if former.start <= request.day <= former.last:
            return former.start
    return request.day


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_unsound(option: str, folder: Path) -> None:
    failures = verify(folder)
    if failures:
        raise ForecastingError(
            f"{option} {folder}: {len(failures)} failure(s), the first: {failures[0]}; expected an "
            "allocation that holds. Do: restore it from a backup; --verify names them all."
        )
