"""What the published report of an allocation tells of few applicants, with the case file as the truth.

Whoever knows who is in which group knows over whom each shown figure is summed. Then a small group is told
if its members are a linear combination of what is shown: the rank of the shown sets says so.
"""

import re
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.snapshot import Snapshot
from tests.training.awards import BASE, award, store_of

LEAST = 20
SHY = f"n<{LEAST}"
HEAD = "name,column,values,least,most,unit,from,until,reference\n"
CONDITIONS = (
    "few,sector,99,,900.00,euros,2026-01-01,,Decision 1\n"
    "two bands,age,young mid,20000,,euros,2026-01-01,,Decision 2\n"
    "low educated,groups,low_educated,3000,,euros,2026-01-01,,Decision 3\n"
)
WAYS = ("region", "sector", "size_class", "need", "education", "age")


def rows() -> list[dict[str, Any]]:
    """Return 200 applicants: a sector of four, and an age band of the low educated and three more."""
    drawn = np.random.default_rng(1)
    found = []
    for at in range(200):
        low, size, sector = at < 60, drawn.choice(["small", "large"]), drawn.choice(["47", "62", "85"])
        found.append(
            BASE
            | {"id": f"A{at:03}", "undertaking": f"U{at:03}", "course": f"C{drawn.integers(1, 4)}"}
            | {"groups": "low_educated" if low else "", "education": "low" if low else "high"}
            | {"age": "young" if at < 63 else "mid" if at < 110 else "old", "cost_course": 1500.0 + 7 * at}
            | {"sector": "99" if at % 50 == 7 else str(sector), "size_class": str(size)}
        )
    return found


@pytest.fixture(scope="module")
def made(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    pd.DataFrame(rows()).to_csv(folder / "applications.csv", index=False)
    (folder / "conditions.csv").write_text(HEAD + CONDITIONS)
    options = ("--conditions", folder / "conditions.csv")
    store = store_of(tiny_snapshot, folder / "store")
    award(store, folder / "a", folder / "applications.csv", *options, budget="150000.00")
    return folder / "a"


@pytest.fixture(scope="module")
def table(made: Path) -> pd.DataFrame:
    return pd.read_parquet(made / "allocation.parquet").fillna(dict.fromkeys(WAYS, ""))


def members(table: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Return who is in every group that the report could have a row of."""
    found = {
        (way, label or "unknown"): (table[way] == label).to_numpy()
        for way in WAYS
        for label in sorted(set(table[way]))
    }
    low = table["groups"].eq("low_educated").to_numpy()
    found |= {("deadweight", "low_skilled"): low, ("deadweight", "others"): ~low}
    found |= {
        ("condition", "few"): table["sector"].eq("99").to_numpy(),
        ("condition", "two bands"): table["age"].isin(["young", "mid"]).to_numpy(),
        ("condition", "low educated"): low,
    }
    found |= {("of all", "paid"): table["cents"].gt(0).to_numpy()}
    return found


def shown(made: Path, every: Mapping[tuple[str, str], np.ndarray]) -> set[tuple[str, str]]:
    """Return the groups whose rows in the report have any figure that is shown."""
    found = set()
    for line in (made / "report.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        keys = [("deadweight", cells[0]), ("condition", cells[0]), tuple(cells[1:3])]
        for key in keys:
            if key in every and SHY not in cells:
                found.add(key)
    return found


def told(shown: list[np.ndarray], few: np.ndarray) -> bool:
    known = np.array([*shown, np.ones(len(few))], dtype=float)
    return bool(np.linalg.matrix_rank(np.vstack([known, few])) == np.linalg.matrix_rank(known))


def small(table: pd.DataFrame, every: Mapping[tuple[str, str], np.ndarray]) -> list[np.ndarray]:
    """Return every small group, and every small rest of one group less others inside it."""
    whole = np.ones(len(table), dtype=bool)
    sets = [*every.values(), whole]
    rests = [one & ~other for one, other in permutations(sets, 2) if not (other & ~one).any()]
    of = table["undertaking"]
    return [each for each in (*every.values(), *rests) if 0 < of[each].nunique() < LEAST]


def test_no_small_group_follows_from_all_tables_of_the_report(made: Path, table: pd.DataFrame) -> None:
    every = members(table)
    open_ones = shown(made, every)
    assert len(open_ones) >= 5, open_ones
    few = small(table, every)
    assert len(few) >= 4
    assert not [table["id"][each].tolist() for each in few if told([every[key] for key in open_ones], each)]


def test_without_looking_across_tables_a_small_group_follows(table: pd.DataFrame) -> None:
    every = members(table)
    alone = [each for each in every.values() if table["undertaking"][each].nunique() >= LEAST]
    assert any(told(alone, each) for each in small(table, every))


def test_no_sum_of_a_small_group_is_in_the_report(made: Path, table: pd.DataFrame) -> None:
    text = (made / "report.md").read_text()
    declared = {0, 90_000}
    sums = {int(table["cents"][each].sum()) for each in small(table, members(table))} - declared
    assert sums
    assert not [cents for cents in sums if f"€{cents / 100:,.2f}" in text]


def test_a_side_that_binds_for_few_is_not_told(made: Path) -> None:
    """Its amount is declared: that it binds would say what the four get together."""
    text = (made / "report.md").read_text()
    (line,) = [each for each in text.splitlines() if each.startswith("| few |")]
    assert "€900.00" in line
    assert line.count(SHY) == 6
    classes = text.split("## Conditions")[1].split("Cents for each unit")[1].split("\n\n")[1]
    assert "few" not in classes
    assert SHY in classes


def test_counts_of_few_are_not_told_either(made: Path, table: pd.DataFrame) -> None:
    text = (made / "report.md").read_text()
    found = re.findall(r"(?<![\d.,€])(\d[\d,]*) (?:of|are|zero)", text.split("## Weights")[0])
    counts = {int(each.replace(",", "")) for each in found}
    assert int(table["cents"].gt(0).sum()) in counts
    assert not [each for each in counts if 0 < each < LEAST or 0 < len(table) - each < LEAST]


def test_only_the_report_is_for_publication(made: Path) -> None:
    assert "Of this folder only this report is for publication" in (made / "report.md").read_text()
