"""The pages say what the snapshot says, in both languages, and load nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest

from serve.assets import load_pages

ELSEWHERE = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)


class Outline(HTMLParser):
    """What a test asks of a page: its text, the attributes of each kind of tag, and unbalanced tags."""

    VOID = frozenset({"meta", "link", "line", "rect", "circle", "br"})

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Check that tags close in order."""
        assert self.open.pop() == tag
        self.text += " " if tag in {"dt", "dd", "td", "th"} else ""

    def handle_data(self, data):
        """Collect text."""
        self.text += data

    def all(self, tag):
        """Return the attributes of every tag of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=["nl", "en"])
def language(request):
    return request.param


@pytest.fixture
def page(client, language):
    response = client.get("/", params={"lang": language})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


@pytest.mark.parametrize("address", ["/", "/?lang=nl", "/docs", "/static/page.css", "/static/docs.js"])
def test_nothing_is_loaded_from_elsewhere(client, address):
    assert not ELSEWHERE.search(client.get(address).text)


def test_everything_a_page_loads_is_served(client):
    for address in ("/", "/docs"):
        outline = Outline(client.get(address).text)
        loaded = [tag.get("src") for tag in outline.all("script")]
        loaded += [tag["href"] for tag in outline.all("link")]
        assert loaded
        for name in loaded:
            assert client.get(f"/{name}").status_code == 200


@pytest.mark.parametrize("address", ["/", "/docs"])
def test_nothing_that_the_policy_blocks(client, address):
    outline = Outline(client.get(address).text)
    assert not outline.all("style")
    assert all("src" in tag for tag in outline.all("script"))
    assert not [name for _, tag in outline.tags for name in tag if name == "style" or name.startswith("on")]


def test_the_page_is_well_formed_and_accessible(page, language):
    outline = Outline(page)
    assert outline.open == []
    assert outline.all("html") == [{"lang": language}]
    assert len(outline.all("caption")) == len(outline.all("h1")) == len(outline.all("main")) == 1
    assert all(tag["scope"] in {"row", "col"} for tag in outline.all("th"))
    drawings = outline.all("svg")
    assert len(drawings) == 1 + 3  # the axis, the total, and two occupations with a score
    assert all(tag["role"] == "img" and tag["aria-label"] for tag in drawings)
    assert len(outline.all("title")) == 1 + len(drawings)
    ids = [tag["id"] for _, tag in outline.tags if "id" in tag]
    assert len(ids) == len(set(ids))


def test_rows_are_ranked_and_a_missing_score_tells_why(client):
    text = Outline(client.get("/?lang=en").text).text
    assert text.index("Welders") < text.index("Nurses") < text.index("Hoefsmeden")
    assert "No score: there are no openings here to fill" in text
    assert "Lighthouse keepers" not in text


def test_the_intervals_are_drawn_from_the_snapshot(client):
    outline = Outline(client.get("/?lang=en").text)
    labels = [tag["aria-label"] for tag in outline.all("svg")]
    assert "Welders: P10 40%, P50 51%, P90 70%" in labels
    # the total comes first, then Welders: P10 0.4, P50 0.51, P90 0.7 on an axis 236 wide that starts at 12
    bar, dot = outline.all("rect")[1], outline.all("circle")[1]
    assert float(bar["x"]) == pytest.approx(12 + 236 * 0.4, abs=0.1)
    assert float(bar["width"]) == pytest.approx(236 * 0.3, abs=0.1)
    assert float(dot["cx"]) == pytest.approx(12 + 236 * 0.51, abs=0.1)


def test_figures_are_split_and_unknown_is_a_dash(client):
    text = " ".join(Outline(client.get("/?lang=nl").text).text.split())
    assert "nieuwe banen 240" in text
    assert "vervanging 760" in text
    assert "uit onderwijs 500" in text
    assert "werkzoekenden –" in text
    assert "4,1 % 2024" in text


def test_the_status_is_shown_and_escaped(client):
    page = client.get("/?lang=nl").text
    assert "Verzonnen gegevens" in page
    assert "&lt;b&gt;nothing&lt;/b&gt;" in page
    assert "<b>nothing</b>" not in page


def test_no_banner_when_current(store, client_of):
    store.promote(store.build(status={"label": "current", "sentence": "Data as of last month."}))
    assert 'class="banner"' not in client_of(store).get("/").text


def test_a_status_without_a_translation_is_shown_as_it_is(store, client_of):
    store.promote(store.build(status={"label": "brand new", "sentence": "?"}))
    assert "brand new" in client_of(store).get("/").text


def test_every_choice_leads_somewhere(client, page):
    links = [tag["href"] for tag in Outline(page).all("a") if tag["href"].startswith("?")]
    assert len(links) == 2 + 2 + 2  # regions, horizons, languages
    for link in links:
        assert client.get(f"/{link}").status_code == 200


def test_the_chosen_ones_are_marked(page):
    assert len([tag for tag in Outline(page).all("a") if tag.get("aria-current") == "true"]) == 3


def test_the_json_of_the_page_has_its_rows(client):
    outline = Outline(client.get("/?lang=nl&region=BE&horizon=1&limit=2").text)
    address = next(tag["href"] for tag in outline.all("a") if tag["href"].startswith("v1/gaps"))
    body = client.get(f"/{address}").json()
    assert (body["resolved"]["region"]["code"], body["resolved"]["horizon"]) == ("BE", 1)
    assert [item["occupation"]["label"] for item in body["items"]] == ["Lassers", "Verpleegkundigen"]


def test_parts_of_a_long_table_are_linked(client):
    first = Outline(client.get("/?lang=en&limit=2").text)
    following = [tag["href"] for tag in first.all("a") if "offset=2" in tag["href"]]
    assert len(following) == 1
    second = Outline(client.get(f"/{following[0]}").text)
    assert "Hoefsmeden" in second.text
    assert "3 to 3 of 3" in second.text
    assert [tag["href"] for tag in second.all("a") if "offset=0" in tag["href"]]


def test_the_footer_names_release_and_sources(page, served):
    release = next((served.root / "releases").iterdir()).name
    for told in (release, "2026-10 – België", "CC BY 4.0", "ISCO-08 2008", "fewer than 100 persons"):
        assert told in page
    assert "This service uses the ESCO classification of the European Commission." in page


def test_both_languages_have_the_same_words():
    words = load_pages().words
    assert words.keys() == {"nl", "en"}

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(below) for key, below in value.items()}
        return [shape(below) for below in value] if isinstance(value, list) else type(value)

    assert shape(words["nl"]) == shape(words["en"])


def test_the_words_cover_the_vocabulary():
    from forecasting.vocabulary import OTHER_SOURCES, REASONS, SUPPLY_SOURCES

    for words in load_pages().words.values():
        assert REASONS.keys() <= words["reasons"].keys()
        assert (SUPPLY_SOURCES | OTHER_SOURCES).keys() == words["supply_sources"].keys()


def test_the_chance_says_of_what_it_is_and_the_page_leads_to_the_dictionary(client):
    dutch, english = (client.get(f"/?lang={language}").text for language in ("nl", "en"))
    assert "Kans dat meer dan 10\u00a0% van de baanopeningen oningevuld blijft: 80\u00a0%." in dutch
    assert "Probability that more than 10% of the openings stay unfilled: 80%." in english
    assert 'href="dictionary?lang=nl"' in dutch


def test_the_dictionary_is_written_for_people(client):
    page = client.get("/dictionary?lang=nl").text
    assert "<code>shortage_threshold</code>: 0.1 (share of openings)" in page
    assert not re.search(r"{&#39;|{'|vocabulary\.|None", page)
    asked = client.get("/v1/dictionary?lang=nl")
    assert (asked.status_code, asked.headers["content-language"]) == (200, "en")
    assert (asked.json()["resolved"]["lang"], asked.json()["language"]) == ("nl", "en")
