"""Pictures of ten simulated series beside ten real ones, and the table of moments simulated against real.

``python -m tests.benchmarks.moments_plots``: writes both into ``forecasting/sources/simulation/``. The series
are taken by rule, not by eye.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecasting.sources import bc, demo
from forecasting.sources.simulation import moments
from forecasting.sources.simulation.counts import counts
from forecasting.sources.simulation.moments_of_ads import SKILLS, quarter_of
from tests.benchmarks.data import shared_folder
from tests.benchmarks.moments import ads_table, dutch_vacancies
from tests.benchmarks.report import markdown

FOLDER: Final = moments.FILE.parent
SEEDS: Final = (1, 2, 3)
SERIES: Final = 10
MARKS: Final = ("<!-- moments -->", "<!-- end of moments -->")
FIRST: Final = 2014
"""Year from which vacancies are drawn: the simulated ones begin there."""

_INK, _GRID = "#1c2733", "#e3e8ec"
_COLOURS: Final = (
    *("#1f5a7a", "#b3392f", "#5b8c5a", "#c98a2b", "#6b5b95"),
    *("#3aa0a0", "#8c564b", "#7a8793", "#d16b8e", "#20407f"),
)


def simulated(seeds: Sequence[int] = SEEDS, size: str = "demo", difficulty: str = "normal") -> pd.DataFrame:
    """Return the moments of simulated regions, one column a seed."""
    return pd.DataFrame({seed: moments.moments_of(_tables(seed, size, difficulty)) for seed in seeds})


def _tables(seed: int, size: str = "demo", difficulty: str = "normal") -> dict[str, pd.DataFrame]:
    made = demo.generate(seed=seed, difficulty=difficulty, size=size)
    return moments.simulated_tables(made.region.tables, counts(made.world))


def moment_lines(found: pd.DataFrame) -> list[str]:
    """Return the README's table: real figure, band, simulated mean and range, verdict."""
    bands = moments.read_bands()
    table = moments.compare(found, bands)
    rows = []
    for name, row in table.iterrows():
        there = row["verdict"] != "absent"
        rows.append(
            {
                "moment": name,
                "unit": bands[str(name)]["unit"],
                "real": f"{row['real']:.3g}",
                "band": "not held" if np.isnan(row["low"]) else f"{row['low']:.3g} to {row['high']:.3g}",
                "simulated": f"{row['simulated']:.3g}" if there else "",
                "of the seeds": f"{row['least']:.3g} to {row['most']:.3g}" if there else "",
                "verdict": f"**{row['verdict']}**" if row["verdict"] in ("low", "high") else row["verdict"],
            }
        )
    return markdown(pd.DataFrame(rows))


def employment_picture(real: pd.DataFrame, made: pd.DataFrame) -> Figure:
    """Draw cells at the 5th, 15th … 95th percentile of size, thousand persons, on a logarithmic axis."""
    return _beside(
        "Employment by occupation as a survey counts it, thousand persons (logarithmic; zero is not drawn)",
        ("British Columbia, ten of 516 occupations", _spread_over_sizes(real)),
        ("Simulated, ten of the occupations × regions", _spread_over_sizes(made)),
        "Real: Government of British Columbia, from Statistics Canada's Labour Force Survey (OGL – BC)",
        log=True,
    )


def _spread_over_sizes(table: pd.DataFrame) -> pd.DataFrame:
    """Return years × ten cells, thousands; zero is not drawn on a logarithmic axis."""
    wide = table.groupby(["region", "occupation", "year"])["persons"].sum().unstack("year").dropna()
    ordered = wide.loc[wide.mean(axis=1).sort_values(kind="stable").index]
    taken = [round((len(ordered) - 1) * (2 * at + 1) / (2 * SERIES)) for at in range(SERIES)]
    lines = ordered.iloc[taken].T / 1000
    return lines.where(lines > 0).set_axis(lines.index.astype(float), axis=0)


def vacancy_picture(real: pd.DataFrame, made: pd.DataFrame) -> Figure:
    """Draw open vacancies of all ten sectors by quarter, each with its mean as 100."""
    return _beside(
        f"Open vacancies by sector and quarter, mean since {FIRST} = 100",
        ("Netherlands, ten sectors", _indexed(real)),
        ("Simulated, ten sectors", _indexed(made)),
        "Real: CBS StatLine 80472ned (CC BY 4.0)",
        log=False,
    )


def _indexed(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["period"].str[:4].astype(int) >= FIRST]
    wide = rows.groupby(["period", "sector"])["open"].sum().unstack("sector")
    time = [int(name[:4]) + (int(name[-1]) - 0.5) / 4 for name in wide.index]
    return (100 * wide / wide.mean()).set_axis(time, axis=0)


def skill_picture(real: pd.DataFrame, made: pd.DataFrame) -> Figure:
    """Draw the share of all mentions of ten groups of skills, each with its mean as 100."""
    return _beside(
        "Share of all skill mentions of ten groups of 30 skills, by quarter, mean = 100",
        ("Job-SDF, 2021–2023", _groups(real)),
        ("Simulated, the last ten quarters", _groups(made)),
        "Real: aggregated from the Job-SDF benchmark (NeurIPS 2024). A group: every tenth of 300 skills.",
        log=False,
    )


def _groups(table: pd.DataFrame) -> pd.DataFrame:
    """Return quarters × ten groups: the most asked skill, the eleventh, the 21st … are the first group."""
    asked = table.groupby("skill")["mentions"].sum().nlargest(SKILLS)
    group = {skill: place % SERIES for place, skill in enumerate(asked.index)}
    rows = table[table["skill"].isin(asked.index)]
    periods = {name: quarter_of(name) for name in rows["period"].unique()}
    keys = [rows["period"].map(periods).rename("quarter"), rows["skill"].map(group).rename("group")]
    wide = rows.groupby(keys)["mentions"].sum().unstack("group")
    shares = wide.div(wide.sum(axis=1), axis=0).tail(SERIES)
    time = [int(name[:4]) + (int(name[-1]) - 0.5) / 4 for name in shares.index]
    return (100 * shares / shares.mean()).set_axis(time, axis=0)


def _beside(
    title: str, left: tuple[str, pd.DataFrame], right: tuple[str, pd.DataFrame], credit: str, *, log: bool
) -> Figure:
    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (name, lines) in zip(panels, (left, right), strict=True):
        _draw(axes, name, lines, log=log)
    figure.suptitle(title, x=0.01, ha="left", color=_INK, fontsize=11)
    figure.supxlabel(credit, x=0.01, ha="left", color="#5c6b77", fontsize=8)
    return figure


def _draw(axes: Axes, name: str, lines: pd.DataFrame, *, log: bool) -> None:
    for colour, column in zip(_COLOURS, lines, strict=True):
        axes.plot(
            lines.index, lines[column], color=colour, linewidth=1.3, marker="o" if log else None, ms=2.5
        )
    axes.set_title(name, loc="left", color=_INK, fontsize=9.5)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_major_locator(ticker.MaxNLocator(6, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_GRID)
    axes.set_axisbelow(True)


def write_pictures(shared: Path, folder: Path = FOLDER) -> list[Path]:
    """Write the three pictures; the same data gives the same bytes."""
    made = _tables(SEEDS[0])
    real_work = bc.tidy(bc.read(shared)).tables["occupation_employment"]
    _, real_vacancies, _ = next(iter(dutch_vacancies(shared)))
    style = {"svg.hashsalt": "competence", "svg.fonttype": "none", "font.size": 9}
    paths = []
    with mpl.rc_context(style):
        for name, figure in (
            ("employment", employment_picture(real_work, made["occupation_employment"])),
            ("vacancies", vacancy_picture(real_vacancies["sector_vacancies"], made["sector_vacancies"])),
            ("skills", skill_picture(ads_table(shared, "r2"), made["skill_mentions"])),
        ):
            paths.append(folder / f"{name}.svg")
            figure.savefig(paths[-1], metadata={"Date": None})
    return paths


def write_table(found: pd.DataFrame, path: Path = FOLDER / "README.md") -> None:
    """Write the table of moments between its two marks in the README; the rest stays as it is."""
    before, _, rest = path.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    table = "\n".join(moment_lines(found)).strip()
    path.write_text(f"{before}{MARKS[0]}\n\n{table}\n\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Write the pictures and the README's table."""
    paths = write_pictures(shared_folder())
    write_table(simulated())
    sys.stdout.write("\n".join(f"wrote {path}" for path in (*paths, FOLDER / "README.md")) + "\n")


if __name__ == "__main__":
    main()
