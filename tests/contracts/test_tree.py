"""The promise of the tree: who imports whom, how large things are, what is documented and sourced."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from forecasting.parameters import FOLDER, STATUSES
from forecasting.sources.cards import cards
from forecasting.tables import TABLES
from tests.conftest import ROOT

PACKAGES = ("forecasting", "training", "serve")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 350, 60

FORBIDDEN = {
    "forecasting": {
        "training",
        "serve",
        "mlflow",
        "fastapi",
        "starlette",
        "typer",
        "rich",
        "requests",
        "httpx",
    },
    "training": {"serve"},
    "serve": {"training", "mlflow", "lightgbm", "sklearn", "scipy"},
}
ALLOWED = {"serve/follow.py": {"mlflow"}}
"""A process of its own that mirrors a remote registry."""


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).split(".")[0])
    return found


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_imports_point_one_way(path: Path) -> None:
    package = named(path).split("/")[0]
    assert not imports(path) & FORBIDDEN[package] - ALLOWED.get(named(path), set())


def test_only_what_is_allowed_apart_uses_it() -> None:
    for name, packages in ALLOWED.items():
        assert packages <= imports(ROOT / name), "an exception that nothing needs"


def test_importing_the_service_is_light() -> None:
    heavy = "{'mlflow', 'lightgbm', 'sklearn', 'scipy', 'matplotlib'}"
    code = f"import sys, serve.app; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=named)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) else None
            inside = 0 if docstring is None else docstring.end_lineno - docstring.lineno + 1
            assert node.end_lineno - node.lineno + 1 - inside <= LONGEST_FUNCTION, node.name


def reachable(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Return the public functions, classes and methods of a module, but not functions inside functions."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    top = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    classes = [node for node in top if isinstance(node, ast.ClassDef)]
    methods = [
        m for each in classes for m in each.body if isinstance(m, kinds) and not m.name.startswith("_")
    ]
    return [*top, *methods]


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_everything_public_is_documented_and_typed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "module docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [a for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in {"self", "cls"}]
            assert node.returns is not None, node.name
            assert all(argument.annotation for argument in arguments), node.name
    for node in reachable(tree):
        assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_names_say_something(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "misc", "core", "base"}


@pytest.mark.parametrize("name", sorted(cards()))
def test_every_source_has_a_complete_card(name: str) -> None:
    card = cards()[name]
    for key in ("id", "title", "publisher", "licence", "vintage", "definition"):
        assert str(card[key]).strip(), key
    assert isinstance(card["redistribute"], bool)
    assert (ROOT / "forecasting" / "sources" / f"{name}.py").is_file(), "one module and one card a source"
    assert set(card["tables"]) <= set(TABLES)


def test_every_reader_of_raw_files_has_a_card() -> None:
    readers = {
        path.stem
        for path in (ROOT / "forecasting" / "sources").glob("*.py")
        if re.search(r"^def read\(", path.read_text(encoding="utf-8"), re.M)
    }
    assert readers <= set(cards())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_parameter_is_dated_and_sourced(path: Path) -> None:
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        assert entry["description"], name
        assert entry["unit"], name
        assert entry["status"] in STATUSES, name
        for value in entry["values"]:
            assert value["from"].isoformat(), name
            assert value["reference"], name


def test_the_lock_names_no_host_and_pins_every_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"--(extra-)?index-url|--find-links|://|file:", text)
    pins = re.findall(r"^[a-z0-9][^\s=]*==", text, re.M)
    assert len(pins) > 50
    assert len(re.findall(r"==.*\\\n\s+--hash=sha256:", text)) == len(pins)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9-]+", requirement).group().lower()
        assert re.search(rf"^{name}(\[.*\])?==", text, re.M), f"{name} is not in the lock: make lock"


def test_nothing_real_is_in_the_project() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    big = [name.decode() for name in tracked if name and (ROOT / name.decode()).stat().st_size > 1_000_000]
    assert big == []
    assert [name for name in tracked if name.endswith((b".db", b".parquet", b".xls", b".zip"))] == []


def test_a_connection_off_the_machine_fails() -> None:
    import socket

    with pytest.raises(pytest.fail.Exception, match="a test tried to reach"), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))
