"""Make the files of an allocation from its inputs, and make them again: a replay gives the same bytes."""

import hashlib
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.programme import Decision, decide
from forecasting.funding.programme_tables import result_table, summary
from forecasting.funding.statements import LANGUAGES, statement_parts
from training.allocation_inputs import INPUTS, hashes, load, read_terms
from training.allocation_picture import PICTURE, picture
from training.allocation_report import corrections, report
from training.allocation_trace import SCHEMA, document, trace
from training.provenance import method_hash
from training.rule_approval import LEDGER as RULES
from training.rule_approval import approval, rules_hash, rules_of

TRACE: Final = "trace.json"
TABLE: Final = "allocation.csv"
_CORRECTED: Final = "corrected.parquet"


def made(inputs: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files of a result by name, and its totals.

    Parameters
    ----------
    inputs : Path
        Folder that holds what `training.allocation_inputs.gathered` returned.

    Raises
    ------
    InputError
        With every problem of what was given.
    """
    terms = read_terms(inputs)
    call, basis, manifest = load(inputs)
    decision = decide(call, basis)
    table, changed = result_table(decision), _changed(decision, inputs)
    files = {
        TABLE: table.to_csv(index=False, lineterminator="\n").encode(),
        "allocation.parquet": _parquet(table),
    }
    files |= {f"{name}.parquet": _parquet(rows) for name, rows in decision.in_force.items()}
    if changed is not None:
        files["corrections.csv"] = changed.to_csv(index=False, lineterminator="\n").encode()
    about = {
        name: basis.dividing[name]
        for name in ("allocation_change_limit", "allocation_interval", "allocation_top_share")
    }
    for language in LANGUAGES:
        files[f"statements.{language}.md"] = _written(
            part.encode()
            for part in statement_parts(call, decision, terms.release, basis.rule.quantile, about, language)
        )
    files["report.md"] = report(call, basis, decision, manifest, changed).encode()
    low, high = about["allocation_interval"]
    files[PICTURE] = picture(decision.table, (low, high), call.day).encode()
    approved = approval(inputs / RULES, rules_hash(rules_of(inputs)))
    told = trace(terms, call, basis, decision, manifest, approved, hashed(inputs), hashes(files))
    files[TRACE] = _written(document(told, decision))
    return files, summary(call, decision)


def _changed(decision: Decision, inputs: Path) -> pd.DataFrame | None:
    path = inputs / _CORRECTED
    return corrections(decision, pq.read_table(path).to_pandas()) if path.is_file() else None


def _written(parts: Iterable[bytes]) -> bytes:
    """Return parts as one, without holding them twice."""
    buffer = io.BytesIO()
    buffer.writelines(parts)
    return buffer.getvalue()


def _parquet(table: pd.DataFrame) -> bytes:
    """Return Parquet without pandas' own metadata, which names library versions."""
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer, compression="zstd")
    return buffer.getvalue()


def hashed(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read_trace(path: Path) -> dict[str, Any]:
    """Return a trace from its file, or from the folder of an allocation.

    Raises
    ------
    InputError
        If it is no trace of an allocation.
    """
    path = path / TRACE if path.is_dir() else path
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["schema"] == SCHEMA:
            return dict(told)
        given = f"schema {told['schema']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        given = " ".join(str(error).split())[:200] or type(error).__name__
    expected, remedy = f"the {TRACE} of an allocation, schema {SCHEMA}", "give the folder of an allocation"
    raise InputError([Problem(str(path), given, expected, remedy)])


def replay(path: Path) -> tuple[dict[str, bytes], list[str], str]:
    """Make an allocation again from its trace and its copied inputs.

    Returns
    -------
    files : dict of str to bytes
    different : list of str
        Files whose bytes are not those in the folder; none if it is reproduced.
    note : str
        Where the code is not that of the first run; else empty.

    Raises
    ------
    ForecastingError
        If an input is missing or changed: nothing is made of it.
    """
    told = read_trace(path)
    folder = path if path.is_dir() else path.parent
    found = hashed(folder / INPUTS)
    wrong = sorted(n for n in found.keys() | told["inputs"].keys() if found.get(n) != told["inputs"].get(n))
    if wrong:
        raise ForecastingError(
            f"{folder / INPUTS}: missing, foreign or changed: {', '.join(wrong)}; expected the bytes "
            f"named in {TRACE}. Do: restore them from a backup."
        )
    files, _ = made(folder / INPUTS)
    different = sorted(
        name for name, content in files.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != content
    )  # fmt: skip
    first, now = str(told["terms"]["code"]), method_hash()
    note = f"made by code {first[:12]}, replayed by {now[:12]}" if first != now else ""
    return files, different, note
