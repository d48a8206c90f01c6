"""What is deployed is what is tested: the same versions, the options that exist, and nothing left out."""

import configparser
import re
import shlex
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest
from typer.testing import CliRunner

from serve import settings
from serve.__main__ import cli
from tests.conftest import ROOT

DEPLOY = ROOT / "serve" / "deploy"


def pinned(path):
    """Return version and hashes of each package of a lock."""
    blocks = re.split(r"^(?=[a-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = (re.match(r"([a-z0-9._-]+)==(\S+)", block) for block in blocks)
    return {m[1]: (m[2], set(re.findall(r"sha256:[0-9a-f]{64}", m.string))) for m in found if m}


def test_the_lock_of_the_service_is_a_part_of_the_projects():
    whole, part = pinned(ROOT / "requirements.lock"), pinned(DEPLOY / "requirements.lock")
    assert {name: whole.get(name) for name in part} == part
    assert all(hashes for _, hashes in part.values())
    assert {"fastapi", "uvicorn", "pyarrow"} <= part.keys()
    assert not {"mlflow", "lightgbm", "scikit-learn", "pytest"} & part.keys()


def test_the_service_loads_nothing_that_its_lock_lacks():
    code = "import serve.app, serve.__main__, sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    held, loaded = pinned(DEPLOY / "requirements.lock").keys(), set(run.stdout.split())
    given = {name: {d.lower().replace("_", "-") for d in by} for name, by in packages_distributions().items()}
    ours = {"competence-forecast", "setuptools"}
    lacking = {name for name in loaded & given.keys() if not given[name] & (held | ours)}
    # What others load where it happens to be installed, and go without elsewhere.
    assert lacking <= {"_distutils_hack", "six", "psutil", "numexpr", "bottleneck", "cloudpickle"}, lacking


@pytest.fixture
def unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(DEPLOY / "competence-forecast.service", encoding="utf-8")
    return parser["Service"]


def test_the_options_that_are_started_with_exist(unit):
    offered = set(re.findall(r"--[a-z]+", CliRunner().invoke(cli, ["--help"], env={"COLUMNS": "300"}).output))
    container = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    given = [*shlex.split(unit["ExecStart"]), *re.findall(r'"(--[a-z]+)"', container)]
    assert {word for word in given if word.startswith("--")} <= offered
    assert "-m serve" in unit["ExecStart"]


def test_it_runs_as_nobody_and_writes_nothing(unit):
    assert unit["User"] not in {"", "root"}
    assert (unit["ProtectSystem"], unit["NoNewPrivileges"]) == ("strict", "yes")
    assert "ReadWritePaths" not in unit
    container = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001", container, re.MULTILINE)
    assert "--require-hashes" in container
    assert "--read-only" in (DEPLOY / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_explained():
    told = (DEPLOY / "README.md").read_text(encoding="utf-8")
    names = {
        value for value in vars(settings).values() if isinstance(value, str) and value.startswith("SERVE_")
    }
    names |= set(re.findall(r"SERVE_[A-Z]+", (ROOT / "serve" / "__main__.py").read_text(encoding="utf-8")))
    for name in names - {settings.SHARED, settings.WORKERS}:  # the command's own, for its workers
        assert f"`{name}`" in told, name
