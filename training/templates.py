"""Empty tables to fill in: one CSV per canonical table, a data dictionary and a `region.yaml`."""

from pathlib import Path

from forecasting.columns import Column
from forecasting.errors import InputError, Problem
from forecasting.reading import SETTINGS
from forecasting.tables import TABLES

_SETTINGS = """\
# What this region is. See README.md, "Bring your own region".
name: My region
base_year: 2025              # the last full year of your employment table
data_vintage: "employment as published in 2026-03"
classifications:
  occupations: {name: ISCO-08, version: "2008", level: 2 digits}
  skills: {name: ESCO, version: "1.2"}
  sectors: {name: NACE Rev. 2, version: "2008"}
  fields: {name: ISCED-F, version: "2013"}
sources:                     # one card per source; delete none of the keys
  - id: employment
    title: Labour force survey
    publisher: statistical office
    licence: CC BY 4.0
    vintage: "2026-03"
    definition: Employed persons aged 15 and over, by residence.
    redistribute: true
"""


def write_templates(folder: Path) -> list[Path]:
    """Write every template to a new or empty folder and return the files.

    Raises
    ------
    InputError
        If it is a file, or a folder that holds anything: nothing is overwritten.
    """
    if folder.is_file():
        raise InputError([Problem(str(folder), "a file", "a new or empty folder", "give another")])
    if folder.exists() and any(folder.iterdir()):
        raise InputError(
            [Problem(str(folder), "a folder with files in it", "a new or empty folder", "give another")]
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = [_write(folder / SETTINGS, _SETTINGS), _write(folder / "COLUMNS.md", data_dictionary())]
    for table in TABLES.values():
        header = ",".join(column.name for column in table.columns) + "\n"
        written.append(_write(folder / "tables-to-fill-in" / f"{table.name}.csv", header))
    return written


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def data_dictionary() -> str:
    """Return every table and column in Markdown, from the declaration."""
    parts = ["# Canonical tables\n\nCopy the tables you have beside `region.yaml`; leave out the others.\n"]
    for table in TABLES.values():
        rows = [
            f"| {column.name} | {column.unit} | {_range(column)} | {column.meaning} |"
            for column in table.columns
        ]
        head = f"## {table.name}\n\n{table.meaning}. Key: {', '.join(table.key)}.\n"
        parts.append("\n".join([head, "| column | unit | value | meaning |", "|---|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def _range(column: Column) -> str:
    span = (
        f"{column.low:g} to {column.high:g}"
        if column.low is not None and column.high is not None
        else column.kind
    )
    if column.refers_to:
        span = f"code of {column.refers_to}"
    return span if column.required else f"{span}, may be empty"
