"""Allocate a budget over the occupations of a release, thinnest form: weights, caps, whole cents."""

import datetime as dt
import getpass
import hashlib
import json
import shutil
import tempfile
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.allocation import allocate
from forecasting.records import BUSY, append, held
from forecasting.snapshot import Snapshot, snapshot_hash
from training.store import Store

TABLE: Final = "allocation.csv"
CURRENT: Final = ("current", "made up")
LARGEST_CENTS: Final = 10**14
"""A budget of a million million euros: beyond it floating point no longer holds a cent."""

_RECORDED: Final = ("release", "region", "budget_cents", "allocated_cents", "residual_cents")
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


def allocation_table(snapshot: Snapshot, region: str, budget: int) -> pd.DataFrame:
    """Return euros per occupation of one region; ``cents`` sum to the budget within the caps."""
    share = snapshot.manifest["parameters"]["largest_share"]["value"]
    weights = snapshot.tables["weights"]
    rows = weights[weights["region"] == region].sort_values("occupation", ignore_index=True)
    cents = allocate(budget, rows["need"].to_numpy(dtype=float), share)
    labels = snapshot.tables["occupations"].set_index("code")["label_nl"]
    return rows.assign(
        label=labels.reindex(rows["occupation"]).to_numpy(),
        cents=cents,
        euros=[f"{amount // 100}.{amount % 100:02d}" for amount in cents],
    )


def grant(store: Store, table: pd.DataFrame, about: dict[str, Any], folder: Path) -> None:
    """Write the table and what it rests on, whole or not at all, once the store has it on record.

    Raises
    ------
    InputError
        If the folder exists: an allocation is never overwritten.
    ForecastingError
        If the record was tampered with, or the release was pruned meanwhile.
    """
    if folder.exists():
        raise InputError([Problem(str(folder), "an existing folder", "a new one", "give another --out")])
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        table.to_csv(aside / TABLE, index=False)
        (aside / "allocation.json").write_text(
            json.dumps(about, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
        )
        aside.chmod(0o755)
        digest = hashlib.sha256((aside / TABLE).read_bytes()).hexdigest()
        _record(store, about, {"table_sha256": digest, "out": str(folder.resolve())})
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _record(store: Store, about: dict[str, Any], written: dict[str, str]) -> None:
    """Put an allocation on the store's record, so that its release is never pruned."""
    release = store.releases / str(about["release"])
    with held(store.folder / BUSY, "allocation", _PATIENCE):
        if not release.is_dir():
            raise ForecastingError(f"{release}: gone meanwhile. Do: allocate from another release.")
        entry = {name: about[name] for name in _RECORDED} | written
        entry |= {
            "snapshot": snapshot_hash(release),
            "status": about["status"]["label"],
            "allocated_at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "allocated_by": getpass.getuser(),
        }
        append(store.allocations, entry)
