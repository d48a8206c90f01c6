"""Gates: what a version must show before it is released, each verdict a sentence with its figure."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.parameters import Parameters, load_parameters
from forecasting.snapshot import Snapshot
from training.allocation import allocation_table
from training.diff_inputs import inputs, parameters

FOLDER: Final = Path(__file__).parent / "parameters"
KEY: Final = ["region", "occupation", "scenario", "horizon"]
TOP: Final = 10
_MOVING: Final = {"region.base_year", "region.data_vintage", "horizons", "scenario", "convention"}
"""Settings that may move scores; a seed or new code should not."""
_BESIDE: Final = {
    *("scenarios", "passive_substitution", "balance_classes", "retirement_reforms", "retirement_take_up"),
    "occupational_transfers",
}
"""Parameters that cannot move the scores that are served."""
_PERSONS: Final = (
    *("gaps", "openings", "supply", "indicators", "employment", "weights", "skill_gaps"),
    *("scenario_effects", "conventions", "vacancy_rates", "shrinking_jobs", "shortages"),
    *("training_response", "collections", "bottleneck_rule", "conditions"),
)
"""Tables with figures of cells."""
_OF_NOBODY: Final = {
    *("horizon", "from_year", "to_year", "year", "weight", "asked", "asked_now", "importance"),
    *("asked_share", "asked_now_share", "emerging", "fading", "destinations_asked", "destinations_missing"),
}
"""Figures of time, of a rule and of ads in any region: no person of the cell is in them."""


@dataclass(frozen=True)
class Verdict:
    """What one gate says.

    Parameters
    ----------
    gate : str
        Its name, stable.
    passed : bool
    sentence : str
        The figure, and the threshold it was held to.
    """

    gate: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Question:
    """What the gates look at.

    Parameters
    ----------
    snapshot : Snapshot
        The candidate.
    champion : Snapshot or None
        The release in service, if it is of the same region.
    today : date
        Day of the promotion.
    thresholds : Parameters
    """

    snapshot: Snapshot
    champion: Snapshot | None
    today: dt.date
    thresholds: Parameters


def judge(snapshot: Snapshot, champion: Snapshot | None, today: dt.date) -> list[Verdict]:
    """Return the verdict of every gate.

    Parameters
    ----------
    champion : Snapshot or None
        The release in service; one of another region is no comparison.
    """
    same = champion if champion is not None and _region(champion) == _region(snapshot) else None
    question = Question(snapshot, same, today, load_parameters(today, FOLDER))
    return [verdict for gate in GATES for verdict in gate(question)]


def _region(snapshot: Snapshot) -> str:
    return str(snapshot.manifest["region"]["name"])


def beats_baseline(question: Question) -> Iterator[Verdict]:
    """Hold the shipped method to the naive one at every backtested horizon."""
    limit = question.thresholds["beats_baseline"]
    for place, method, ratio in _beside_naive(question):
        sentence = (
            f"{place}: {method} errs {ratio:.3f} times as much as the naive forecast; at most {limit:.3f}."
        )
        yield Verdict("beats_baseline", ratio <= limit, sentence)


def too_good(question: Question) -> Iterator[Verdict]:
    """Refuse a past that is too good to be true."""
    limit = question.thresholds["too_good"]
    for place, method, ratio in _beside_naive(question):
        sentence = (
            f"{place}: {method} errs {ratio:.3f} times as much as the naive forecast; "
            f"below {limit:.2f} a feature is suspected to know the future."
        )
        yield Verdict("too_good", ratio >= limit, sentence)


def _beside_naive(question: Question) -> Iterator[tuple[str, str, float]]:
    """Return component and horizon, shipped method, and its log error over the naive one's."""
    table = _backtested(question)
    naive = table[table["method"] == "naive"].set_index(["component", "horizon"])["log_mae"]
    for row in table[table["selected"]].to_dict("records"):
        base = float(naive.get((row["component"], row["horizon"]), np.nan))
        ratio = float(row["log_mae"]) / base if base > 0 else 1.0
        yield f"{row['component']}, {row['horizon']} years", str(row["method"]), ratio


def coverage(question: Question) -> Iterator[Verdict]:
    """Hold the shipped intervals to what they promise."""
    low, high = question.thresholds["coverage_band"]
    fewest = question.thresholds["coverage_cells"]
    for row in _backtested(question).query("selected").to_dict("records"):
        place = f"{row['component']}, {row['horizon']} years"
        if row["cells"] < fewest or pd.isna(row["coverage_80"]):
            yield Verdict(
                "coverage", True, f"{place}: {row['cells']} forecasts are too few to judge coverage."
            )
            continue
        inside = bool(low <= row["coverage_80"] <= high)
        yield Verdict(
            "coverage",
            inside,
            f"{place}: the 80 % interval covers {row['coverage_80']:.1%} of {row['cells']:,} outcomes; "
            f"between {low:.0%} and {high:.0%} is asked.",
        )


def _backtested(question: Question) -> pd.DataFrame:
    table = question.snapshot.tables["backtest"]
    return table[table["note"].fillna("").eq("")]


def adding_up(question: Question) -> Iterator[Verdict]:
    """Refuse a snapshot whose parts do not add up; a published total that differs is only told."""
    limit = question.thresholds["residual"]
    employed = float(question.snapshot.tables["employment"]["persons"].sum()) or 1.0
    for name, residual in sorted(question.snapshot.manifest["residuals"].items()):
        told = name == "sectors_less_published_total_persons"
        asked = "told, not judged" if told else f"at most {limit:.0e}"
        share = residual / employed
        yield Verdict(
            "adding_up", bool(told or share <= limit), f"{name}: {share:.1e} of employment; {asked}."
        )


def directions(question: Question) -> Iterator[Verdict]:
    """Check that the published figures lie where the score's definition puts them."""
    gaps = question.snapshot.tables["gaps"]
    known = gaps[gaps["score"].notna()]
    broken = {
        "a score outside 0 to 1": ~known["score"].between(-1e-9, 1 + 1e-9),
        "P10, P50, P90 out of order": (known["score_p10"] > known["score_p50"] + 1e-9)
        | (known["score_p50"] > known["score_p90"] + 1e-9),
        "parts that miss the score": (known["covers"] == "both")
        & ((known["quantitative"] + known["qualitative"] - known["score"]).abs() > 1e-9),
        "less unfilled than openings less supply": known["unfilled"]
        < known["openings"] - known["supply"] - 1e-6,
    }
    for mistake, rows in broken.items():
        count = int(rows.sum())
        yield Verdict("directions", count == 0, f"{count} of {len(known)} scores have {mistake}; none may.")


def freshness(question: Question) -> Iterator[Verdict]:
    """Refuse old data that do not say so; a demonstration that says so in every answer may be released."""
    manifest = question.snapshot.manifest
    oldest = manifest["parameters"]["oldest_current_data"]["value"]
    age = question.today.year - int(manifest["region"]["base_year"])
    label = manifest["status"]["label"]
    yield Verdict(
        "freshness",
        bool(age <= oldest or label != "current"),
        f"the base year is {age} years old and labelled {label}; current data are at most {oldest} years.",
    )


def completeness(question: Question) -> Iterator[Verdict]:
    """Refuse a release that is silent on too many of the cells that its tables can score."""
    limit = question.thresholds["completeness"]
    gaps = _of_scenario(question.snapshot)
    cells = gaps[~gaps["aggregate"]]
    reason = cells["reason"].fillna("")
    able = cells[
        ~reason.isin(["unavailable", "not_applicable"])
    ]  # without openings there is no score to give
    if able.empty:
        without = int(reason.eq("not_applicable").sum())
        sentence = (
            f"the tables given score no cell; {without} of {len(cells)} have no openings, none may then."
        )
        yield Verdict("completeness", without == 0, sentence)
        return
    share = float(able["score"].notna().mean())
    sentence = f"{share:.1%} of {len(able)} cells have a score; at least {limit:.0%}."
    yield Verdict("completeness", share >= limit, sentence)


def small_cells(question: Question) -> Iterator[Verdict]:
    """Refuse a figure of a suppressed cell, wherever it stands."""
    leaks = 0
    for name in _PERSONS:
        table = question.snapshot.tables[name]
        rows = table[table["reason"].fillna("") == "confidential"]
        figures = rows.drop(columns=list(_OF_NOBODY & set(rows))).select_dtypes("number")
        leaks += int(figures.notna().sum().sum())
    yield Verdict(
        "small_cells", leaks == 0, f"{leaks} figures of suppressed cells are published; none may be."
    )


def jump(question: Question) -> Iterator[Verdict]:
    """Hold scores, ranks and euros beside the release in service of the same region.

    A change of data or parameters may move them; where neither changed, less movement is let through.
    """
    if question.champion is None:
        yield Verdict("jump", True, "no release of this region is in service: nothing to compare.")
        return
    old, new = (_cells(snapshot) for snapshot in (question.champion, question.snapshot))
    both = old.join(new, lsuffix="_old", rsuffix="_new", how="inner")
    changed = _changed(question.champion, question.snapshot)
    share = 1.0 if changed else float(question.thresholds["jump_unexplained"])
    verdicts = (
        _jump_score(both, share * question.thresholds["jump_score"]),
        *_jump_rank(both, question.thresholds["jump_rank"]),
        _jump_euros(question, share * question.thresholds["jump_euros"]),
    )
    because = f"changed since: {changed}." if changed else "neither data nor parameters changed since."
    for verdict in verdicts:
        yield replace(verdict, sentence=f"{verdict.sentence[:-1]}; {because}")


def _changed(old: Snapshot, new: Snapshot) -> str:
    """Name the tables, source vintages and parameters that differ, empty if none does."""
    made = pd.concat([inputs(old, new), parameters(old, new)])
    beside = made["kind"].eq("parameter") & made["name"].isin(_BESIDE)
    apart = made[(made["kind"].ne("setting") & ~beside) | made["name"].isin(_MOVING)]
    return ", ".join(dict.fromkeys(f"{row['kind']} {row['name']}" for row in apart.to_dict("records")))


def _of_scenario(snapshot: Snapshot) -> pd.DataFrame:
    """Return the gaps that are served: a scenario beside them moves no money."""
    gaps = snapshot.tables["gaps"]
    return gaps[gaps["scenario"] == snapshot.manifest["scenario"]]


def _cells(snapshot: Snapshot) -> pd.DataFrame:
    gaps = _of_scenario(snapshot)
    cells = gaps[~gaps["aggregate"] & gaps["score_p50"].notna()].astype(dict.fromkeys(KEY, object))
    return cells.set_index(KEY)[["score_p50", "rank"]]


def _jump_score(both: pd.DataFrame, limit: float) -> Verdict:
    change = (both["score_p50_new"] - both["score_p50_old"]).abs()
    median = float(change.median()) if len(change) else 0.0
    worst = (
        f", most for {list(change.index)[int(change.argmax())][1]} ({change.max():.2f})"
        if len(change)
        else ""
    )
    sentence = f"the median score moves by {median:.3f} over {len(both)} cells{worst}; at most {limit:.3f}."
    return Verdict("jump", median <= limit, sentence)


def _jump_rank(both: pd.DataFrame, fewest: int) -> Iterator[Verdict]:
    for horizon, rows in both.groupby(level="horizon"):
        size = min(TOP, len(rows))
        tops = [
            set(rows[f"rank_{side}"].dropna().astype(float).nsmallest(size).index) for side in ("old", "new")
        ]
        kept, asked = len(tops[0] & tops[1]), min(fewest, len(tops[0]))
        yield Verdict(
            "jump", kept >= asked, f"{horizon} years: {kept} of the top {size} stay in it; at least {asked}."
        )


def _jump_euros(question: Question, limit: float) -> Verdict:
    budget = int(question.thresholds["reference_budget"]) * 100
    assert question.champion is not None  # noqa: S101 - jump() asked
    old, new = (_euros(snapshot, budget) for snapshot in (question.champion, question.snapshot))
    moved = float(old.sub(new, fill_value=0).abs().sum() / 2 / budget)
    sentence = f"{moved:.1%} of {budget // 100:,} EUR would move; at most {limit:.1%}."
    return Verdict("jump", moved <= limit, sentence)


def _euros(snapshot: Snapshot, budget: int) -> "pd.Series[float]":
    """Return cents per occupation over all regions, each with the whole reference budget."""
    tables = [
        allocation_table(snapshot, region, budget)
        for region in sorted(snapshot.tables["weights"]["region"].unique())
    ]
    joined = pd.concat(tables)
    return joined.groupby("occupation")["cents"].mean().astype(float)


GATES: Final[tuple[Callable[[Question], Iterator[Verdict]], ...]] = (
    beats_baseline,
    too_good,
    coverage,
    adding_up,
    directions,
    freshness,
    completeness,
    small_cells,
    jump,
)
"""Every gate, in the order of the report."""
