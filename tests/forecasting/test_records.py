"""Chained and replaced files: a changed past is seen, a full disk leaves the old file, one at a time."""

import json
import multiprocessing
from pathlib import Path

import pytest

from forecasting.errors import ForecastingError
from forecasting.records import append, held, read_chain, replace_file, replacing


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "chain.jsonl"
    for name in "abc":
        append(path, {"name": name})
    return path


@pytest.mark.parametrize("damage", ["changed", "removed", "reordered", "garbage"])
def test_a_changed_past_is_seen(chain: Path, damage: str) -> None:
    lines = chain.read_bytes().splitlines(keepends=True)
    if damage == "changed":
        lines[0] = lines[0].replace(b'"a"', b'"z"')
    elif damage == "removed":
        del lines[1]
    elif damage == "reordered":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines[2] = b"not json\n"
    chain.write_bytes(b"".join(lines))
    with pytest.raises(ForecastingError, match=r"line \d: found a broken chain"):
        read_chain(chain)
    before = chain.read_bytes()
    with pytest.raises(ForecastingError, match="broken chain"):
        append(chain, {"name": "d"})
    assert chain.read_bytes() == before


def test_every_line_is_plain_json(chain: Path) -> None:
    assert [json.loads(line)["name"] for line in chain.read_text().splitlines()] == ["a", "b", "c"]


def test_a_failed_write_leaves_the_old_file_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "champion.json"
    replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as told:
        replace_file(path, b"new")
    assert told.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["champion.json"]


def test_a_file_made_ready_counts_only_if_the_rest_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "champion.json"
    replace_file(path, b"old")
    with pytest.raises(RuntimeError, match="the rest"), replacing(path, b"new"):
        raise RuntimeError("the rest")
    assert path.read_bytes() == b"old"
    with replacing(path, b"new"):
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["champion.json"]


def _add(path: Path, names: str) -> None:
    for name in names:
        with held(path.with_name(".lock"), "adding", patience=30):
            append(path, {"name": name})


def test_two_processes_add_to_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "chain.jsonl"
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_add, args=(path, names)) for names in ("abcde", "ABCDE")]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert sorted(entry["name"] for entry in read_chain(path)) == sorted("abcdeABCDE")


def test_the_second_is_told_who_is_at_work(tmp_path: Path) -> None:
    told = r"another pruning by .+, process \d+, is under way\. Do: wait"
    with (
        held(tmp_path / ".lock", "pruning"),
        pytest.raises(ForecastingError, match=told),
        held(tmp_path / ".lock", "promotion", patience=0.2),
    ):
        pass
    with held(tmp_path / ".lock", "promotion"):
        pass
