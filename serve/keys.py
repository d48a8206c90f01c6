"""API keys: random, kept as hashes in one file of the store, with what each may do and until when.

A key is 256 random bits, so a plain SHA-256 is enough: there is no dictionary to try, as there is for a
password. The file is replaced in one step; each worker sees the change at its next request.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.records import held, replace_file
from serve.settings import GRANTS, Grant

logger = logging.getLogger(__name__)

KEYS: Final = "keys.json"
_LOCK: Final = ".keys.lock"
_PATIENCE: Final = 10.0
_SHAPE: Final = re.compile(r"cf_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_NOBODY: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Key:
    """What is kept of a key.

    Parameters
    ----------
    id : str
        Eight hexadecimal digits; not secret: it stands in logs.
    name : str
        Whose it is, as the one who made it wrote.
    digest : str
        SHA-256 of the whole key, hexadecimal.
    scopes : tuple of str
        What it may do.
    created : str
        When it was made, UTC.
    expires, revoked : str or None
        When it stops, or was stopped.
    rate : int or None
        Requests in a minute, where that is not the service's own limit.
    """

    id: str
    name: str
    digest: str
    scopes: tuple[Grant, ...]
    created: str
    expires: str | None = None
    revoked: str | None = None
    rate: int | None = None

    def ended(self, now: datetime) -> str | None:
        """Return why the key no longer holds, or None."""
        if self.revoked is not None:
            return f"was revoked on {self.revoked}"
        if self.expires is not None and now >= datetime.fromisoformat(self.expires):
            return f"expired on {self.expires}"
        return None


def digest_of(secret: str) -> str:
    """Return the hash that is kept of a key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def read_keys(path: Path) -> dict[str, Key]:
    """Return the keys by id; none where there is no file.

    Raises
    ------
    InputError
        If the file cannot be read or is not one of keys.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        keys = [_key(entry) for entry in said["keys"]]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        given, remedy = (
            f"{type(error).__name__} {error}",
            "restore it from a backup, or remove it and make keys anew",
        )
        raise InputError([Problem(str(path), given, "a file of keys", remedy)]) from error
    return {key.id: key for key in keys}


def _key(entry: Mapping[str, Any]) -> Key:
    key = Key(**{**entry, "scopes": tuple(entry["scopes"])})
    if not set(key.scopes) <= set(GRANTS) or not re.fullmatch(r"[0-9a-f]{64}", key.digest):
        raise ValueError(f"key {key.id} has scopes {key.scopes} and a digest of {len(key.digest)} characters")
    if key.expires is not None:
        datetime.fromisoformat(key.expires)
    return key


def create_key(
    store: Path, name: str, scopes: Sequence[str], days: int | None, rate: int | None = None
) -> tuple[str, Key]:
    """Make a key and keep its hash.

    Parameters
    ----------
    days : int or None
        How long it holds; None is for ever.

    Returns
    -------
    secret : str
        The key itself, which nobody can show again.
    key : Key
        What is kept.

    Raises
    ------
    ForecastingError
        If a scope is unknown, or another command works on the keys.
    """
    if not scopes or not set(scopes) <= set(GRANTS):
        raise ForecastingError(f"scopes {', '.join(scopes) or 'none'}: expected some of {', '.join(GRANTS)}.")
    store.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).replace(microsecond=0)
    with _changing(store):
        keys = read_keys(store / KEYS)
        its_id = next(i for i in iter(lambda: secrets.token_hex(4), None) if i not in keys)
        secret = f"cf_{its_id}_{secrets.token_urlsafe(32)}"
        until = (now + timedelta(days=days)).isoformat() if days is not None else None
        granted = tuple(cast(Grant, scope) for scope in dict.fromkeys(scopes))
        key = Key(its_id, name, digest_of(secret), granted, now.isoformat(), until, None, rate)
        _write(store, {**keys, key.id: key})
    return secret, key


def revoke_key(store: Path, its_id: str) -> Key:
    """Stop a key; it stays in the file, so that logs can be read later.

    Raises
    ------
    ForecastingError
        If there is no such key, or another command works on the keys.
    """
    with _changing(store):
        keys = read_keys(store / KEYS)
        if its_id not in keys:
            raise ForecastingError(f"{store / KEYS} has no key {its_id!r}. Do: python -m serve keys list.")
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        key = replace(keys[its_id], revoked=keys[its_id].revoked or now)
        _write(store, {**keys, its_id: key})
    return key


def _changing(store: Path) -> AbstractContextManager[None]:
    return held(store / _LOCK, "change the keys", _PATIENCE)


def _write(store: Path, keys: Mapping[str, Key]) -> None:
    content = json.dumps({"keys": [asdict(key) for key in keys.values()]}, indent=1, ensure_ascii=False)
    replace_file(store / KEYS, content.encode() + b"\n")
    (store / KEYS).chmod(0o640)


class Keyring:
    """The keys of a store, read again when the file changes.

    Parameters
    ----------
    path : Path
        The file of keys; may be absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: object = ()
        self._keys: dict[str, Key] = {}
        self._broken: InputError | None = None

    def find(self, secret: str) -> Key | None:
        """Return the key that was presented, whether it still holds or not; None if it is not one of ours.

        Raises
        ------
        InputError
            If the file of keys cannot be read: then nobody's key is believed.
        """
        keys = self.keys()
        shape = _SHAPE.fullmatch(secret)
        known = keys.get(shape[1]) if shape else None
        # An unknown id costs the same comparison as a known one.
        same = hmac.compare_digest(digest_of(secret), known.digest if known else _NOBODY)
        return known if same else None

    def keys(self) -> dict[str, Key]:
        """Return the keys as the file has them now.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        mark = _mark(self._path)
        if mark != self._mark:
            try:
                self._keys, self._broken = read_keys(self._path), None
            except InputError as error:
                self._keys, self._broken = {}, error
                logger.error("no key is believed: %s", error)
            self._mark = mark
        if self._broken is not None:
            raise self._broken
        return self._keys


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size
