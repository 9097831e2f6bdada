import re

import pytest

PAGES = ["/docs", "/redoc"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_only_files_of_this_service_that_are_there(client, page):
    answer = client.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href|spec-url|data-openapi-url)="([^"]+)"', answer.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert address.startswith("/"), address
        loaded = client.get(address)
        assert loaded.status_code == 200, address
        assert loaded.content
    assert "http://" not in answer.text
    assert "https://" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_may_run_no_script_but_those_of_this_service(client, page):
    answer = client.get(page)
    policy = dict(part.strip().split(" ", maxsplit=1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    # What the policy forbids is not in the page either.
    assert not re.search(r"<script(?![^>]*src=)", answer.text)


def test_a_page_behind_a_prefix_finds_its_files(make_settings):
    from starlette.testclient import TestClient  # noqa: PLC0415 - conftest.py imports it first, without its warning.

    from api.app import create_app  # noqa: PLC0415

    with TestClient(create_app(make_settings()), base_url="http://127.0.0.1:8000", root_path="/trainyard") as client:
        assert 'src="/trainyard/static/vendor/redoc/redoc.standalone.js"' in client.get("/trainyard/redoc").text


def test_the_root_leads_browsers_to_the_documentation(client):
    answer = client.get("/", headers={"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
    assert answer.status_code == 307
    assert answer.headers["location"] == "/docs"


def test_the_root_tells_programs_that_the_service_lives(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


def test_nothing_but_static_files_is_served_as_such(client):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/vendor", "/static/nothing.js"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
