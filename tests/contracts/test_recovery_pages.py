"""Looking for a hidden cell where people read: pages, the feed, changes between releases, commands' output.

The hidden cells' true figures, of releases without any threshold, are looked for as each place would write
them: rounded, with thousands separators, in per cent.
"""

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from forecasting.published import PUBLISHED
from forecasting.snapshot import Snapshot
from serve.bulk import formats
from serve.figures import Figures
from tests.contracts import recovery_attacks as attacks
from tests.contracts.recovery_region import SMALL, plain
from tests.training.awards import run

REGIONS = "NMSA"
HORIZONS = (1, 5)
_NUMBER = re.compile(r"\d[\d.,\u202f]*%?")
_PLACE = re.compile(r"\b(?:x|x1|x2|cx|width)=\"[\d.]+\"")
"""Where a drawing puts things: no figure."""
_TELLING = 4
"""Digits from which a figure that is written somewhere is no coincidence."""


def written(value: float) -> set[str]:
    """Return a figure in all the ways in which a page, a report or a sentence writes figures."""
    value = abs(value)
    found = {repr(value), *(f"{value:.{places}f}" for places in range(7)), f"{value:,.0f}", f"{value:.4g}"}
    found |= {f"{100 * value:.{places}f}%" for places in range(2)} | {f"{100 * value:.1f}"}
    for language in ("nl", "en"):
        found |= {Figures(language).persons(value), Figures(language).share(value, 1)}
    return {each for each in found if len(re.sub(r"\D", "", each).lstrip("0")) >= _TELLING}


def figures_of(
    tables: dict[str, pd.DataFrame], cells: Iterable[attacks.Cell] | None = None
) -> Iterator[float]:
    """Yield the figures of tables by cell; of some cells, or of all."""
    for table in tables.values():
        rows = table
        if cells is not None:
            if not {"region", "occupation"} <= set(table):
                continue
            rows = table[pd.MultiIndex.from_frame(table[["region", "occupation"]]).isin(list(cells))]
        for column in rows.select_dtypes("number"):
            if column not in ("year", "horizon", "from_year", "to_year"):
                yield from (float(each) for each in rows[column].dropna() if np.isfinite(each))


@pytest.fixture(scope="module")
def secrets(before: Snapshot, release: Snapshot, open_release: Snapshot) -> set[str]:
    """Return what the hidden cells' figures would look like, less what is public all the same."""
    public = {
        form
        for each in (before, release)
        for value in set(figures_of(plain(each)))
        for form in written(value)
    }
    hidden = {form for value in set(figures_of(plain(open_release), SMALL)) for form in written(value)}
    found = hidden - public
    assert len(found) > 2000
    return found


def leaked(text: str, secrets: set[str]) -> set[str]:
    """Return the secrets that a text holds as a number of its own."""
    return {each.rstrip(".,") for each in _NUMBER.findall(text)} & secrets


def rows_of(page: str, code: str) -> Iterator[str]:
    """Yield the words of each table row of a page that is of an occupation."""
    for row in re.findall(r"<tr\b.*?</tr>", page, flags=re.DOTALL):
        words = html.unescape(re.sub(r"<[^>]*>", " ", row))
        if re.match(rf"\D*\b{code}\b", words):
            yield words


def test_the_search_finds_what_a_page_would_write(secrets: set[str], open_release: Snapshot) -> None:
    gaps = plain(open_release)["gaps"].query("region == 'N' and occupation == '26' and horizon == 5")
    assert leaked(f"| 26 | {gaps['supply'].iloc[0]:.4f} |", secrets)
    supply = max(figures_of({"supply": plain(open_release)["supply"]}, SMALL))
    assert leaked(f"<td>{supply:.2f}</td>", secrets)
    assert written(1234.5) >= {"1,234", "1.234", "1234.5"}


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_no_page_shows_a_figure_of_a_hidden_cell(
    client: TestClient, both: tuple[Path, str, str], secrets: set[str], lang: str
) -> None:
    for region in REGIONS:
        for horizon in HORIZONS:
            for asked in both[1:]:
                address = f"/?region={region}&horizon={horizon}&lang={lang}&limit=100&release={asked}"
                page = client.get(address)
                assert page.status_code == 200, (address, page.text[:200])
                assert not leaked(_PLACE.sub("", page.text), secrets), address
            for place, code in SMALL if region != "A" else ():  # the last page is of the later release
                for words in rows_of(page.text, code) if place == region else ():
                    told = re.sub(rf"\b({code}|20\d\d|\d+ rolling)\b", "", words)
                    assert not re.search(r"\d", told), (address, words)
    assert not leaked(client.get(f"/dictionary?lang={lang}").text, secrets)


def test_no_bulk_format_feed_or_list_holds_a_figure_of_a_hidden_cell(
    client: TestClient, both: tuple[Path, str, str], secrets: set[str]
) -> None:
    kinds = [(name, kind) for name in PUBLISHED for kind in formats(name) if kind != "parquet"]
    addresses = [f"/v1/bulk/{name}.{kind}?release={both[2]}" for name, kind in kinds]
    assert sum(kind == "jsonstat" for _, kind in kinds) > 20
    addresses += ["/v1/releases", "/v1/releases.atom", "/v1/regions", "/v1/skills?limit=100"]
    addresses += [f"/v1/releases/{each}{part}" for each in both[1:] for part in ("", "/backtest")]
    addresses += [f"/v1/occupations?limit=100&release={both[2]}", "/v1/dictionary"]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text[:200])
        assert not leaked(answer.text, secrets), address


def test_the_changes_of_two_releases_tell_nothing_of_a_cell_hidden_in_one(
    client: TestClient, both: tuple[Path, str, str], before: Snapshot, release: Snapshot, secrets: set[str]
) -> None:
    """S 53 is shown in the earlier one: there it keeps its figures, of the later one it has none."""
    known = {both[1]: plain(before)["gaps"], both[2]: plain(release)["gaps"]}
    for old, new in (both[1:], both[:0:-1]):
        sides = [
            known[each].query("scenario == 'baseline'").set_index(attacks.KEY).sort_index()
            for each in (old, new)
        ]
        rebuilt = [side.copy() for side in sides]
        for region in REGIONS:
            for horizon in HORIZONS:
                address = f"/v1/releases/{new}/changes?from={old}&region={region}&horizon={horizon}&limit=100"
                answer = client.get(address)
                assert answer.status_code == 200, (address, answer.text[:200])
                assert not leaked(answer.text, secrets), address
                for item in answer.json()["items"]:
                    key = (region, item["occupation"]["code"], "baseline", horizon)
                    for name in ("openings", "supply", "unfilled"):
                        figures = item["figures"].get(name, {})
                        for side, which in zip(rebuilt, ("before", "after"), strict=True):
                            if figures.get(which) is not None:
                                side.loc[key, name] = figures[which]
        for side, published in zip(rebuilt, sides, strict=True):
            pd.testing.assert_frame_equal(side, published)  # nothing that the releases do not say
        lists = {name: plain(release)[name] for name in ("occupations", "regions")}
        told = [{**lists, "gaps": side.reset_index()} for side in rebuilt]
        assert list(attacks.by_release(*told)) == []


def test_the_attack_by_changes_finds_what_is_not_held_back(before: Snapshot, open_release: Snapshot) -> None:
    """Rows are hidden, sums are not: the change of a parent less those of its children is the hidden cell."""
    old, new = plain(before), plain(open_release)
    gaps = new["gaps"].copy()
    small = pd.MultiIndex.from_frame(gaps[["region", "occupation"]]).isin(list(SMALL))
    gaps.loc[small, ["openings", "supply", "unfilled"]] = np.nan
    gaps.loc[small, "reason"] = "confidential"
    assert list(attacks.by_release(old, {**new, "gaps": gaps}))


def test_no_command_prints_or_writes_a_figure_of_a_hidden_cell(
    both: tuple[Path, str, str], secrets: set[str], tmp_path: Path
) -> None:
    store, old, new = both
    for form in ("text", "json", "html"):
        for asked in ((old, new), (new, old)):
            said = run(store, "diff", *asked, "--format", form, "--budget", "1000000")
            assert not leaked(said, secrets), (form, asked)
    for region in "NS":
        run(store, "report", new, "--region", region, "--out", tmp_path / region, "--top", "100")
        run(
            store,
            "allocate",
            "--budget",
            "1000000",
            "--region",
            region,
            "--out",
            tmp_path / f"given {region}",
        )
    read = [
        path
        for path in sorted(tmp_path.rglob("*"))
        if path.suffix in (".csv", ".md", ".json", ".svg") and path.is_file()
    ]
    assert len(read) >= 10
    for path in read:
        text = path.read_text()
        if path.suffix == ".svg":  # of a picture only what it says: places on the canvas are no figures
            text = " ".join(re.findall(r"<text\b[^>]*>(.*?)</text>", text, flags=re.DOTALL))
        assert not leaked(text, secrets), path.name
        if path.name == "ranking.csv":
            codes = set(pd.read_csv(path, dtype=str)["occupation"])
            assert not codes & {code for place, code in SMALL if place == path.parent.name}
