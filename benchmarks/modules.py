"""`python -m benchmarks.modules`: how many modules of ours a warm request passes through.

A module counts when a function of it runs in the serving process, in whichever thread, from the moment a request
arrives until its answer is out and the doorbell it rings has been heard. Requests of the same kind went before, so that
nothing is imported or made for the first time.
"""

import asyncio
import logging
import sys
import threading
import time
from types import FrameType
from typing import Any

from api.app import create_app
from benchmarks.requests import ask_app
from benchmarks.stored_service import stored_service

PACKAGES = frozenset({"api", "core", "db", "jobs", "serving"})

COUNTED = ("submit a run", "predict")

NUM_WARM = 3

RING_SECONDS = 0.5


class ModuleCounter:
    """Notes the modules of ours whose functions begin while it is recording."""

    def __init__(self) -> None:
        self.is_recording = False
        self.names: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Take a call that the interpreter reports."""
        if self.is_recording and event == "call":
            name = frame.f_globals.get("__name__", "")
            if name.partition(".")[0] in PACKAGES:
                self.names.add(name)


def main() -> None:
    """Count and print."""
    logging.disable()
    counter = ModuleCounter()
    # Before any thread is started that answers requests.
    threading.setprofile(counter)
    sys.setprofile(counter)
    asyncio.run(_count(counter))


async def _count(counter: ModuleCounter) -> None:
    with stored_service() as (settings, questions):
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            for question in questions:
                if question.name not in COUNTED:
                    continue
                for _ in range(NUM_WARM):
                    await ask_app(app, question)
                await asyncio.to_thread(time.sleep, RING_SECONDS)
                counter.names.clear()
                counter.is_recording = True
                await ask_app(app, question)
                await asyncio.to_thread(time.sleep, RING_SECONDS)
                counter.is_recording = False
                print(f"{question.name}: {len(counter.names)} modules")
                for name in sorted(counter.names):
                    print(f"  {name}")


if __name__ == "__main__":
    main()
