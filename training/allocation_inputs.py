"""What an allocation is made of, as files: gathered once, kept inside the result, read back years later.

The first run and every replay read the same copied bytes, so that a replay can give the same result without
the store, the release or the files that were given.
"""

import datetime as dt
import hashlib
import io
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from forecasting.columns import Table
from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.conditioned import NEAREST
from forecasting.funding.conditions import CONDITIONS
from forecasting.funding.in_force import KEPT, Carry
from forecasting.funding.law import load_rules
from forecasting.funding.law_columns import GRANTS
from forecasting.funding.periods import Period
from forecasting.funding.programme import Basis, Call
from forecasting.funding.programme_columns import ASKED, REGISTER
from forecasting.funding.programme_limits import MATCHED
from forecasting.parameters import FOLDER, Parameter, Parameters, load_parameters
from forecasting.reading import read_table
from forecasting.snapshot import MANIFEST, conform
from forecasting.tables import TABLES

INPUTS: Final = "inputs"
CALL: Final = "call.json"
LAW: Final = "law.yaml"
POLICY: Final = "parameters"
_DIVIDING: Final = "allocation.yaml"
_TABLES: Final = ("skills", "occupations", "courses", "weights", "skill_weights")
_DRAWS: Final = "draws/lacking_skills.npy"
_GIVEN: Final[dict[str, Table]] = {
    "applications": ASKED,
    "grants": GRANTS,
    "courses": TABLES["courses"],
    "undertakings": REGISTER,
    "conditions": CONDITIONS,
}


@dataclass(frozen=True)
class Terms:
    """What is asked for, beside the tables.

    Parameters
    ----------
    day : str
        Of the decision, 2026-11-22.
    budget_cents : int
    release, snapshot : str
        Id and hash of the release.
    universal : bool
    size : str
        Empty: the parameter ``allocation_size`` in force.
    corrects : str
        Hash of the trace that this allocation corrects; empty for none.
    code : str
        Hash of the method's source that made it first.
    period, announced : str
        First day of the budget period, and the day on which its weights were made known.
    rule : str
        One of `forecasting.funding.conditioned.RULES`.
    """

    day: str
    budget_cents: int
    release: str
    snapshot: str
    universal: bool
    size: str
    corrects: str
    code: str
    period: str = ""
    announced: str = ""
    rule: str = NEAREST


def gathered(
    terms: Terms, release: Path, given: dict[str, Path | None], previous: Path | None, corrects: Path | None
) -> dict[str, bytes]:
    """Return every input by its path inside the result.

    Parameters
    ----------
    release : Path
        Folder of the release.
    given : dict of str to Path or None
        ``applications``, and where given ``grants``, ``courses``, ``undertakings``, ``conditions``.
    previous, corrects : Path or None
        Folders of earlier allocations.

    Raises
    ------
    InputError
        If a file is missing or no table.
    ForecastingError
        If the release was made before weights of skills were.
    """
    files = {CALL: _bytes(asdict(terms))}
    for name, path in given.items():
        if path is not None:
            if path.suffix not in {".csv", ".parquet"} or not path.is_file():
                expected, remedy = "a .csv or .parquet file", "correct the path"
                raise InputError([Problem(str(path), f"no file of {name}", expected, remedy)])
            files[f"{name}{path.suffix}"] = path.read_bytes()
    for name, folder in (("previous", previous), ("corrected", corrects)):
        if folder is not None:
            files[f"{name}.parquet"] = (folder / "allocation.parquet").read_bytes()
    for table in KEPT:
        if previous is not None and (previous / f"{table}.parquet").is_file():  # an older result kept none
            files[f"previous_{table}.parquet"] = (previous / f"{table}.parquet").read_bytes()
    files |= {f"{POLICY}/{_DIVIDING}": (FOLDER / _DIVIDING).read_bytes(), LAW: (FOLDER / LAW).read_bytes()}
    for name in (MANIFEST, *(f"tables/{table}.parquet" for table in _TABLES), _DRAWS):
        if not (release / name).is_file():
            raise ForecastingError(
                f"release {terms.release}: no {name}; expected weights of skills with their draws. "
                "Do: build and promote a release with this version of the method."
            )
        files[f"release/{name}"] = (release / name).read_bytes()
    return files


def _bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def hashes(files: dict[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def read_terms(inputs: Path) -> Terms:
    """Return the terms of an allocation from its folder of inputs."""
    return Terms(**json.loads((inputs / CALL).read_text(encoding="utf-8")))


def load(inputs: Path) -> tuple[Call, Basis, dict[str, Any]]:
    """Return the call, what it is decided on, and the release's manifest, from a folder of inputs.

    Raises
    ------
    InputError
        With every cell that cannot be read, or every rule that cannot be used.
    ForecastingError
        If a parameter has no value on the day.
    """
    terms = read_terms(inputs)
    day = dt.date.fromisoformat(terms.day)
    manifest = json.loads((inputs / "release" / MANIFEST).read_text(encoding="utf-8"))
    dividing = load_parameters(day, inputs / POLICY)
    basis = Basis(
        {name: _published(inputs / "release", name) for name in _TABLES},
        np.load(inputs / "release" / _DRAWS, allow_pickle=False),
        parameters_of(manifest),
        dividing,
        load_rules(day, inputs / LAW),
    )
    tables = _given(inputs)
    courses = tables.get("courses")
    call = Call(
        day,
        terms.budget_cents,
        tables["applications"],
        tables.get("grants", pd.DataFrame({column.name: [] for column in GRANTS.columns})),
        basis.tables["courses"] if courses is None else courses,
        _previous(inputs / "previous.parquet"),
        tables.get("undertakings"),
        terms.universal,
        terms.size or str(dividing["allocation_size"]),
        _carry(inputs, terms, basis.weighing),
        tables.get("conditions"),
        terms.rule,
    )
    return call, basis, manifest


def _carry(inputs: Path, terms: Terms, weighing: Parameters) -> Carry | None:
    """Return the budget period with the former weights; None for a result that was made without any."""
    if not terms.period:
        return None
    former = {
        name: pq.read_table(io.BytesIO((inputs / f"previous_{name}.parquet").read_bytes())).to_pandas()
        for name in KEPT
        if (inputs / f"previous_{name}.parquet").is_file()
    }
    period = Period.of(dt.date.fromisoformat(terms.period), weighing)
    return Carry(period, dt.date.fromisoformat(terms.announced), former)


def _given(inputs: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that were given, typed, or every problem of all of them."""
    found, problems = {}, list[Problem]()
    for name, table in _GIVEN.items():
        for path in sorted(inputs.glob(f"{name}.*")):
            found[name], wrong = read_table(path, table)
            problems += [replace(each, where=each.where.removesuffix(path.suffix)) for each in wrong]
    if problems:
        raise InputError(problems)
    return found


def _published(release: Path, name: str) -> pd.DataFrame:
    return conform(pq.read_table(release / "tables" / f"{name}.parquet").to_pandas(), name)


def _previous(path: Path) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    return pq.read_table(io.BytesIO(path.read_bytes())).to_pandas()[[*MATCHED, "cents"]]


def parameters_of(manifest: dict[str, Any]) -> Parameters:
    """Return the parameters that a release was made with."""
    told = manifest["parameters"]
    return Parameters(str(manifest["as_of"]), {name: Parameter(**entry) for name, entry in told.items()})


def release_problems(inputs: Path, terms: Terms) -> list[str]:
    """Return where the copied release is not, byte by byte, the one that is named."""
    path = inputs / "release" / MANIFEST
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != terms.snapshot:
        return [f"release: the copied manifest is not that of {terms.release}"]
    listed = json.loads(content)["files"]
    names = [*(f"tables/{table}.parquet" for table in _TABLES), _DRAWS]
    return [
        f"release: {name} is not the file that the release's manifest names"
        for name in names
        if hashlib.sha256((path.parent / name).read_bytes()).hexdigest() != listed.get(name)
    ]
