"""How a difference is shown: text that fits the terminal, JSON without NaN, a page that loads nothing."""

import html.parser
import json
from collections.abc import Callable

import pytest

from forecasting.snapshot import Snapshot
from training.diff import Difference, compare
from training.diff_views import WIDTH, as_html, as_json, as_text

BUDGET = 100_000_001
VIEWS: list[Callable[[Difference], str]] = [as_text, as_json, as_html]


@pytest.fixture(scope="module")
def difference(older: Snapshot, newer: Snapshot) -> Difference:
    return compare(older, newer, BUDGET, ("old", "new"))


def refuse(constant: str) -> None:
    pytest.fail(f"{constant} in JSON")


def test_json_has_no_nan_and_one_order(older: Snapshot, suppressed: Snapshot, difference: Difference) -> None:
    for found in (difference, compare(older, suppressed, BUDGET)):
        text = as_json(found)
        whole = json.loads(text, parse_constant=refuse)
        assert list(whole)[:4] == ["old", "new", "empty", "budget_cents"]
        assert isinstance(whole["euros"][0]["cents_old"], int)
    assert list(whole["cells"][0])[:3] == ["region", "occupation", "horizon"]


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_inputs_give_the_same_bytes(
    older: Snapshot, newer: Snapshot, difference: Difference, view: Callable[[Difference], str]
) -> None:
    assert view(compare(older, newer, BUDGET, ("old", "new"))) == view(difference)


def test_text_fits_the_terminal_and_totals_are_told(difference: Difference) -> None:
    text = as_text(difference, top=2)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert "1,000,000.01" in text
    assert "graduates" in text
    for cut in (0, 1, 2, 10):
        assert as_text(difference, top=cut).startswith("Difference old → new\n")


class _Loads(html.parser.HTMLParser):
    """Collect whatever a page would fetch, and check that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "srcset", "data", "action", "xlink:href"}
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in names]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_loads_nothing_and_is_well_formed(
    older: Snapshot, suppressed: Snapshot, difference: Difference
) -> None:
    for found in (difference, compare(older, older, BUDGET), compare(older, suppressed, BUDGET)):
        page, parser = as_html(found), _Loads()
        parser.feed(page)
        assert parser.fetched == []
        assert parser.open == []
        assert not {word for word in ("http:", "https:", "url(", "@import", "<script", "nan") if word in page}
    page = as_html(difference)
    assert page.count('role="img"') == 1 + len(difference.cells)
    assert 'aria-label="' in page


def test_names_are_escaped(older: Snapshot) -> None:
    assert "<script>" not in as_html(compare(older, older, 1, ("<script>", "b")))
