"""Which code made a number: the hash of the method's source, the revision, the lock."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import forecasting

ROOT: Final = Path(__file__).parent.parent
LOCK: Final = ROOT / "requirements.lock"
_SUFFIXES: Final = {".py", ".yaml"}


@dataclass(frozen=True)
class Provenance:
    """The code behind a run.

    Parameters
    ----------
    code : str
        SHA-256 over the files of the method: it enters the snapshot.
    revision : str
        Git commit, ``unknown`` outside a checkout.
    dirty : bool
        Whether the checkout has changes that no commit holds.
    lock : str
        SHA-256 of the locked requirements.
    """

    code: str
    revision: str
    dirty: bool
    lock: str


def provenance() -> Provenance:
    """Return the provenance of the running code."""
    revision = _git("rev-parse", "HEAD") or "unknown"
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.is_file() else "unknown"
    return Provenance(method_hash(), revision, bool(_git("status", "--porcelain")), lock)


def method_hash() -> str:
    """Return one hash of every source and parameter file of the method, independent of where it stands."""
    folder = Path(str(forecasting.__file__)).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.suffix in _SUFFIXES:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
