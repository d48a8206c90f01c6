"""The log of promotions: chained, dated, and what it says was served on a day."""

import datetime as dt
from pathlib import Path

import pytest

from forecasting.errors import ForecastingError
from forecasting.records import append
from training.promotions import read_log, served_on, served_until, standing


def entry(day: str, release: str, **more: str) -> dict[str, str]:
    return {"promoted_at": f"{day}T12:00:00Z", "release": release, **more}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "promotions.jsonl"
    for each in (
        entry("2026-01-10", "a"),
        entry("2026-03-14", "b"),
        entry("2026-06-01", "a", rollback_from="b"),
    ):
        append(path, each)
    return path


@pytest.mark.parametrize(
    ("day", "release"),
    [
        ("2026-01-09", None),
        ("2026-01-10", "a"),
        ("2026-03-13", "a"),
        ("2026-03-14", "b"),
        ("2026-12-31", "a"),
    ],
)
def test_what_was_served_on_a_day(log: Path, day: str, release: str | None) -> None:
    found = served_on(read_log(log), dt.date.fromisoformat(day))
    assert (found and found["release"]) == release


def test_a_rollback_takes_back_for_good(log: Path) -> None:
    append(log, entry("2026-07-01", "c"))
    append(log, entry("2026-08-01", "d"))
    assert [each["release"] for each in standing(read_log(log))] == ["a", "c", "d"]


def test_a_rollback_to_what_a_mirror_never_saw(tmp_path: Path) -> None:
    path = tmp_path / "mirrored.jsonl"
    for each in (
        entry("2026-01-10", "a"),
        entry("2026-06-01", "c"),
        entry("2026-07-01", "b", rollback_from="c"),
    ):
        append(path, each)
    assert [each["release"] for each in standing(read_log(path))] == ["a", "b"]


def test_a_mirror_served_since_it_mirrored(tmp_path: Path) -> None:
    path = tmp_path / "mirrored.jsonl"
    append(path, entry("2026-01-10", "a", mirrored_at="2026-01-11T00:00:00Z"))
    append(path, entry("2026-02-10", "b", mirrored_at="2026-02-20T00:00:00Z"))
    entries = read_log(path)
    assert served_on(entries, dt.date(2026, 1, 10)) is None
    assert served_on(entries, dt.date(2026, 2, 15))["release"] == "a"
    assert served_until(entries) == {"a": "2026-02-20T00:00:00Z"}


def test_a_changed_past_is_seen(log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"b"', b'"z"'))
    with pytest.raises(ForecastingError, match="line 3: found a broken chain"):
        read_log(log)
