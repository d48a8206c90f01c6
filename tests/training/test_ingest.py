"""Ingest as a user runs it: broken raw files are named, and leave nothing half-written."""

import gzip
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.conftest import ROOT
from training.__main__ import app

FLANDERS_FILES = ("eurostat", "jrc", "esco", "bls", "crosswalks")


def ingest(origin: Path, to: Path, *options: str) -> Result:
    """Run the command as it is typed, without a process of its own."""
    return CliRunner().invoke(app, ["ingest", "flanders", "--from", str(origin), "--to", str(to), *options])


def assert_refused(found: Result, message: str, to: Path) -> None:
    """One actionable message, exit status 1, and nothing written where the region would be."""
    assert isinstance(found.exception, SystemExit), found.exception
    assert found.exit_code == 1
    assert message in found.stderr
    assert "Do: " in found.stderr
    assert not to.exists()
    assert [path.name for path in to.parent.iterdir() if path.name.startswith(f".{to.name}")] == []


def test_an_empty_folder_names_every_missing_file(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    found = ingest(tmp_path / "raw", tmp_path / "region")
    assert_refused(found, "lfst_r_lfe2en2.tsv.gz: found nothing", tmp_path / "region")
    assert "14 problem(s)" in found.stderr


def test_an_unknown_source_names_the_known() -> None:
    command = [sys.executable, "-m", "training", "ingest", "france", "--from", ".", "--to", "x"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "expected one of flanders" in found.stderr


def rewritten(old: str, new: str) -> Callable[[Path], None]:
    """Change the text of the employment table."""

    def change(raw: Path) -> None:
        path = raw / "eurostat" / "lfst_r_lfe2en2.tsv.gz"
        text = gzip.decompress(path.read_bytes()).decode()
        assert old in text
        path.unlink()
        path.write_bytes(gzip.compress(text.replace(old, new, 1).encode(), 1))

    return change


def truncated(raw: Path) -> None:
    path = raw / "esco" / "esco_v1.1.1_relations.zip"
    half = path.read_bytes()[:200_000]
    path.unlink()
    path.write_bytes(half)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (truncated, "esco_v1.1.1_relations.zip: found a truncated or damaged file"),
        (
            rewritten("unit,nace_r2,age,geo", "unit,nace_r2,geo"),
            "expected the dimensions unit, nace_r2, age, geo",
        ),
        (
            rewritten("THS,F,Y_GE15,BE2\t200.2", "THS,F,Y_GE15,BE2\t-200.2"),
            "found '-200.2'; expected a count of 0 or more",
        ),
        (rewritten("THS,F,Y_GE15,BE2\t", "THS,K,Y_GE15,BE2\t"), "found THS,K,Y_GE15,BE2 more than once"),
    ],
    ids=["truncated zip", "missing dimension", "negative persons", "duplicate key"],
)
def test_broken_raw_files(
    shared_data: Path, tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    for folder in FLANDERS_FILES:
        (tmp_path / "raw" / folder).mkdir(parents=True)
        for path in (shared_data / folder).iterdir():
            (tmp_path / "raw" / folder / path.name).symlink_to(path)
    change(tmp_path / "raw")
    assert_refused(ingest(tmp_path / "raw", tmp_path / "region"), message, tmp_path / "region")


@pytest.mark.shared
def test_an_unknown_region_names_what_may_be_meant_and_leaves_the_old_one(
    shared_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "tests" / "tiny", tmp_path / "region")
    found = ingest(shared_data, tmp_path / "region", "--geo", "BE9")
    assert found.exit_code == 1
    assert "BE2 (Vlaams Gewest)" in found.stderr
    assert (tmp_path / "region" / "occupations.csv").is_file()
