"""One true call of every operation of the API, for its documentation.

``python -m tests.serve.examples`` writes ``serve/pages/examples.json`` anew from the made-up region.
"""

import json
import tempfile
from pathlib import Path

from fastapi.testclient import TestClient

from forecasting.parameters import load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import read_region
from serve.app import create_app
from serve.settings import READS, Settings
from tests.serve.described import store_of_three
from tests.serve.funding_service import CALL, COURSE

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "serve" / "pages" / "examples.json"
MAPS = frozenset(
    {"parameters", "fingerprints", "law", "residuals", "group_levels", "of_the_day", "of_the_release"}
)
"""Objects whose fields are names of things, any number of them."""

PLACES = {"{release}": "latest", "{file}": "weights.csv", "skills/{code}": "skills/care", "{code}": "22"}
BODIES = {
    "find_transitions": {"skills": ["care", "dutch"], "lang": "en"},
    "simulate_weights": {"unit": "occupation", "rule": {"quantile": 0.1}, "lang": "en"},
    "score_courses": {"courses": [COURSE], "lang": "en"},
    "allocate_budget": CALL | {"applications": CALL["applications"][:1], "grants": [], "lang": "en"},
}
TEXT_LONGEST = 600


def calls(description, ids):
    """Yield name, method, address and body of a call of each operation."""
    for path, each in description["paths"].items():
        for method, operation in each.items():
            address = path
            for place, value in PLACES.items():
                address = address.replace(place, value)
            known = {parameter["name"] for parameter in operation.get("parameters", ())}
            query = {"from": ids[1], "horizon": "5", "limit": "1", "lang": "en"}
            said = "&".join(f"{name}={value}" for name, value in query.items() if name in known)
            name = operation["operationId"]
            yield name, method, f"{address}?{said}" if said else address, BODIES.get(name)


def short(content, name=""):
    """Return a body with the first item of each list, the first entry of each map, and no long text."""
    if isinstance(content, dict):
        kept = list(content.items())[:1] if name in MAPS else content.items()
        return {key: short(value, key) for key, value in kept}
    if isinstance(content, list):
        return [short(value) for value in content[:1]]
    return content[:TEXT_LONGEST] if isinstance(content, str) else content


def shape(content, name=""):
    """Return what a body is made of: fields, and the kind of each value."""
    if isinstance(content, dict):
        inner = {key: shape(value, key) for key, value in content.items()}
        return {"*": next(iter(inner.values()), None)} if name in MAPS else inner
    if isinstance(content, list):
        return [shape(value) for value in content[:1]]
    if isinstance(content, bool | None):
        return type(content).__name__
    return "number" if isinstance(content, int | float) else "text"


def same(one, other):
    """Return whether two shapes agree; what is null or empty in one may be anything in the other."""
    if "NoneType" in (one, other) or [] in (one, other):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return same(one[0], other[0])
    return one == other


def answers(snapshot, folder):
    """Return an example of each operation, from a release of the made-up region."""
    ids = store_of_three(snapshot, folder)
    app = create_app(folder, Settings(open=READS, rate=0, rate_open=0, log=False))
    client, found = TestClient(app), {}
    for name, method, address, body in calls(app.openapi(), ids):
        response = client.request(method, address, json=body)
        assert response.status_code == 200, (name, response.text)
        media = response.headers["content-type"]
        lines = response.text.splitlines(keepends=True)[:2]
        content = response.json() if media == "application/json" else "".join(lines)
        asked = f"{method.upper()} {address}"
        found[name] = {"asked": asked, "body": body, "media": media, "answer": short(content)}
    return found


def main():
    """Write the file anew."""
    snapshot = build_snapshot(read_region(ROOT / "tests" / "tiny"), load_parameters(), seed=1, code="example")
    FILE.write_text("{}", encoding="utf-8")  # or the description would hold the former ones
    with tempfile.TemporaryDirectory() as folder:
        told = answers(snapshot, Path(folder))
    FILE.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
