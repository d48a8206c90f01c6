"""What the service says of itself, tried by schemathesis: made-up calls, counted, and what they found."""

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field, replace

import pandas as pd
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import (
    NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES,
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES,
)
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi import checks

from forecasting.records import chained
from forecasting.snapshot import write_snapshot
from serve.app import create_app
from serve.keys import create_key
from serve.settings import Settings
from tests.serve.rich import row

PRUNED = "0" * 12
CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.positive_data_acceptance,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.use_after_free,
    checks.ensure_resource_availability,
    checks.ignored_auth,
    checks.object_level_authorization,
)
DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")
PROBABILITY = 0.7
"""Of a value that the release knows, where a made-up one would do; else nearly all is 404."""

FEWEST_SCENARIOS = 8

KNOWN = {
    "occupation": ("path.code", "query.occupation", "body.occupation", "body.courses[*].occupations[*]"),
    "skill": ("query.skill", "body.skills[*]", "body.courses[*].skills[*]"),
    "release": ("query.release", "path.release", "query.from"),
    "region": ("query.region", "body.region", "body.applications[*].region"),
    "horizon": ("query.horizon", "body.horizon"),
    "scenario": ("query.scenario",),
    "file": ("path.file",),
    "course": ("body.applications[*].course",),
}
"""Where values of each kind belong."""

REFUSED = ("410", "413", "414", "431")
"""Refusals of wrong data that schemathesis does not expect: gone, or too long, before it is looked at."""

FOR_A_FIELD = ("not_acceptable", "unsupported_media_type")
"""Refusals that a hostile header field calls for; without one, no call here has such a field."""

DECIDED_ELSEWHERE = {
    "horizon": "each release has horizons of its own: see /v1/meta",
    "as_of": "a day to come, or a release beside it: neither is in JSON Schema",
    "courses[].id": "each once: JSON Schema has no uniqueness by one property",
    "rule.": "floor, neutral and cap, edges and weights go together",
    "day": "the law and the parameters of a day decide whether money can be divided on it",
    "applications[]": "the law's columns, and the courses of the release",
    "grants[]": "the law's columns",
    "release": "an old release has no draws, or is a historical demonstration on that day",
    "occupation": "only an occupation with a profile of skills has transitions",
    "region": "a region without weights",
}
"""Parameters whose values a schema allows and the service may refuse (422), each with why."""


def store_of_three(snapshot, folder):
    """Write two releases and the trace of a third that was removed; return the ids, the newest last."""
    frames = dict(snapshot.tables)
    retired = {"classification": "occupations", "old_code": "OLD", "weight": 0.5, "valid_from": "2020-01-01"}
    successors = list(frames["occupations"]["code"])[-2:]
    frames["concordance"] = pd.DataFrame(
        [row("concordance", new_code=code, **retired) for code in successors]
    )
    ids, made = [PRUNED], folder / "releases" / "made"
    for seed in (1, 2):
        kept = replace(snapshot, tables=frames, manifest={**snapshot.manifest, "seed": seed})
        ids.append(write_snapshot(kept, made)[:12])
        made.rename(made.with_name(ids[-1]))
    log = folder / "promotions.jsonl"
    for number, (release, day) in enumerate(zip(ids, DAYS, strict=True), 1):
        entry = {"release": release, "version": str(number), "promoted_at": f"{day}T10:00:00Z"}
        log.write_bytes(chained(log, entry | {"why": "because"}))
    (folder / "champion.json").write_text(json.dumps(entry))
    return ids


@dataclass
class Walk:
    """What a run of schemathesis asked and found."""

    calls: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    operations: set = field(default_factory=set)
    failures: list = field(default_factory=list)

    def take(self, event):
        """Count one scenario and note what failed in it."""
        recorded = event.recorder
        self.calls[event.phase.value] += len(recorded.interactions)
        self.statuses.update(each.response.status_code for each in recorded.interactions.values())
        self.operations |= {recorded.cases[key].value.operation.label for key in recorded.interactions}
        for results in recorded.checks.values():
            for check in (check for check in results if check.failure_info is not None):
                found = check.failure_info
                self.failures.append(f"{check.name}: {found.failure.message}\n{found.code_sample}")


def configuration(snapshot, ids, examples, phases, headers):
    """Return how schemathesis runs: the same calls each time, every check, values that the release knows."""
    tables = snapshot.tables
    values = {
        "occupation": [*tables["occupations"]["code"], "OLD"],
        "skill": list(tables["skills"]["code"]),
        "release": [*ids[1:], "latest"],
        "region": [*tables["regions"]["code"], *tables["regions"]["label_en"]],
        "horizon": sorted({int(years) for years in tables["gaps"]["horizon"]}),
        "scenario": sorted(set(tables["gaps"]["scenario"])),
        "file": ["gaps.csv", "gaps.json", "gaps.jsonstat", "gaps.parquet", "courses.csv"],
        "course": list(tables["courses"]["course"]),
    }
    bound = {
        where: {"dictionary": name, "probability": PROBABILITY}
        for name, all_ in KNOWN.items()
        for where in all_
    }
    told = {
        "seed": 1,
        "continue-on-failure": True,
        "headers": headers,
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": [*POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES, "410"]
            },
            "negative_data_rejection": {
                "expected-statuses": [*NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES, *REFUSED]
            },
        },
        "dictionaries": {name: {"values": listed} for name, listed in values.items()},
        "parameters": bound,
        "generation": {
            "max-examples": examples,
            "deterministic": True,
            "database": "none",
            "with-security-parameters": False,  # the key is in every call: a second one would be refused
        },
        "phases": {
            **{name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing")},
            "stateful": {
                "enabled": "stateful" in phases,
                "generation": {"max-examples": max(examples, FEWEST_SCENARIOS)},
            },
        },
    }
    return SchemathesisConfig.from_dict(told)


class Disturbed:
    """An ASGI application whose every request has one more header field, a hostile one, each in its turn."""

    def __init__(self, app, fields):
        self.app, self.fields = app, itertools.cycle(fields)

    async def __call__(self, scope, receive, send):
        """Answer one request."""
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], next(self.fields)]}
        await self.app(scope, receive, send)


def walk(folder, snapshot, ids, examples, phases, only=None, fields=None):
    """Call the service as its description says, in process, with a key that it needs; every check is on."""
    app = create_app(folder, Settings(rate=0, rate_open=0, log=False))
    secret, _ = create_key(folder, "walker", ["scores", "weights"], 30)
    config = configuration(snapshot, ids, examples, phases, {"Authorization": f"Bearer {secret}"})
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    schema.app = Disturbed(app, fields) if fields else app
    schema.hook(filter_failure)
    schema.hook(map_query)
    for check in CHECKS:
        assert getattr(schema.config.checks, check.__name__).enabled, check
    found = Walk()
    for event in from_schema(schema.include(path_regex=only) if only else schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found.take(event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.failures.append(str(getattr(event, "info", event)))
    return found


def map_query(_context, query):
    """Leave out one of two that exclude each other, lest most calls go to that one refusal."""
    if not query or "release" not in query:
        return query
    return {name: value for name, value in query.items() if name != "as_of"}


def filter_failure(_context, failure, _case, response):
    """Keep a failure, but for a refusal of what no schema can say, or for a hostile header field."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = json.loads(response.content)
    if problem["code"] in FOR_A_FIELD:
        return False
    faults = problem.get("errors") or [{"parameter": ""}]
    return not (
        problem["code"] == "bad_parameter"
        and all(fault["parameter"].startswith(tuple(DECIDED_ELSEWHERE)) for fault in faults)
    )
