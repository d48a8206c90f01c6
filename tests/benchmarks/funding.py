"""Part `funding`: a budget over the courses of simulated regions, by participation and by demand.

``python -m tests.benchmarks.funding`` writes the README's figures and picture to ``tests/golden``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.parameters import Parameters, load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.sources import demo
from tests.benchmarks.referee import _quick
from tests.benchmarks.report import markdown
from tests.conftest import ROOT
from training.funding_example import (
    ALLOCATIONS,
    BUDGET,
    MILLION,
    PARTICIPATION,
    STEERED,
    allocated,
    summary,
)
from training.funding_example_report import ASKED_FROM, across, group_table, picture
from training.funding_market import asked_by_applications, asked_by_workers, market_of

SEED: Final = 1
"""The README's region: that of ``make demo``."""
SEEDS: Final = tuple(range(601, 611))
"""Regions that nothing was chosen on."""
GOLDEN: Final = ROOT / "tests" / "golden"
NAMES: Final = ("summary", "groups", "regions")
"""Golden tables: of the README's region, who gains and loses there, and the summaries of the others."""
PICTURE: Final = "funding_example.svg"


@dataclass(frozen=True)
class Worked:
    """The example in one region: `summary` by ``asked``, and `group_table` of the example's way of asking."""

    summary: pd.DataFrame
    groups: pd.DataFrame


def worked(
    seed: int, budget: int = BUDGET, size: str = "demo", parameters: Parameters | None = None
) -> Worked:
    """Simulate, build, allocate and hold to the truth."""
    simulated = demo.generate(seed=seed, size=size)
    rules = parameters or _quick(load_parameters(None))
    snapshot = build_snapshot(simulated.region, rules, seed=1, code="benchmark")
    market = market_of(snapshot, simulated.truth)
    asked = {
        "applications": asked_by_applications(market, simulated.funding["applications"], budget),
        "workers": asked_by_workers(market, budget),
    }
    found = {name: allocated(snapshot, market, each, budget, rules) for name, each in asked.items()}
    tables = [summary(market, each, rules).assign(asked=name, seed=seed) for name, each in found.items()]
    groups = group_table(simulated.region, market, found[next(iter(ASKED_FROM))], rules)
    return Worked(pd.concat(tables, ignore_index=True), groups)


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del shared, until  # the regions are simulated
    one = worked(SEED)
    rows = pd.concat([worked(seed).summary for seed in SEEDS], ignore_index=True)
    regions, lines = across(rows), list[str]()
    for asked, told in ASKED_FROM.items():
        lines += [f"Enrolments: {told}.", ""]
        lines += [f"Seed {SEED}; intervals: under the forecast's draws, P10 to P90.", ""]
        lines += markdown(shown(one.summary[one.summary["asked"] == asked]))
        lines += [f"Seeds {SEEDS[0]} to {SEEDS[-1]}: mean, P10 to P90 over regions.", ""]
        lines += markdown(shown_across(regions[regions["asked"] == asked]))
    about = "; ".join(f"*{name}*: {told}" for name, told in ALLOCATIONS.items())
    return [
        f"€{BUDGET // MILLION} million over the courses of each simulated region; what it would close is "
        "counted against the truth, by the assumptions of `training/funding_example.py`. *Led*: every "
        f"trainee takes an opening that would stay unfilled. {about}. Weights are *neutral* where nothing is "
        "known of a course's skills; *agree*: rank correlation with the weights that the true gap gives.",
        "",
        *lines,
        f"Who gains and loses (*{STEERED}* against participation), seed {SEED}, millions of euros.",
        "",
        *markdown(shown_groups(one.groups)),
    ]


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return a summary as text."""
    return pd.DataFrame(
        {
            "allocation": table["allocation"],
            "trainees": table["trainees"].map("{:,.0f}".format),
            "closed": table["closed"].map("{:,.1f}".format),
            "per € million": _with(table, "per_million", 2),
            "× participation": _with(table, "times", 3),
            "per € million, led": table["per_million_led"].map("{:.2f}".format),
            "concentration": _with(table, "concentration_index", 3),
            "neediest quarter": table["share_to_neediest"].map("{:.3f}".format),
            "€ per additional trainee": [
                f"{middle / 100:,.0f} ({low / 100:,.0f} to {high / 100:,.0f})"
                for middle, low, high in zip(
                    table["cost_per_additional"],
                    table["cost_per_additional_low"],
                    table["cost_per_additional_high"],
                    strict=True,
                )
            ],
        }
    )


def shown_across(table: pd.DataFrame) -> pd.DataFrame:
    """Return `across` as text."""
    return pd.DataFrame(
        {
            "allocation": table["allocation"],
            "per € million": _with(table, "per_million", 2),
            "× participation": _with(table, "times", 3),
            "regions where better": [
                "" if row.allocation == PARTICIPATION else f"{row.better} of {row.regions}"
                for row in table.itertuples()
            ],
            "concentration": table["concentration_index"].map("{:.3f}".format),
            "neediest quarter": table["share_to_neediest"].map("{:.3f}".format),
            "weights neutral": _told(table["neutral"]),
            "agree with true weights": _told(table["agreement"]),
        }
    )


def shown_groups(table: pd.DataFrame) -> pd.DataFrame:
    """Return who gains and loses as text."""
    text = {"group": table["label"]}
    for name in ("baseline", "cents", "change", "cents_p10", "cents_p90"):
        text[name.replace("cents_", "").replace("cents", "demand").replace("baseline", "participation")] = [
            f"{value / MILLION:,.2f}" for value in table[name]
        ]
    return pd.DataFrame(text)


def _told(values: "pd.Series[float]") -> list[str]:
    return ["" if pd.isna(value) else f"{value:.2f}" for value in values]


def _with(table: pd.DataFrame, name: str, places: int) -> list[str]:
    ends = zip(table[name], table[f"{name}_p10"], table[f"{name}_p90"], strict=True)
    return [
        f"{value:.{places}f}" + ("" if pd.isna(low) else f" ({low:.{places}f} to {high:.{places}f})")
        for value, low, high in ends
    ]


def golden(name: str) -> Path:
    """Return the file of one of `NAMES`."""
    return GOLDEN / ("funding_example.csv" if name == NAMES[0] else f"funding_example_{name}.csv")


def write(one: Worked, regions: pd.DataFrame, folder: Path = GOLDEN) -> list[Path]:
    """Write the golden tables, figures to six digits, and the README's picture."""
    paths = [folder / golden(name).name for name in NAMES]
    for table, path in zip((one.summary, one.groups, regions), paths, strict=True):
        table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    return [*paths, draw(folder)]


def draw(folder: Path, to: Path | None = None) -> Path:
    """Draw the README's picture from the golden tables of a folder."""
    own, groups, others = (pd.read_csv(folder / golden(name).name) for name in NAMES)
    chosen, drawn = next(iter(ASKED_FROM)), to or folder / PICTURE
    picture(own[own["asked"] == chosen], groups, others[others["asked"] == chosen], drawn)
    return drawn


def main() -> None:
    """Write the golden files anew."""
    others = pd.concat([worked(seed).summary for seed in SEEDS], ignore_index=True)
    for path in write(worked(SEED), others):
        sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
