"""`python -m serve`, and what importing the service loads."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
HEAVY = ("mlflow", "lightgbm", "sklearn", "scipy", "matplotlib", "training")


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_importing_the_service_is_light():
    code = f"import serve.app, serve.__main__, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert python("-c", code).stdout.strip() == "[]"


def test_importing_the_service_touches_no_store(tmp_path):
    code = "import serve.app, os; print(os.listdir(os.environ['COMPETENCE_STORE']))"
    assert python("-c", code, COMPETENCE_STORE=str(tmp_path)).stdout.strip() == "[]"


def test_without_a_champion_it_says_what_to_do(tmp_path):
    told = python("-m", "serve", "--store", str(tmp_path))
    assert told.returncode == 1
    assert "Nothing is promoted" in told.stderr
    assert "python -m training promote VERSION" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_store_can_come_from_the_environment(tmp_path):
    told = python("-m", "serve", COMPETENCE_STORE=str(tmp_path / "elsewhere"))
    assert told.returncode == 1
    assert "elsewhere" in told.stderr


def test_a_pointer_to_nothing_is_told(store):
    store.root.mkdir()
    store.promote("0" * 12)
    told = python("-m", "serve", "--store", str(store.root))
    assert told.returncode == 1
    assert "a folder of that name" in told.stderr


def test_it_serves(served):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "serve", "--port", str(port), "--store", str(served.root)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert answer(f"http://127.0.0.1:{port}/readyz")["ready"] is True
        finally:
            process.terminate()
            process.communicate(timeout=20)


def answer(address):
    """Ask until the server listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(address) as response:  # noqa: S310  our own server
                assert "Server" not in response.headers
                return json.load(response)
        except URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
