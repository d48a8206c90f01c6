"""Show a difference between two snapshots: plain text, JSON, or one page that loads nothing."""

import json
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
import pandas as pd

from training.diff import TOP, UNALLOCATED, Difference
from training.diff_sentences import euros_of, percent, points

WIDTH: Final = 100
PAGE_TOP: Final = 20
_LABEL: Final = 26
_PAGES: Final = Path(__file__).parent / "pages"
_SIDES: Final = ("old", "new")
_FRAMES: Final = ("inputs", "parameters", "cells", "rankings", "euros", "regions")


def as_json(difference: Difference) -> str:
    """Return everything as JSON, in stable order; null stands where there is no figure."""
    whole = {
        "old": difference.names[0],
        "new": difference.names[1],
        "empty": difference.empty,
        "budget_cents": difference.budget_cents,
        "summary": dict(difference.summary),
        "sentences": list(difference.sentences),
        **{name: _records(getattr(difference, name)) for name in _FRAMES},
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def as_text(difference: Difference, top: int = TOP) -> str:
    """Return the difference for the terminal, at most `WIDTH` columns.

    Parameters
    ----------
    top : int, optional
        Lines of each table.
    """
    old, new = difference.names
    parts = [f"Difference {old} → {new}", _bullets(difference.sentences)]
    if not difference.empty:
        parts += [
            _section("Inputs", [_input(row) for row in _rows(difference.inputs)]),
            _section("Parameters", [_input(row) for row in _rows(difference.parameters)]),
            _score_lines(difference.cells, top),
            _state_lines(difference.cells, top),
            *_euro_lines(difference, top),
        ]
    parts.append(_section("Summary", _summary_lines(difference.summary)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _rows(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.to_dict("records")


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(
        textwrap.fill(line, WIDTH, initial_indent="* ", subsequent_indent="  ") for line in lines
    )


def _section(title: str, lines: Sequence[str]) -> str:
    folded = [textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="      ") for line in lines]
    return "\n".join([title, *folded]) if lines else ""


def _input(row: Mapping[Hashable, Any]) -> str:
    before, after = ("(none)" if row[side] is None else row[side] for side in ("old", "new"))
    return f"{row['kind']} {row['name']}, {row['field']} {row['change']}: {before} → {after}"


def _aligned(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Align columns; the first `left` of them to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(
            text.ljust(width) if column < left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _who(row: Mapping[Hashable, Any]) -> str:
    return textwrap.shorten(f"{row['occupation']} {row['label']}".strip(), _LABEL, placeholder="…")


def _interval(row: Mapping[Hashable, Any], side: str) -> str:
    low, high = row[f"p10_{side}"], row[f"p90_{side}"]
    return f"{percent(row[f'p50_{side}'])} [{100 * low:.0f}–{100 * high:.0f}]"


def _ranks(row: Mapping[Hashable, Any]) -> str:
    before, after = ("–" if pd.isna(row[f"rank_{side}"]) else str(row[f"rank_{side}"]) for side in _SIDES)
    return before if before == after else f"{before} → {after}"


def _score_lines(cells: pd.DataFrame, top: int) -> str:
    compared = cells[cells["state"] == "compared"]
    rows = [
        (
            row["region"],
            _who(row),
            str(row["horizon"]),
            _interval(row, "old"),
            _interval(row, "new"),
            points(row["change"]),
            _ranks(row),
            "overlap" if row["overlap"] else "APART",
        )
        for row in _rows(compared.head(top))
    ]
    head = ("", "occupation", "years", "old [P10–P90]", "new [P10–P90]", "change", "rank", "")
    title = f"Scores, median, largest change first: {len(rows)} of {len(compared)}"
    return _aligned(title, head, rows, left=2) if rows else ""


def _state_lines(cells: pd.DataFrame, top: int) -> str:
    others = cells[cells["state"] != "compared"]
    rows = [
        (
            row["region"],
            _who(row),
            str(row["horizon"]),
            row["state"],
            f"{_why(row, 'old')} → {_why(row, 'new')}",
        )
        for row in _rows(others.head(top))
    ]
    title = f"Cells that change state: {len(rows)} of {len(others)}"
    head = ("", "occupation", "years", "state", "reason")
    return _aligned(title, head, rows, left=5) if rows else ""


def _why(row: Mapping[Hashable, Any], side: str) -> str:
    reason = row[f"reason_{side}"]
    return "absent" if pd.isna(reason) else str(reason) or "scored"


def _factor(weight: Any) -> str:
    return "–" if pd.isna(weight) else f"{weight:.4f}"


def _euro_lines(difference: Difference, top: int) -> list[str]:
    euros, parts = difference.euros, []
    for row in _rows(difference.regions):
        lines = euros[euros["region"] == row["region"]]
        shown = _movers(lines).head(top)
        parts.append(
            _aligned(
                f"Euros of {euros_of(difference.budget_cents)} in {row['region']}, largest change first: "
                f"{percent(row['share_moved'], 1)} moves",
                ("occupation", "weight", "new", "EUR", "new", "change"),
                [*(_euro_line(line) for line in _rows(shown)), *_others(lines, shown)],
                left=1,
            )
        )
    return parts


def _movers(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines with a change; what is left unallocated also where it stays the same."""
    unspent = lines["occupation"].eq(UNALLOCATED) & lines["cents_old"].ne(0)
    return lines[lines["change_cents"].ne(0) | unspent]


def _euro_line(line: Mapping[Hashable, Any]) -> tuple[str, ...]:
    weights = (_factor(line["weight_old"]), _factor(line["weight_new"]))
    return _who(line), *weights, *_amounts(line["cents_old"], line["cents_new"])


def _amounts(old: int, new: int) -> tuple[str, str, str]:
    return euros_of(old), euros_of(new), euros_of(int(new) - int(old), sign=True)


def _others(lines: pd.DataFrame, shown: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the lines that are not shown as one, and all together: each column adds up."""
    rest = lines.drop(shown.index)
    rest = rest[rest["occupation"].ne(UNALLOCATED) | rest["change_cents"].ne(0)]
    named = f"{len(rest)} {'other' if len(rest) == 1 else 'others'}"
    return [
        (name, "", "", *_amounts(part["cents_old"].sum(), part["cents_new"].sum()))
        for name, part in ((named, rest), ("total", lines))
        if len(part)
    ]


def _summary_lines(summary: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {value}" for name, value in summary_words(summary)]


def summary_words(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the summary figures with their names, as people read them."""
    told = [(f"cells {name}", str(summary[f"cells_{name.replace(' ', '_')}"])) for name in _COUNTED]
    spearman = summary["spearman"]
    return [
        *told,
        ("intervals that no longer overlap", str(summary["intervals_apart"])),
        ("change of the median score, median cell", _unsigned(summary["median_score_change"])),
        ("change of the median score, largest", _unsigned(summary["largest_score_change"])),
        ("rank correlation (Spearman), lowest", "–" if spearman is None else f"{spearman:.3f}"),
        ("top ten that stays, lowest", percent(summary["top_ten_overlap"])),
        ("budget that moves", percent(summary["share_of_budget_moved"], 1)),
    ]


_COUNTED: Final = (
    "compared",
    "changed",
    "added",
    "removed",
    "newly scored",
    "no longer scored",
    "suppressed",
)


def _unsigned(change: float | None) -> str:
    return "–" if change is None else f"{100 * change:.1f} pp"


def as_html(difference: Difference, top: int = PAGE_TOP) -> str:
    """Return the difference as one page that loads nothing.

    Parameters
    ----------
    top : int, optional
        Lines of each table; the JSON has them all.
    """
    cells = difference.cells
    compared = cells[cells["state"] == "compared"]
    others = cells[cells["state"] != "compared"]
    return _template().render(
        difference=difference,
        summary=summary_words(difference.summary),
        inputs=_rows(pd.concat([difference.inputs, difference.parameters])),
        compared=[_score_row(row) for row in _rows(compared.head(top))],
        compared_count=len(compared),
        others=[_state_row(row) for row in _rows(others.head(top))],
        others_count=len(others),
        regions=[_euro_table(difference, row, top) for row in _rows(difference.regions)],
        ticks=[(_x(share), f"{share:.0%}") for share in (0.0, 0.25, 0.5, 0.75, 1.0)],
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"percent": percent, "euros": euros_of, "factor": _factor}
    return environment.get_template("diff.html")


def _x(share: float) -> float:
    """Return where a share from 0 to 1 stands on an axis of 260 units."""
    return round(14 + 232 * share, 1)


def _score_row(row: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
    bars = {
        side: {
            "start": _x(row[f"p10_{side}"]),
            "width": round(_x(row[f"p90_{side}"]) - _x(row[f"p10_{side}"]), 1),
            "dot": _x(row[f"p50_{side}"]),
        }
        for side in _SIDES
    }
    before, after = _interval(row, "old"), _interval(row, "new")
    return {**row, "bars": bars, "before": before, "after": after, "ranks": _ranks(row)} | {
        "points": points(row["change"]),
        "alt": f"{row['occupation']} {row['label']}: old {before}, new {after}",
    }


def _state_row(row: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
    return {**row, "before": _why(row, "old"), "after": _why(row, "new")}


def _euro_table(difference: Difference, row: Mapping[Hashable, Any], top: int) -> dict[Hashable, Any]:
    lines = difference.euros[difference.euros["region"] == row["region"]]
    shown = _movers(lines).head(top)
    return {
        **row,
        "lines": _rows(shown),
        "largest": max((abs(int(change)) for change in shown["change_cents"]), default=0) or 1,
        "feet": _others(lines, shown),
    }
