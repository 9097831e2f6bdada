"""Embedded broker: doorbells as files in one folder, for machines without a broker installed.

This is kombu's filesystem transport (kombu 5.7, `kombu/transport/filesystem.py`) with its two message operations
replaced, because its source and a stress test (two publishers, two consumers, 6,000 messages) showed:

- A message is written in place under its final name. A consumer that lists the folder in between reads an empty file
  and its JSON decoder raises, which ends a Celery worker; three times in about 2,500 messages. Here a message is
  written under another name and renamed, so it appears complete.
- A taken message is moved to the machine's temporary folder. Where that is another filesystem the move is a copy and
  a delete, and two consumers can both take one message. Here it is renamed within the data directory: one rename wins.
- Exchanges are files that are truncated before they are locked and written. A publisher killed in between leaves
  an empty file on which every later declaration fails. Only the anonymous exchange is used here, which needs no file.

The reconciler has to cover what remains: a message is removed from the folder before it is processed. A worker killed
between taking a doorbell and claiming a run loses that doorbell; so does a machine that loses power, because nothing is
synced to disk. The number of files is not limited either: a service without a worker accumulates one small file per
submitted run, and a later worker finds nothing to claim for most of them.
"""

import logging
import time
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps, loads

# Celery waits 2 s at a time, and checks only in between whether the worker should stop.
LONGEST_WAIT_SECONDS = 0.25

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Channel whose messages appear complete and are taken once."""

    _is_away = False

    # The two base classes of kombu's channel disagree on the name of the second argument.
    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        """Add a message to a queue.

        Raises:
            ChannelError: If the folder cannot be written to.
        """
        # Names sort by age. Consumers match the part after the first dot.
        name = f"{time.time_ns():020d}-{uuid4().hex}.{queue}"
        folder = Path(self.data_folder_out)
        unfinished = folder / f"{name}.unfinished"
        try:
            unfinished.write_text(dumps(payload), encoding="utf-8")
            unfinished.rename(folder / f"{name}.msg")
        except OSError as error:
            raise ChannelError(f"Cannot write a message to {folder}: {error.strerror}.") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002  # Part of the base class's signature.
        """Take the oldest message of a queue.

        Raises:
            Empty: If there is none, or the folder cannot be read.
        """
        try:
            message = self._take_oldest(f"{queue}.msg")
        except OSError as error:
            # Full, unmounted, or removed by mistake. Celery would end the worker, which finds runs without doorbells.
            if not self._is_away:
                logger.warning("No doorbells: %s: %s.", error.filename, error.strerror)
            self._is_away = True
            raise Empty from error
        if self._is_away:
            logger.warning("Doorbells can be read again.")
        self._is_away = False
        if message is not None:
            return message
        raise Empty

    def _take_oldest(self, ending: str) -> Any:
        for waiting in sorted(Path(self.data_folder_in).iterdir()):
            if waiting.name.partition(".")[2] != ending:
                continue
            taken = Path(self.processed_folder) / waiting.name
            try:
                waiting.rename(taken)
            except FileNotFoundError:
                continue  # Another worker was faster.
            content = taken.read_text(encoding="utf-8", errors="replace")
            taken.unlink()
            try:
                return loads(content)
            except ValueError:
                # A foreign file, or truncated by a power cut. Idle workers look for unclaimed runs.
                logger.warning("Dropped the unreadable doorbell %s.", waiting.name)
        return None


class Transport(filesystem.Transport):
    """kombu's filesystem transport over the channel above."""

    Channel = Channel
    # Bindings of this transport only, not shared with other uses of kombu in the same process.
    global_state = virtual.BrokerState()

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> Any:
        """Wait for a message, for `timeout` seconds or LONGEST_WAIT_SECONDS if that is less."""
        if timeout is not None:
            timeout = min(timeout, LONGEST_WAIT_SECONDS)
        return super().drain_events(connection, timeout=timeout, **options)
