"""Every answer names the release that gave it, in the body and in the headers."""

import pytest

ADDRESSES = [
    "/v1/meta",
    "/v1/gaps",
    "/v1/occupations",
    "/v1/occupations/A",
    "/v1/occupations/A/skills",
    "/readyz",
    "/v1/gaps?occupation=nope",
    "/v1/gaps?nope=1",
    "/v1/gaps?limit=x",
    "/nope",
]
HEADERS = {
    "x-model-version": "3",
    "x-data-vintage": "2026-10 - Belgie",
    "x-base-year": "2025",
    "x-status": "made up",
    "x-taxonomy": "ISCO-08 2008, ESCO 1.2.0",
    "x-scenario": "baseline",
    "x-convention": "net",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_body_and_headers_name_the_same_release(client, served, address):
    release = (served.root / "releases").iterdir().__next__().name
    response = client.get(address)
    block = response.json()["release"]
    assert block["release"] == response.headers["x-release"] == release
    assert (block["model_version"], block["base_year"]) == ("3", 2025)
    assert block["data_vintage"] == "2026-10 – België"
    assert block["status"]["sentence"].startswith("Made-up figures")
    assert block["taxonomy"]["skills"] == {"name": "ESCO", "version": "1.2.0", "level": None}
    for name, value in HEADERS.items():
        assert response.headers[name] == value


@pytest.mark.parametrize("address", ["/", "/docs", "/openapi.json", "/static/page.css", "/healthz"])
def test_what_has_no_figures_names_it_in_the_headers(client, address):
    assert client.get(address).headers["x-model-version"] == "3"


@pytest.mark.parametrize("address", [*ADDRESSES, "/", "/docs", "/static/page.css"])
def test_security_headers_are_on_everything(client, address):
    headers = client.get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"]
