"""Put a version in service, and take it back: a crash at any moment leaves the old release serving.

Order of a promotion: the release folder; the log and the file the service reads, made ready aside; the
registry's alias (the authority); then both are renamed. A full disk so stops it before the alias moves.
Whatever a crash left undone, the next promotion, rollback or pruning completes from the alias.
"""

import datetime as dt
import getpass
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from forecasting.errors import ForecastingError
from forecasting.records import BUSY, Entry, append, chained, held, naming, replace_file, replacing, settle
from forecasting.snapshot import ID_LENGTH, Snapshot, read_snapshot
from training.gates import FOLDER, Verdict, judge
from training.promotions import read_log, standing
from training.store import ALIAS, MODEL, Store
from training.tracking import connect, fetch_snapshot, resolve_version, set_champion

TAG: Final = "promotion"
_ASIDE: Final = (".promote-*", ".champion.json-*", ".*.jsonl-*", "releases/.release-*", "releases/.pruned-*")
_UNSHOWN: Final = {"gates", "previous"}


def promote(
    store: Store, version: str, why: str, *, force: str | None = None, approved_by: str | None = None
) -> tuple[Entry, list[Verdict]]:
    """Judge a registered version and put it in service.

    Parameters
    ----------
    why : str
        Kept in the log beside who and when.
    force : str, optional
        Reason to release against the gates; kept in the log with what they said.
    approved_by : str, optional
        Second person, where the setting ``second_person`` asks for one.

    Returns
    -------
    entry : dict
        What the log keeps.
    verdicts : list of Verdict

    Raises
    ------
    ForecastingError
        If the version is unknown, its bytes are not those registered, a gate refuses it, or another
        promotion is under way.
    """
    with alone(store):
        repair(store)
        version = resolve_version(store, version)
        with tempfile.TemporaryDirectory(dir=store.folder, prefix=".promote-") as folder:
            path, digest = fetch_snapshot(store, version, Path(folder))
            candidate = read_snapshot(path)
            verdicts = judge(candidate, _in_service(store), _today())
            _refuse(version, verdicts, force)
            place(path, store.releases / digest[:ID_LENGTH])
        entry = _entry(version, digest, why, approved_by) | {
            **_about(candidate),
            "gates": [asdict(verdict) for verdict in verdicts],
            "forced": force or "",
        }
        _put_in_service(store, entry)
    return entry, verdicts


def rollback(store: Store, why: str) -> Entry:
    """Put the release that the present one replaced back in service and return what the log keeps.

    Rolling back twice goes back two releases, never forward to one that was taken back. A release that was
    pruned is brought back from the registry.

    Raises
    ------
    ForecastingError
        If there is no earlier release, its bytes are damaged, or it was pruned and the registry lost it.
    """
    with alone(store):
        repair(store)
        stack = standing(read_log(store.promotions))
        if len(stack) < 2:
            raise ForecastingError("no earlier release to return to. Do: promote another version.")
        current, target = stack[-1]["release"], stack[-2]
        release = store.releases / str(target["release"])
        if not release.is_dir():
            with tempfile.TemporaryDirectory(dir=store.folder, prefix=".promote-") as folder:
                place(fetch_snapshot(store, str(target["version"]), Path(folder))[0], release)
        returned = read_snapshot(release)
        entry = _entry(str(target["version"]), str(target["snapshot"]), why, None) | _about(returned)
        entry |= {"gates": [], "forced": "", "rollback_from": current}
        _put_in_service(store, entry)
    return entry


def _about(snapshot: Snapshot) -> Entry:
    """Say what is promoted, so that a line of the log reads without its release."""
    manifest = snapshot.manifest
    return {"region": str(manifest["region"]["name"]), "status": str(manifest["status"]["label"])}


@contextmanager
def alone(store: Store, act: str = "promotion", patience: float = 0) -> Iterator[None]:
    """Let one process at a time change what is in service, kept or paid on; told is who does.

    Raises
    ------
    ForecastingError
        If another holds the store for longer than `patience` seconds.
    """
    with held(store.folder / BUSY, act, patience), naming(store.folder):
        yield


def repair(store: Store) -> None:
    """Complete what a crash left half-done, and remove what it left aside; the caller is alone."""
    for pattern in _ASIDE:
        for left in store.folder.glob(pattern):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    entry = _registered(store)
    if entry is None or not (store.releases / str(entry["release"])).is_dir():
        return
    entries = read_log(store.promotions)
    if not entries or entries[-1]["promoted_at"] != entry["promoted_at"]:
        append(store.promotions, entry)
    if not store.champion.is_file() or store.champion.read_bytes() != _pointer(entry):
        replace_file(store.champion, _pointer(entry))


def _registered(store: Store) -> Entry | None:
    """Return the promotion of the version that the registry calls champion."""
    import mlflow

    client = connect(store)
    try:
        version = client.get_model_version_by_alias(MODEL, ALIAS)
    except mlflow.MlflowException:
        return None
    told = version.tags.get(TAG)
    return dict(json.loads(told)) if told else None


def _put_in_service(store: Store, entry: Entry) -> None:
    client, version = connect(store), str(entry["version"])
    told = json.dumps(entry, sort_keys=True, ensure_ascii=False)
    log = replacing(store.promotions, chained(store.promotions, entry))
    with replacing(store.champion, _pointer(entry)), log:  # the log is renamed first
        client.set_model_version_tag(MODEL, version, TAG, told)
        set_champion(store, version)


def _pointer(entry: Entry) -> bytes:
    """Return what the file says that the service reads."""
    shown = {name: value for name, value in entry.items() if name not in _UNSHOWN}
    return (json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _entry(version: str, digest: str, why: str, approved_by: str | None) -> Entry:
    who = getpass.getuser()
    _refuse_unapproved(who, approved_by)
    return {
        "release": digest[:ID_LENGTH],
        "snapshot": digest,
        "version": version,
        "promoted_at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "promoted_by": who,
        "approved_by": approved_by or "",
        "why": why,
    }


def _refuse_unapproved(who: str, approved_by: str | None) -> None:
    from forecasting.parameters import load_parameters

    needed = load_parameters(_today(), FOLDER)["second_person"]
    if needed and approved_by in (None, "", who):
        raise ForecastingError(
            f"approval by {approved_by or 'nobody'}; expected somebody other than {who}, who promotes. "
            "Do: give --approved-by NAME."
        )


def _refuse(version: str, verdicts: Sequence[Verdict], force: str | None) -> None:
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if failed and not force:
        said = "\n".join(f"  {verdict.gate}: {verdict.sentence}" for verdict in failed)
        raise ForecastingError(
            f"version {version} is refused by {len(failed)} of {len(verdicts)} gates:\n{said}\n"
            'Do: mend the model or the data; or release it all the same, on the record: --force "the reason".'
        )


def place(snapshot: Path, release: Path) -> None:
    """Let a fetched snapshot become the release; it is on the same disk, so that no second copy is needed."""
    if release.exists():
        read_snapshot(release)
        return
    release.parent.mkdir(parents=True, exist_ok=True)
    snapshot.chmod(0o755)
    settle(snapshot)
    snapshot.rename(release)


def _in_service(store: Store) -> Snapshot | None:
    if not store.champion.is_file():
        return None
    return read_snapshot(store.releases / champion_release(store))


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


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
    champion: dict[str, Any] = json.loads(store.champion.read_text(encoding="utf-8"))
    return str(champion["release"])
