"""Put a version in service; files are written aside and renamed, so a crash serves the old one."""

import datetime as dt
import getpass
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from forecasting.errors import ForecastingError
from forecasting.snapshot import ID_LENGTH, read_snapshot
from training.store import Store
from training.tracking import fetch_snapshot, resolve_version, set_champion


def promote(store: Store, version: str, why: str, who: str | None = None) -> str:
    """Promote a registered version and return the release id.

    The order makes a crash harmless: the release folder, the log, then the file the service reads, then the
    registry's alias. Running the command again completes what is missing.

    Parameters
    ----------
    why : str
        Kept in the log beside who and when.

    Raises
    ------
    ForecastingError
        If the version is unknown, or its bytes are not those registered.
    """
    version = resolve_version(store, version)
    with tempfile.TemporaryDirectory(dir=store.folder, prefix=".promote-") as folder:
        snapshot, digest = fetch_snapshot(store, version, Path(folder))
        release = digest[:ID_LENGTH]
        _place(snapshot, store.releases / release)
    line = {
        "release": release,
        "snapshot": digest,
        "version": version,
        "promoted_at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "promoted_by": who or getpass.getuser(),
        "why": why,
        "gates": "none in this version",
    }
    _append(store.promotions, line)
    _replace(store.champion, json.dumps(line, indent=1, sort_keys=True) + "\n")
    set_champion(store, version)
    return release


def _place(snapshot: Path, release: Path) -> None:
    if release.exists():
        read_snapshot(release)
        return
    release.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".release-", dir=release.parent))
    shutil.copytree(snapshot, aside, dirs_exist_ok=True)
    aside.chmod(0o755)
    aside.rename(release)


def _append(log: Path, line: dict[str, str]) -> None:
    """Append to the hash chain: each line holds the hash of the one before."""
    before = log.read_bytes().splitlines() if log.is_file() else []
    previous = hashlib.sha256(before[-1]).hexdigest() if before else ""
    entry = json.dumps({**line, "previous": previous}, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    _replace(log, b"".join(old + b"\n" for old in before).decode() + entry.decode())


def _replace(path: Path, text: str) -> None:
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(aside).chmod(0o644)
    Path(aside).replace(path)


def champion_release(store: Store) -> str:
    """Return the id of the release in service.

    Raises
    ------
    ForecastingError
        If nothing was promoted yet.
    """
    if not store.champion.is_file():
        raise ForecastingError(
            f"{store.champion}: nothing is promoted yet. Do: python -m training promote VERSION."
        )
    return str(json.loads(store.champion.read_text(encoding="utf-8"))["release"])
