"""From the beginning of a run's id to the run that was meant."""

import re
import uuid
from itertools import islice
from typing import TYPE_CHECKING

from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.trainyard_client import TrainyardClient

NUM_SEARCHED = 1000
NUM_NAMED = 5
# Ids begin with their time in milliseconds, 12 digits, so fewer than 4 say little but the year.
BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")


def find_run_id(client: "TrainyardClient", text: str) -> str:
    """The full id that begins with this text, looked for among the newest 1,000 runs.

    A full id is returned as it is, whatever its age.

    Raises:
        InvalidArgument: If none or several begin so, or it can not be the beginning of an id.
    """
    text = text.strip().lower()
    if _is_full_id(text):
        return text
    if not BEGINNING.fullmatch(text):
        raise InvalidArgument(
            f"'{text}' is not a run's id or its beginning, 4 digits or more. `trainyard runs` lists the ids."
        )
    matches = [run.id for run in islice(client.list_runs(), NUM_SEARCHED) if run.id.startswith(text)]
    if not matches:
        raise InvalidArgument(f"None of the newest {NUM_SEARCHED:,} runs has an id that begins with '{text}'.")
    if len(matches) > 1:
        more = ", …" if len(matches) > NUM_NAMED else ""
        raise InvalidArgument(
            f"{len(matches)} runs have an id that begins with '{text}': {', '.join(matches[:NUM_NAMED])}{more}. "
            "Give more digits."
        )
    return matches[0]


def _is_full_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
