from uuid import UUID, uuid4

import pytest

from core.errors import InvalidInput
from core.run_positions import RunPosition, Stage

RUN = UUID("01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62")

POSITIONS = [
    RunPosition(0, Stage.QUEUED),
    RunPosition(3, Stage.CANCELLING, 2**32 - 1, 2, 10**12, {1: 0, 2**62: 2**63 - 1}),
    RunPosition(1, Stage.ENDED, steps={number: number * 7 for number in range(200)}),
]


@pytest.mark.parametrize("position", POSITIONS)
def test_what_is_written_is_read(position):
    assert RunPosition.read(position.write(RUN), RUN) == position


@pytest.mark.parametrize("position", POSITIONS)
def test_an_id_is_ascii_without_spaces_and_without_nul(position):
    """As the field of an event and as a header."""
    text = position.write(RUN)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


def test_an_id_stays_short():
    assert (
        len(RunPosition(1, Stage.RUNNING, 2**32 - 1, steps={10**6 + key: 10**6 for key in range(20)}).write(RUN)) < 250
    )


@pytest.mark.parametrize(
    "text",
    ["", ":", "1", "abc", "q.0.0.0.0:", "q.0.0.0.0::00000000", "\x00", "é" * 10, "q" * 100_000, "🙂:🙂", "-1", "NaN"],
)
def test_a_made_up_id_is_rejected(text):
    with pytest.raises(InvalidInput, match="last event id") as caught:
        RunPosition.read(text, RUN)
    assert caught.value.problems[0].code == "invalid_event_id"
    assert len(caught.value.detail) < 400


def test_an_id_of_another_run_is_rejected():
    with pytest.raises(InvalidInput):
        RunPosition.read(POSITIONS[0].write(RUN), uuid4())


def test_an_id_that_was_changed_is_rejected():
    text = POSITIONS[1].write(RUN)
    for place in range(len(text)):
        changed = text[:place] + ("1" if text[place] != "1" else "2") + text[place + 1 :]
        with pytest.raises(InvalidInput):
            RunPosition.read(changed, RUN)
