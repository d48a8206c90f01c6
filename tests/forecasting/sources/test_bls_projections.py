"""US projections of two layouts: columns by their headers, yearly rates, matching, relative separations."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.sources import bls, bls_projections
from forecasting.sources.bls_projections import (
    Raw,
    Vintage,
    matched,
    relative_separations,
    separations,
    tidy,
)

NAN = np.nan


def frame(*rows: list[object]) -> pd.DataFrame:
    return pd.DataFrame([[*row, *[NAN] * (12 - len(row))] for row in rows], dtype=object)


def old_layout() -> Raw:
    employment = frame(
        ["Table 1.2 Employment by detailed occupation"],
        [
            "title and code",
            NAN,
            "Employment",
            NAN,
            NAN,
            NAN,
            "Change, 2010-20",
            NAN,
            "Job openings due to growth",
        ],
        [NAN, NAN, "Number", NAN, "Percent distribution"],
        [NAN, NAN, 2010, 2020, 2010, 2020, "Number", "Percent"],
        ["Total, All Occupations", "00-0000", 300, 340, 100, 100, 40, 13.3, 90],
        ["Chief Executives", "11-1011", 100, 120, 33, 35, 20, 20, 40],
        ["Cooks", "35-2010", 200, 220, 67, 65, 20, 10, 50],
        ["Source: BLS"],
    )
    leavers = frame(
        ["Table 1.10 Replacement needs"],
        ["title and code", NAN, "2010 Employment", "2010-20 Replacement rate", "2010-20 Replacement needs"],
        ["Chief Executives", "11-1011", 100, 20.0, 20],
        ["Cooks", "35-2010", 200, 15.0, 30],
    )
    items = frame(
        ["Table 1.11"], ["t", NAN, "Less"], ["Chief Executives", "11-1011", 1], ["Cooks", "35-2010", 2]
    )
    return Raw("old.xls", employment, leavers, items)


def new_layout() -> Raw:
    employment = frame(
        ["Table 1.2"],
        [
            "title and code",
            NAN,
            "Occupation type",
            "Employment",
            NAN,
            NAN,
            NAN,
            "Change",
            NAN,
            "Openings, annual average",
        ],
        [NAN, NAN, NAN, "Number", NAN, "Percent distribution"],
        [NAN, NAN, NAN, 2016, 2026, 2016, 2026, "Number", "Percent"],
        ["Chief executives(1)", "11-1011", "Line item", 110, 100, 30, 30, -10, -9, 8],
        ["Cooks and chefs", "35-2010", "Line item", 240, 250, 70, 70, 10, 4, 30],
    )
    rate, count = "Occupational separations rate, annual average", "Occupational separations, annual average"
    leavers = frame(
        ["Table 1.10"],
        ["title and code", NAN, "type", "Employment", NAN, rate, NAN, NAN, count, NAN, NAN],
        [
            NAN,
            NAN,
            NAN,
            2016,
            2026,
            "Labor force exits",
            "Occupational transfers",
            "Total",
            "Labor force exits",
            "x",
            "y",
        ],
        ["Chief executives", "11-1011", "Line item", 110, 100, 3.0, 4.0, 7.0, 3.3, 4.4, 7.7],
        ["Cooks and chefs", "35-2010", "Line item", 240, 250, 6.0, 9.0, 15.0, 14, 21, 35],
    )
    items = frame(
        ["Table 1.11"], ["t", NAN, "Less"], ["Chief executives", "11-1011", 1], ["Cooks", "35-2010", 2]
    )
    return Raw("new.xlsx", employment, leavers, items)


def test_the_old_layout_gives_yearly_net_replacement() -> None:
    found = tidy(old_layout())
    assert (found.base_year, found.target_year) == (2010, 2020)
    items = found.line_items()
    assert items.index.tolist() == ["11-1011", "35-2010"]
    assert items["net_replacement"].tolist() == pytest.approx([0.02, 0.015])
    assert items["openings"].tolist() == [4, 5]
    assert items["exits"].isna().all()


def test_the_new_layout_gives_exits_and_transfers() -> None:
    items = tidy(new_layout()).line_items()
    assert items[["base", "target", "openings"]].to_numpy().tolist() == [[110, 100, 8], [240, 250, 30]]
    assert items["exits"].tolist() == pytest.approx([0.03, 0.06])
    assert items["transfers"].tolist() == pytest.approx([0.04, 0.09])
    assert items["net_replacement"].isna().all()


def test_vintages_match_on_code_and_title() -> None:
    both = matched(tidy(old_layout()), tidy(new_layout()))
    assert both.index.tolist() == ["11-1011"], "cooks were renamed"
    assert both.loc["11-1011", ["base", "target", "actual"]].tolist() == [100, 120, 110]


def test_another_layout_is_refused() -> None:
    raw = old_layout()
    with pytest.raises(InputError, match="two columns of employment"):
        tidy(Raw(raw.file, raw.leavers, raw.leavers, raw.items))
    with pytest.raises(InputError, match="no code of an occupation"):
        tidy(Raw(raw.file, frame(["nothing"]), raw.leavers, raw.items))
    with pytest.raises(InputError, match="rates of exits and transfers"):
        tidy(Raw(raw.file, raw.employment, raw.items, raw.items))


def test_jobs_must_be_numbers() -> None:
    raw = old_layout()
    raw.employment.iloc[5, 2] = "n/a"
    with pytest.raises(InputError, match=r"'n/a'.*jobs in thousands"):
        tidy(raw)


def test_relative_separations_by_hand() -> None:
    """One occupation in one group, one spread evenly over two groups."""
    vintage: Vintage = tidy(new_layout())
    crosswalk = pd.DataFrame(
        {"soc": ["11-1011", "35-2010", "35-2010"], "isco": ["1120", "5120", "9411"]}, dtype=object
    )
    found = relative_separations(vintage, crosswalk).set_index("occupation")
    exits = {"11": 110 * 0.03, "51": 120 * 0.06, "94": 120 * 0.06}
    jobs = {"11": 110, "51": 120, "94": 120}
    whole = sum(exits.values()) / sum(jobs.values())
    for group in exits:
        assert found.loc[group, "exit_rate_relative"] == pytest.approx(exits[group] / jobs[group] / whole)
        assert found.loc[group, "jobs"] == jobs[group]
    mean = np.average(found["transfer_rate_relative"], weights=found["jobs"])
    assert mean == pytest.approx(1)


def test_separations_are_rates_by_group_of_those_that_are_wanted() -> None:
    vintage = tidy(new_layout())
    crosswalk = pd.DataFrame({"soc": ["11-1011", "35-2010"], "isco": ["1120", "5120"]}, dtype=object)
    found = separations(vintage, crosswalk, {"51", "11", "99"}).set_index(["occupation", "kind"])
    assert set(found.index) == {(code, kind) for code in ("11", "51") for kind in ("exit", "transfer")}
    items = vintage.line_items()
    assert found.loc[("11", "exit"), "rate"] == pytest.approx(items.loc["11-1011", "exits"])
    assert found.loc[("51", "transfer"), "rate"] == pytest.approx(items.loc["35-2010", "transfers"])
    assert set(found["flag"]) == {"e"}
    assert set(separations(vintage, crosswalk, {"11"})["occupation"]) == {"11"}


@pytest.mark.shared
def test_both_vintages_as_published(shared: Path) -> None:
    pytest.importorskip("openpyxl")
    old, new = (tidy(bls_projections.read(shared, file)) for file in bls_projections.VINTAGES)
    assert (old.base_year, new.base_year) == (2010, 2016)
    for vintage in (old, new):
        total = vintage.occupations.set_index("soc").loc[bls_projections.TOTAL_SOC]
        items = vintage.line_items()
        assert items["base"].sum() == pytest.approx(total["base"], abs=2)
        assert items["target"].sum() == pytest.approx(total["target"], abs=2)
    reread = bls.read_employment(shared).set_index("soc")["jobs"]
    assert old.line_items()["base"].to_dict() == reread.to_dict(), "the two readers agree"
    assert len(matched(old, new)) == 724
    relative = relative_separations(new, bls.read_crosswalk(shared))
    assert len(relative) == 40
    assert np.average(relative["exit_rate_relative"], weights=relative["jobs"]) == pytest.approx(1)
