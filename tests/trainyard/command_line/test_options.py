import pytest

from trainyard import Client
from trainyard.command_line.options import find_run_id
from trainyard.errors import InvalidArgument

FIRST = "01920000-0000-7000-8000-000000000001"
SECOND = "01920000-0001-7000-8000-000000000002"


@pytest.fixture
def client(fake):
    with Client(fake.url) as connected:
        yield connected


@pytest.fixture
def two_runs(fake, run_document):
    fake.on(
        "GET", "/v1/runs", {"items": [run_document(run_id=SECOND), run_document(run_id=FIRST)], "next_cursor": None}
    )


@pytest.mark.usefixtures("two_runs")
def test_beginning_of_one_run_finds_it(client):
    assert find_run_id(client, "01920000-0001") == SECOND


@pytest.mark.usefixtures("two_runs")
def test_capital_letters_are_understood(client):
    assert find_run_id(client, " 01920000-0001-7000-8000-000000000002 ".upper()) == SECOND


@pytest.mark.usefixtures("two_runs")
def test_beginning_of_several_runs_names_them(client):
    with pytest.raises(InvalidArgument, match=f"2 runs .*{SECOND}, {FIRST}"):
        find_run_id(client, "01920000")


@pytest.mark.usefixtures("two_runs")
def test_beginning_of_no_run_is_rejected(client):
    with pytest.raises(InvalidArgument, match="None of the newest 1,000 runs"):
        find_run_id(client, "ffff")


def test_full_id_is_not_looked_up(client, fake):
    assert find_run_id(client, FIRST) == FIRST
    assert fake.requests == []


@pytest.mark.parametrize("text", ["", "019", "latest", "../models", "0192%", "01920000-0000-7000-8000-0000000000010"])
def test_text_that_begins_no_id_is_rejected_without_a_request(client, fake, text):
    with pytest.raises(InvalidArgument, match="not a run's id"):
        find_run_id(client, text)
    assert fake.requests == []


def test_search_ends_after_the_newest_1000_runs(client, fake, run_document):
    page = {"items": [run_document(run_id=FIRST)] * 100, "next_cursor": "more"}
    fake.on("GET", "/v1/runs", page)
    with pytest.raises(InvalidArgument, match="newest 1,000"):
        find_run_id(client, "ffff")
    assert len(fake.requests) == 10
