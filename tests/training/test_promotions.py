"""The log of promotions: chained, dated, and what it says was served on a day."""

import datetime as dt
import json
from pathlib import Path

import pytest

from forecasting.errors import ForecastingError
from training.promotions import append, read_log, replace_file, served_on, standing


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


@pytest.mark.parametrize("damage", ["changed", "removed", "reordered", "garbage"])
def test_a_changed_past_is_seen(log: Path, damage: str) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    if damage == "changed":
        lines[0] = lines[0].replace(b'"a"', b'"z"')
    elif damage == "removed":
        del lines[1]
    elif damage == "reordered":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines[2] = b"not json\n"
    log.write_bytes(b"".join(lines))
    with pytest.raises(ForecastingError, match=r"line \d: found a broken chain"):
        read_log(log)
    before = log.read_bytes()
    with pytest.raises(ForecastingError, match="broken chain"):
        append(log, entry("2026-07-01", "c"))
    assert log.read_bytes() == before


def test_a_rollback_takes_back_for_good(log: Path) -> None:
    append(log, entry("2026-07-01", "c"))
    append(log, entry("2026-08-01", "d"))
    assert [each["release"] for each in standing(read_log(log))] == ["a", "c", "d"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "champion.json"
    replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["champion.json"]


def test_every_line_is_plain_json(log: Path) -> None:
    assert all(isinstance(json.loads(line), dict) for line in log.read_text().splitlines())
