"""Divide a budget over the applications, or the occupations, of a release; on record before it is given."""

import datetime as dt
import getpass
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications, Cents
from forecasting.records import BUSY, append, held, read_chain, settle
from forecasting.series.panel import Array
from forecasting.snapshot import Snapshot, snapshot_hash
from training.store import Store

TABLE: Final = "allocation.csv"
CURRENT: Final = ("current", "made up")
LARGEST_CENTS: Final = 10**14
"""A budget of a million million euros: beyond it floating point no longer holds a cent."""

_RECORDED: Final = ("release", "region", "budget_cents", "allocated_cents", "residual_cents")
_ALSO: Final = ("trace_sha256", "corrects")
_PATIENCE: Final = 30.0
"""Seconds to wait for a promotion that is under way."""


def cents_of(budget: str) -> int:
    """Return an amount in euros as whole cents.

    Raises
    ------
    ForecastingError
        If it is no amount, negative, too large, or finer than a cent.

    Examples
    --------
    >>> cents_of("1000000.05")
    100000005
    """
    try:
        cents = Decimal(budget) * 100
        whole = int(cents)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise _no_amount(budget) from error
    if cents != whole or not 0 <= whole <= LARGEST_CENTS:
        raise _no_amount(budget)
    return whole


def _no_amount(budget: str) -> ForecastingError:
    return ForecastingError(
        f"budget {budget!r}; expected euros from 0 to a million million, with at most two decimals. "
        "Do: give 1000000.00."
    )


def refuse_historical(manifest: Any, release: str, today: dt.date, *, asked_by_name: bool) -> None:
    """Refuse weights from history unless they are asked for by name.

    A snapshot knows no clock; money does: data that have aged since the build are history too.

    Raises
    ------
    ForecastingError
        If the release is a historical demonstration, or has become one by `today`.
    """
    status, base = manifest["status"], int(manifest["region"]["base_year"])
    oldest = manifest["parameters"]["oldest_current_data"]["value"]
    aged = status["label"] == "current" and today.year - base > oldest
    if (status["label"] not in CURRENT or aged) and not asked_by_name:
        told = f"Base year {base} is more than {oldest} years before {today}." if aged else status["sentence"]
        raise ForecastingError(
            f"release {release} is a historical demonstration: {told} Expected current data. "
            "Do: build from newer data, or name it: --historical-demonstration."
        )


def by_need(budget: int, occupations: Sequence[str], need: Array, largest_share: float) -> Cents:
    """Return whole cents per occupation in proportion to need, none above its share of the budget.

    Parameters
    ----------
    budget : int
        Cents.
    need : ndarray of shape (occupations,)
        Persons; NaN counts as no need.
    largest_share : float
        Cap of one occupation as a share of the budget.

    Raises
    ------
    ForecastingError
        If the budget is negative.

    Examples
    --------
    >>> by_need(100, ["22", "25"], np.array([np.nan, 5.0]), 0.25).tolist()
    [0, 25]
    """
    if budget < 0:
        raise ForecastingError(f"budget {budget} cents; expected 0 or more. Do: give a positive budget.")
    known, none = np.nan_to_num(np.asarray(need, dtype=float)), np.zeros(len(occupations), dtype=np.int64)
    if not budget:
        return none
    share = Fraction(str(largest_share))
    cap = budget * share.numerator // share.denominator
    caps = np.where(known > 0, cap, 0).astype(np.int64)
    return distribute(budget, Applications(list(occupations), known, none, caps), "occupations").cents


def allocation_table(snapshot: Snapshot, region: str, budget: int) -> pd.DataFrame:
    """Return euros per occupation of one region; ``cents`` sum to the budget within the caps."""
    share = snapshot.manifest["parameters"]["largest_share"]["value"]
    weights = snapshot.tables["weights"]
    rows = weights[weights["region"] == region].sort_values("occupation", ignore_index=True)
    cents = by_need(
        budget, rows["occupation"].astype(str).tolist(), rows["need"].to_numpy(dtype=float), share
    )
    labels = snapshot.tables["occupations"].set_index("code")["label_nl"]
    return rows.assign(
        label=labels.reindex(rows["occupation"]).to_numpy(),
        cents=cents,
        euros=[f"{amount // 100}.{amount % 100:02d}" for amount in cents],
    )


@contextmanager
def aside_of(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, and put it in its place in one step once the block succeeded.

    Raises
    ------
    InputError
        If the place is taken: an allocation is never overwritten.
    """
    if folder.exists():
        raise InputError([Problem(str(folder), "an existing folder", "a new one", "give another --out")])
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield aside
        aside.chmod(0o755)
        settle(aside)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def grant(store: Store, table: pd.DataFrame, about: dict[str, Any], folder: Path) -> None:
    """Write the table and what it rests on, whole or not at all, once the store has it on record.

    Raises
    ------
    InputError
        If the folder exists: an allocation is never overwritten.
    ForecastingError
        If the record was tampered with, or the release was pruned meanwhile.
    """
    with aside_of(folder) as aside:
        table.to_csv(aside / TABLE, index=False)
        (aside / "allocation.json").write_text(
            json.dumps(about, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
        )
        on_record(store, about, aside / TABLE, folder)


def on_record(store: Store, about: dict[str, Any], table: Path, folder: Path) -> None:
    """Put an allocation on the store's record, so that its release is never pruned.

    Parameters
    ----------
    about : dict
        ``release, region, budget_cents, allocated_cents, residual_cents, status``, and what else is told.
    table : Path
        Its amounts, where they are now.
    folder : Path
        Where the result will be.

    Raises
    ------
    ForecastingError
        If the record was tampered with, the release was pruned meanwhile, or the same allocation over
        applications is there already: each has a ledger of its own, so it would be paid twice.
    """
    release = store.releases / str(about["release"])
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    with held(store.folder / BUSY, "allocation", _PATIENCE):
        if not release.is_dir():
            raise ForecastingError(f"{release}: gone meanwhile. Do: allocate from another release.")
        _refuse_repeated(store, about.get("trace_sha256"))
        entry = {name: about[name] for name in _RECORDED} | {
            "table_sha256": digest,
            "out": str(folder.resolve()),
            "snapshot": snapshot_hash(release),
            "status": about["status"]["label"],
            "allocated_at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "allocated_by": getpass.getuser(),
        }
        append(store.allocations, entry | {name: about[name] for name in _ALSO if name in about})


def _refuse_repeated(store: Store, trace: str | None) -> None:
    """Refuse an allocation that is in place already; one that a crash kept from its place may come again."""
    for entry in read_chain(store.allocations) if trace else []:
        if entry.get("trace_sha256") == trace and Path(str(entry["out"])).is_dir():
            raise ForecastingError(
                f"{entry['out']}: the same allocation, to the byte, granted on "
                f"{entry['allocated_at'][:10]} by {entry['allocated_by']}; "
                "expected another. Do: use that one."
            )
