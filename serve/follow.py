"""Mirror a remote registry's champion into the local releases, so that the service itself needs no registry.

A process of its own beside the service, and the only module here that may import MLflow. Whatever is wrong
with the registry or with what it holds, the release that is served stays as it is. The log of promotions gets
a line for every release that was mirrored, in a chain of its own: what was served here, and since when.
"""

import datetime as dt
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from forecasting.errors import ForecastingError
from forecasting.records import BUSY, Entry, append, held, read_chain, replace_file
from forecasting.snapshot import ID_LENGTH, MANIFEST, read_snapshot, snapshot_hash
from serve.store import CHAMPION, PROMOTIONS, RELEASES

logger = logging.getLogger(__name__)

MODEL: Final = "competence-gap"
ALIAS: Final = "champion"
REGISTRY: Final = "MLFLOW_TRACKING_URI"
PATIENCE: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""MLflow's own patience is minutes long; the next round tries again anyway."""

_ASIDE: Final = ".follow-"
_STALE_SECONDS: Final = 24 * 3600
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PROMOTED: Final = ("promoted_at", "promoted_by", "why")
_ELSEWHERE: Final = {"gates", "previous", "mirrored_at"}
"""Kept in the log of promotions, not in the pointer."""
_SAME: Final = ("release", "version", "promoted_at")
_PATIENCE: Final = 30.0
"""Seconds to wait for a command that works on the same store."""


def follow(
    store: Path, every: float, *, once: bool = False, sleep: Callable[[float], object] = time.sleep
) -> bool:
    """Mirror the registry's champion, again and again.

    Parameters
    ----------
    store : Path
        Gets ``champion.json``, ``promotions.jsonl`` and ``releases/``; made if absent.
    every : float
        Seconds between two looks.
    once : bool
        Look once and return.
    sleep : callable
        Waits; a test's own ends the loop.

    Returns
    -------
    bool
        Whether the last look succeeded.
    """
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    while True:
        mirrored = _look(store)
        if once:
            return mirrored
        sleep(every)


def _look(store: Path) -> bool:
    """Mirror once; tell a failure and leave everything as it is."""
    try:
        release, new = mirror(store)
    except Exception as error:  # a follower outlives whatever the registry does
        known = isinstance(error, ForecastingError | OSError) or type(error).__module__.startswith("mlflow")
        told = f"{error}" if known else f"{type(error).__name__}: {error}"
        logger.error("not mirrored, what is served stays: %s", _without_login(" ".join(told.split()))[:400])
        logger.debug("the cause", exc_info=error)
        return False
    if new:
        logger.info("release %s mirrored into %s", release, store)
    else:
        logger.debug("release %s is still the champion", release)
    return True


def mirror(store: Path) -> tuple[str, bool]:
    """Bring the registry's champion into a store.

    Returns
    -------
    release : str
        Its id.
    new : bool
        Whether the store pointed elsewhere before.

    Raises
    ------
    ForecastingError
        If no registry is named, or its champion is not a snapshot with the bytes registered.
    MlflowException
        If the registry does not answer, or has no champion.
    """
    if not os.environ.get(REGISTRY):
        raise ForecastingError(f"{REGISTRY} is not set. Do: set it to the address of the registry.")
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    version = mlflow.MlflowClient().get_model_version_by_alias(MODEL, ALIAS)
    digest = str(version.tags.get("snapshot", ""))
    if not _DIGEST.fullmatch(digest):
        raise ForecastingError(
            f"version {version.version}: its tag snapshot is {digest!r}; expected 64 hexadecimal digits. "
            "Do: promote a version that python -m training build registered."
        )
    release, before = digest[:ID_LENGTH], _pointer(store)
    wanted = _champion(version, digest, before)
    pointer = {name: value for name, value in wanted.items() if name not in _ELSEWHERE}
    if pointer == before and (store / RELEASES / release).is_dir() and _logged(store, wanted):
        return release, False
    (store / RELEASES).mkdir(parents=True, exist_ok=True)
    with held(store / BUSY, "mirroring", _PATIENCE):
        _sweep(store / RELEASES)
        _place(store / RELEASES / release, str(version.version), digest)
        if not _logged(store, wanted):
            append(store / PROMOTIONS, {**wanted, "mirrored_at": _now()})
        text = json.dumps(pointer, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        replace_file(store / CHAMPION, text.encode())
    return release, True


def _logged(store: Path, entry: Entry) -> bool:
    """Return whether the last line of the log is this promotion."""
    entries = read_chain(store / PROMOTIONS)
    return bool(entries) and all(entries[-1].get(name) == entry[name] for name in _SAME)


def _champion(version: Any, digest: str, before: dict[str, Any]) -> Entry:
    """Return what is promoted: the registry's own record of it, where it keeps one."""
    same = {"release": digest[:ID_LENGTH], "snapshot": digest, "version": str(version.version)}
    told = _promotion(version)
    if told.get("snapshot") == digest:
        return told | same
    if same.items() <= before.items():
        return before
    unknown = "not recorded in the registry; the time is that of the mirroring"
    return {**same, "promoted_at": _now(), "promoted_by": "unknown", "why": unknown}


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _promotion(version: Any) -> dict[str, Any]:
    try:
        told = json.loads(version.tags.get("promotion", "{}"))
    except ValueError:
        told = None
    if not isinstance(told, dict) or (told and not all(isinstance(told.get(key), str) for key in _PROMOTED)):
        logger.warning("version %s: its tag promotion cannot be read and is left out", version.version)
        return {}
    return told


def _place(release: Path, version: str, digest: str) -> None:
    """Make the release folder appear whole: fetched aside, checked, renamed."""
    if release.is_dir() and _intact(release, digest):
        return
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=release.parent))
    try:
        fetched = _fetch(version, aside)
        read_snapshot(fetched)
        found = snapshot_hash(fetched)
        if found != digest:
            raise ForecastingError(
                f"version {version}: its snapshot hashes to {found[:ID_LENGTH]}, the registry says "
                f"{digest[:ID_LENGTH]}. Do: build and promote another; do not serve this one."
            )
        fetched.chmod(0o755)
        if release.exists():
            release.rename(aside / "damaged")
        fetched.rename(release)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _intact(release: Path, digest: str) -> bool:
    try:
        read_snapshot(release)
    except (ForecastingError, OSError, ValueError):
        return False
    return snapshot_hash(release) == digest


def _fetch(version: str, folder: Path) -> Path:
    import mlflow

    local = mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{version}", dst_path=str(folder))
    found = sorted(Path(local).rglob(MANIFEST))
    if not found:
        raise ForecastingError(
            f"version {version}: holds no snapshot. Do: promote a version that python -m training build made."
        )
    return found[0].parent


def _sweep(releases: Path) -> None:
    """Remove what a follower left that was killed while it fetched."""
    for left in releases.glob(f"{_ASIDE}*"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _pointer(store: Path) -> dict[str, Any]:
    try:
        said = json.loads((store / CHAMPION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _without_login(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)
