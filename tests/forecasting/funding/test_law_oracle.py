"""The law's fast path equals plain loops with fractions, and keeps its promises on random tables."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.funding.law import Legal, constrain, load_rules
from forecasting.funding.law_cases import ITEMS
from forecasting.funding.law_rules import LAW
from tests.forecasting.funding.law_tables import COURSES, DAY, asked, granted, greedy, random_tables
from tests.oracles import law as oracle

RULES = load_rules(DAY)
SEEDS = st.integers(min_value=0, max_value=10**6)


def judged(applications: pd.DataFrame, grants: pd.DataFrame) -> Legal:
    return constrain(applications, grants, COURSES, RULES, DAY)


def rows_of(frame: pd.DataFrame, *days: str) -> list[dict[str, object]]:
    found = frame.where(frame.notna(), None).to_dict("records")
    for row in found:
        for column, cell in row.items():
            if column in days:
                row[column] = dt.date.fromisoformat(cell)
            elif cell is None:
                row[column] = float("nan")
    return found


def in_loops(applications: pd.DataFrame, grants: pd.DataFrame) -> "oracle._Court":
    rows = rows_of(applications, "applied_on", "starts_on")
    asked_for = [row | {"vulnerable": row["vulnerable"] is True} for row in rows]
    past, law = rows_of(grants, "granted_on"), oracle.law_of(LAW)
    return oracle.court(asked_for, past, rows_of(COURSES), law, DAY)


@pytest.mark.parametrize("seed", range(10))
def test_caps_and_shared_caps_equal_plain_loops(seed: int) -> None:
    applications, grants = random_tables(seed, 100)
    legal, slow = judged(applications, grants), in_loops(applications, grants)
    found = legal.applications.set_index("application")
    for row in slow.asked:
        assert int(found.loc[row["id"], "eligible_cents"]) == slow.eligible(row), row
        assert int(found.loc[row["id"], "cap_cents"]) == slow.most(row), row
    members = legal.membership.groupby("group")["application"].agg(frozenset)
    shared = {members[row.group]: int(row.cap_cents) for row in legal.groups.itertuples()}
    assert shared == slow.together()


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_more_grants_never_raise_a_cap(seed: int) -> None:
    applications, grants = random_tables(seed, 30)
    less, more = judged(applications, grants.iloc[:9]), judged(applications, grants)
    assert (more.applications["cap_cents"] <= less.applications["cap_cents"]).all()
    before = less.groups.set_index("group")["cap_cents"]
    both = more.groups[more.groups["group"].isin(before.index)]
    assert (both["cap_cents"] <= both["group"].map(before)).all()


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    applications, grants = random_tables(seed, 24)
    shuffled = applications.sample(frac=1, random_state=seed), grants.sample(frac=1, random_state=seed)
    one, two = judged(applications, grants), judged(*shuffled)
    columns = ["application", "cap_cents", "refused", "binding"]
    again = two.applications.sort_values("application", ignore_index=True)
    assert one.applications.sort_values("application", ignore_index=True)[columns].equals(again[columns])
    groups = ["group", "rule", "cap_cents", "members_cents", "members"]
    assert one.groups[groups].equals(two.groups[groups])


@settings(max_examples=5, deadline=None)
@given(
    st.sampled_from(["gber_31", "de_minimis", "sgei", "vov", "kmo"]),
    st.integers(min_value=2, max_value=40_000_000),
    st.floats(min_value=0.01, max_value=0.99),
    st.integers(min_value=0, max_value=29_000_000),
)
def test_splitting_does_not_raise_the_sum(regime: str, cost: int, share: float, used: int) -> None:
    part = min(max(int(cost * share), 1), cost - 1)
    whole = {"regime": regime, "participants": 4}
    first = dict.fromkeys(ITEMS, part / 100) | {"participants": 1}
    second = dict.fromkeys(ITEMS, (cost - part) / 100) | {"participants": 3}
    portefeuille = {"amount": min(used, 700_000) / 100, "regime": "kmo", "granted_on": "2026-01-05"}
    grants = granted({"amount": used / 100}, portefeuille)
    total = greedy(judged(asked(whole | dict.fromkeys(ITEMS, cost / 100)), grants))
    assert greedy(judged(asked(whole | first, whole | second), grants)) <= total


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_every_refusal_and_every_cap_cites_a_rule_in_force(seed: int) -> None:
    legal = judged(*random_tables(seed, 24))
    found, rows = legal.findings, legal.applications
    assert rows["refused"].eq(rows["cap_cents"] == 0).all()
    assert (rows["cap_cents"] <= rows["eligible_cents"]).all()
    assert rows["binding"].map(bool)[rows["cap_cents"] < rows["eligible_cents"]].all()
    refusals = found.loc[found["kind"] == "refused", "application"]
    assert set(rows.loc[rows["refused"], "application"]) == set(refusals)
    for row in found.itertuples():
        versions = {each.start.isoformat(): each.article for each in RULES[row.rule].versions}
        assert versions[row.version] == row.article
        assert row.detail
        assert row.kind not in {"refused", "cap"} or RULES[row.rule].binds


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_a_full_payment_stays_within_the_ceilings(seed: int) -> None:
    applications, grants = random_tables(seed, 24)
    legal, slow = judged(applications, grants), in_loops(applications, grants)
    for row in slow.asked:
        if row["regime"] not in {"de_minimis", "sgei"}:
            continue
        rows, label = legal.applications, f"{row['regime']} · {row['undertaking']}"
        mine = rows["undertaking"].eq(row["undertaking"]) & rows["regime"].eq(row["regime"])
        group = legal.groups.loc[legal.groups["group"] == label, "cap_cents"]
        most = min([int(rows.loc[mine, "cap_cents"].sum()), *group.astype(int)])
        assert most <= max(slow.room(row), 0)


@pytest.mark.full
def test_a_hundred_thousand_applications_in_seconds() -> None:
    import time

    parts = [random_tables(seed, 500) for seed in range(4)]
    many = pd.concat([part for part, _ in parts] * 50, ignore_index=True).assign(same_costs_as="")
    many["id"] = [f"A{number}" for number in range(len(many))]
    many["undertaking"] = [f"U{number}" for number in np.arange(len(many)) // 2]
    grants = pd.concat([part for _, part in parts] * 50, ignore_index=True).assign(application="")
    grants["id"] = [f"G{number}" for number in range(len(grants))]
    begin = time.process_time()
    legal = judged(many, grants)
    assert time.process_time() - begin < 10
    assert len(legal.applications) == 100_000
