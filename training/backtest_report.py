"""What a person reads of a backtest: every component beside its baselines, and what not to quote."""

import shutil
import tempfile
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from forecasting.errors import InputError, Problem
from forecasting.series.breakdown import CELL, EVERY
from training.runs import backtest_markdown, skill_figure


def headline_tables(whole: pd.DataFrame, groups: pd.DataFrame) -> Iterator[Table]:
    """Yield a table per component: every method and horizon, with its skill over the naive forecast.

    The skill is the part of the naive forecast's log error that is saved, in per cent.

    Parameters
    ----------
    whole, groups : DataFrame
        Published tables ``backtest`` and ``backtest_groups``.
    """
    cells = groups[(groups["level"] == CELL) & (groups["size"] == EVERY)]
    keys = ["component", "method", "horizon"]
    rows = whole.merge(cells[[*keys, "skill", "skill_p10", "skill_p90"]], on=keys, how="left")
    for component, of_component in rows[rows["origins"] > 0].groupby("component", sort=False):
        table = _table(
            f"Backtest of {component}: MAE in {_UNITS.get(str(component), 'persons')}, "
            "skill = % of the naive error saved; * ships",
            _HEADLINE,
        )
        for row in of_component.sort_values(["horizon", "method"]).to_dict("records"):
            table.add_row(*_headline(row), style="bold" if row["selected"] else "")
        yield table


_UNITS: Final = {"skill_shares": "share of ads", "hard_to_fill": "share of vacancies"}
"""Of components that do not count persons."""

_HEADLINE: Final = ("method", "years", "origins", "MAE", "log MAE", "80 %", "skill % (P10, P90)")
_GROUPS: Final = ("level", "size, persons", "years", "cells", "log MAE", "bias", "80 %")


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        side: Literal["left", "right"] = "left" if name in {"method", "level", "size, persons"} else "right"
        table.add_column(name, justify=side, no_wrap=True)
    return table


def _headline(row: Mapping[Hashable, Any]) -> list[str]:
    return [
        f"{row['method']}{' *' if row['selected'] else ''}",
        str(row["horizon"]),
        str(row["origins"]),
        _figure(row["mae"], ".4f" if row["component"] in _UNITS else ",.0f"),
        _figure(row["log_mae"], ".4f"),
        _figure(row["coverage_80"], ".1%"),
        _skill(row),
    ]


def _skill(row: Mapping[Hashable, Any]) -> str:
    if row["method"] == "naive" or pd.isna(row["skill"]):
        return "-"
    if pd.isna(row["skill_p10"]):
        return f"{row['skill'] * 100:+.1f}"
    return f"{row['skill'] * 100:+.1f} ({row['skill_p10'] * 100:+.1f}, {row['skill_p90'] * 100:+.1f})"


def _figure(value: Any, form: str) -> str:
    return "-" if pd.isna(value) else format(value, form)


def group_tables(groups: pd.DataFrame) -> Iterator[Table]:
    """Yield a table per component: how what ships did per level and size group."""
    shipped = groups[groups["selected"].astype(bool)]
    for component, rows in shipped.groupby("component", sort=False):
        table = _table(f"{component}, what ships: {rows['method'].iloc[0]}", _GROUPS)
        for row in rows.to_dict("records"):
            table.add_row(
                str(row["level"]),
                str(row["size"]),
                str(row["horizon"]),
                f"{row['cells']:,}",
                _figure(row["log_mae"], ".4f"),
                _figure(row["bias"], "+.3f"),
                _figure(row["coverage_80"], ".1%"),
                style="" if row["note"] == "" else "dim",
            )
        yield table


def unquotable(whole: pd.DataFrame) -> list[str]:
    """Return per component which horizons were not held to enough outcomes."""
    shipped = whole[whole["selected"].astype(bool) & whole["note"].fillna("").ne("")]
    return [
        f"{component}, {', '.join(str(years) for years in rows['horizon'])} years: "
        + "; ".join(dict.fromkeys(rows["note"]))
        for component, rows in shipped.groupby("component", sort=False)
    ]


def write_backtest(whole: pd.DataFrame, groups: pd.DataFrame, folder: Path) -> None:
    """Write both tables, a page and a picture per component to a new folder, whole or not at all.

    Raises
    ------
    InputError
        If the folder exists.
    """
    if folder.exists():
        raise InputError([Problem(str(folder), "a folder that exists", "a new one", "give another --out")])
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        whole.to_csv(aside / "backtest.csv", index=False)
        groups.to_csv(aside / "backtest_groups.csv", index=False)
        (aside / "backtest.md").write_text(backtest_markdown(whole), encoding="utf-8")
        for component, rows in groups.groupby("component", sort=False):
            skill_figure(str(component), rows).savefig(
                aside / f"skill_{component}.svg", metadata={"Date": None}
            )
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
