"""Which releases stay on the disk: pruning, its record, and the way back from the registry.

Pruning takes release folders only. Versions, runs and the log of promotions are untouched, so that what was
served stays explained, and a pruned release comes back byte by byte while the registry holds its version.
"""

import datetime as dt
import getpass
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forecasting.errors import ForecastingError
from forecasting.records import Entry, append, read_chain
from forecasting.snapshot import ID_LENGTH
from training.promotions import read_log, served_until, standing
from training.publish import alone, champion_release, place, repair
from training.store import MODEL, Store
from training.tracking import connect, fetch_snapshot

_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Fate:
    """What becomes of one release, and why.

    Parameters
    ----------
    release : str
        Its id.
    removed : bool
        Whether its folder goes.
    why : str
        A clause that follows "kept" or "removed".
    """

    release: str
    removed: bool
    why: str


def prune(store: Store, keep: int, older_than: int, *, dry_run: bool = False) -> list[Fate]:
    """Remove the folders of old releases; never one in service, one to roll back to, or one paid on.

    Parameters
    ----------
    keep : int
        So many that were in service last stay, whatever their age.
    older_than : int
        Days since a release was last in service, before it goes.
    dry_run : bool
        Only say what would be done.

    Returns
    -------
    list of Fate
        Of every release folder, by id.

    Raises
    ------
    ForecastingError
        If the record of promotions, of allocations or of prunings was tampered with, or a promotion is
        under way.
    """
    with alone(store, "pruning"):
        if not dry_run:
            repair(store)
        log = read_log(store.promotions)
        read_chain(store.retention)
        fates = _fates(store, log, keep, older_than)
        for fate in fates:
            if fate.removed and not dry_run:
                _remove(store, fate.release, log)
    return fates


def _fates(store: Store, log: list[Entry], keep: int, older_than: int) -> list[Fate]:
    reasons = _untouchable(store, log)
    known, ended, now = {entry["release"] for entry in log}, served_until(log), dt.datetime.now(dt.UTC)
    here = sorted(path.name for path in store.releases.glob("*") if path.is_dir() and path.name[0] != ".")
    newest = sorted(here, key=lambda release: ended.get(release, ""), reverse=True)
    in_service = [release for release in newest if release in known and release not in ended]
    recent = [*in_service, *(release for release in newest if release in ended)][:keep]
    fates = []
    for release in here:
        if release in reasons:
            fates.append(Fate(release, removed=False, why=reasons[release]))
        elif release not in ended:
            fates.append(Fate(release, removed=False, why="the log of promotions does not name it"))
        else:
            age = (now - dt.datetime.fromisoformat(ended[release])).days
            removed = age >= older_than and release not in recent
            why = f"in service until {ended[release][:10]}, {age} days ago"
            if not removed:
                why += f", among the {keep} last" if release in recent else f", less than {older_than}"
            fates.append(Fate(release, removed, why))
    return fates


def _untouchable(store: Store, log: list[Entry]) -> dict[str, str]:
    """Return why a release must stay, the strongest reason last."""
    reasons = {str(entry["release"]): "a rollback returns to it" for entry in standing(log)[-2:]}
    granted: dict[str, list[tuple[int, Entry]]] = {}
    for line, entry in enumerate(read_chain(store.allocations), start=1):
        granted.setdefault(str(entry["release"]), []).append((line, entry))
    for release, lines in granted.items():
        number, first = lines[0]
        euros = sum(int(entry["allocated_cents"]) for _, entry in lines) / 100
        reasons[release] = (
            f"money was granted on it: {euros:,.2f} EUR in {len(lines)} allocation(s), the first on "
            f"{first['allocated_at'][:10]} by {first['allocated_by']} "
            f"({store.allocations.name}, line {number})"
        )
    if store.champion.is_file():
        reasons[champion_release(store)] = "in service"
    return reasons


def _remove(store: Store, release: str, log: list[Entry]) -> None:
    """Remove a release folder, on the record before it is gone."""
    last = next(entry for entry in reversed(log) if entry["release"] == release)
    _note(store, "pruned", release, str(last["version"]))
    aside = store.releases / f".pruned-{release}"
    (store.releases / release).rename(aside)
    shutil.rmtree(aside)


def _note(store: Store, act: str, release: str, version: str) -> None:
    now = dt.datetime.now(dt.UTC).strftime(_MOMENT)
    entry = {"act": act, "release": release, "version": version, "at": now, "by": getpass.getuser()}
    append(store.retention, entry)


def pruned(store: Store) -> dict[str, Entry]:
    """Return the record of every release that was pruned and is not back."""
    last = {str(entry["release"]): entry for entry in read_chain(store.retention)}
    return {
        release: entry
        for release, entry in last.items()
        if entry["act"] == "pruned" and not (store.releases / release).is_dir()
    }


def release_folder(store: Store, release: str) -> Path:
    """Return the folder of a release.

    Raises
    ------
    ForecastingError
        If there is none: told is whether it was pruned and, if the registry holds it, the way back.
    """
    folder = store.releases / release
    if release in {path.name for path in store.releases.glob("*")}:
        return folder
    served = [entry for entry in read_log(store.promotions) if entry["release"] == release]
    if not served:
        raise ForecastingError(
            f"release {release}: not among {store.releases}. Do: promote it, or correct the id."
        )
    gone, until = pruned(store).get(release), served_until(read_log(store.promotions)).get(release, "now")
    lost = f"pruned on {gone['at'][:10]} by {gone['by']}" if gone else f"missing from {store.releases}"
    raise ForecastingError(
        f"release {release}: {lost}; it was in service until {until[:10]}. Do: {_way_back(store, release)}."
    )


def _way_back(store: Store, release: str) -> str:
    """Return how to restore a release, after trying it."""
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        try:
            version, _ = _fetch(store, release, Path(folder))
        except Exception:  # whatever is wrong with the registry, the release is not to be had from it
            return f"put the folder back from a backup; the registry at {store.tracking_uri} does not give it"
    return f"python -m training restore {release} (the registry holds it as version {version})"


def restore(store: Store, release: str) -> str:
    """Bring the folder of a release back from the registry, without putting it in service.

    Returns
    -------
    str
        The version that it came from.

    Raises
    ------
    ForecastingError
        If it is there already, or no version in the registry has its bytes.
    """
    with alone(store, "restoring"):
        if (store.releases / release).exists():
            raise ForecastingError(f"release {release}: in {store.releases} already. Do: use it.")
        with tempfile.TemporaryDirectory(dir=store.folder, prefix=".promote-") as folder:
            version, path = _fetch(store, release, Path(folder))
            place(path, store.releases / release)
        _note(store, "restored", release, version)
    return version


def _fetch(store: Store, release: str, folder: Path) -> tuple[str, Path]:
    """Bring the snapshot of a release from the newest version that still has its bytes."""
    import mlflow

    found = connect(store).search_model_versions(f"name = '{MODEL}'")
    same = [int(version.version) for version in found if version.tags.get("release") == release]
    for version in map(str, sorted(same, reverse=True)):
        try:
            path, digest = fetch_snapshot(store, version, folder / version)
        except (ForecastingError, mlflow.MlflowException):
            continue
        if digest[:ID_LENGTH] == release:
            return version, path
    raise ForecastingError(
        f"release {release}: no version in the registry of {store.tracking_uri} has its bytes. "
        "Do: put the folder back from a backup."
    )
