import pytest

from core.errors import BrokerUnavailable, DatabaseNewer, DatabaseOutdated, DatabaseUnavailable, TrainyardError
from core.system.waiting import wait_for


class Flaky:
    """Raises the given errors one after the other, then nothing."""

    def __init__(self, *errors: TrainyardError) -> None:
        self.errors = list(errors)
        self.num_calls = 0

    def __call__(self) -> None:
        self.num_calls += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr("core.system.waiting.POLL_SECONDS", 0.01)


def test_nothing_is_said_where_nothing_has_to_be_waited_for(said):
    wait_for(Flaky(), 10, said.append)
    assert said == []


def test_each_reason_is_said_once_and_the_end_of_the_wait_too(said):
    check = Flaky(
        DatabaseUnavailable("Refused."),
        DatabaseUnavailable("Refused."),
        DatabaseUnavailable("Starting up."),
        DatabaseOutdated("Not up to date."),
    )
    wait_for(check, 60, said.append, (DatabaseUnavailable, DatabaseOutdated))
    assert check.num_calls == 5
    assert said == [
        "Waiting. Refused.",
        "Waiting. Starting up.",
        "Waiting. Not up to date.",
        "The wait is over.",
    ]


def test_the_wait_is_bounded_and_ends_with_the_last_reason(said):
    with pytest.raises(BrokerUnavailable, match=r"Gave up after 0\.05 s\. Refused\."):
        wait_for(Flaky(*[BrokerUnavailable("Refused.")] * 1000), 0.05, said.append)


def test_a_permanent_error_is_raised_at_once(said):
    check = Flaky(DatabaseNewer("Written by a newer one."))
    with pytest.raises(DatabaseNewer):
        wait_for(check, 60, said.append, (DatabaseUnavailable, DatabaseOutdated))
    assert check.num_calls == 1
