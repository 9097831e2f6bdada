"""Listeners of one process: read once, told to each, within bounds, with nothing lost or doubled."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from api.live import hub as hub_module
from api.live import listeners as listeners_module
from api.live import reader as reader_module
from api.live.hub import EventHub
from api.live.sources import AllRuns, OneRun
from core.errors import DatabaseUnavailable, ServerBusy
from core.run_positions import RunPosition
from db import run_events, runs
from db.changes import ChangeWatch
from db.session import Database
from storage.artifact_folder import ArtifactFolder

HANG_SECONDS = 30


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def queue_run(database):
    def queue(**changes):
        options = {"experiment": "trials", "model_name": "adder", "spec": {"seed": 7}} | changes
        with database.transaction() as session:
            return runs.create(session, **options).id

    return queue


async def admit():
    return True


class Client:
    """A client of a hub: keeps the events that it was sent."""

    def __init__(self, hub, source, event_id="", *, kinds=(), is_admitted=admit):
        self._hub = hub
        position = source.read_position(event_id) if event_id else None
        self.listener = hub.listen(source, position, kinds, is_admitted)
        self.events = []
        self.event_id = event_id
        self.is_over = False

    async def read_until(self, condition):
        async with asyncio.timeout(HANG_SECONDS):
            while not condition(self):
                content = await self.listener.next()
                if not content:
                    self.is_over = True
                    assert condition(self), self.events
                    return self
                self._take(content.decode())
        return self

    async def read(self, num_events):
        await self.read_until(lambda client: len(client.events) >= num_events)
        return self.events

    async def read_to_the_end(self):
        return (await self.read_until(lambda client: client.is_over)).events

    def leave(self):
        self._hub.leave(self.listener)

    def _take(self, text):
        for block in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            self.event_id = fields.get("id", self.event_id)
            if "event" in fields:
                self.events.append((fields["event"], json.loads(fields["data"])))


def kinds(events):
    return [kind for kind, _ in events]


def steps_of(events, key="train/loss"):
    return [
        step
        for kind, data in events
        if kind == "metrics"
        for series in data["series"]
        if series["key"] == key
        for step in series["steps"]
    ]


@pytest.fixture
def open_hub(make_settings):
    @asynccontextmanager
    async def opened(**changes):
        settings = make_settings(**changes)
        own = Database(settings.effective_database_url)
        hub = EventHub(settings, own, ArtifactFolder(settings.artifacts_dir))
        following = asyncio.Event()
        loop = asyncio.get_running_loop()

        def note(run_ids):
            hub.note(run_ids)
            loop.call_soon_threadsafe(following.set)

        watch = ChangeWatch(own, on_runs=note)
        watch.start()
        await following.wait()
        try:
            yield hub
        finally:
            await hub.close()
            await loop.run_in_executor(None, watch.stop)
            own.dispose()

    return opened


def run(scenario):
    asyncio.run(scenario())


def test_a_run_is_followed_to_its_end(open_hub, queue_run, worker, make_line):
    run_id = queue_run()

    async def scenario():
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id))
            await client.read(1)
            claimed = worker.claim()
            await client.read(2)
            worker.report(claimed, **{"train/loss": (0.5, 0.4)})
            await client.read(4)
            worker.finish(claimed, make_line(2.0))
            events = await client.read_to_the_end()
            assert kinds(events) == ["state", "state", "metrics", "progress", "end"]
            assert (events[-1][1]["state"], events[-1][1]["model_version"]) == ("succeeded", 1)
            assert hub.num_listeners == 1
            client.leave()
            assert hub.num_listeners == 0

    run(scenario)


def test_all_listeners_of_a_run_are_told_by_one_reading(open_hub, queue_run, worker, monkeypatch):
    run_id = queue_run()
    claimed = worker.claim()
    num_read = 0
    read = run_events.read

    def count(*arguments):
        nonlocal num_read
        num_read += 1
        return read(*arguments)

    monkeypatch.setattr(run_events, "read", count)

    async def scenario():
        nonlocal num_read
        async with open_hub() as hub:
            clients = [Client(hub, OneRun(run_id)) for _ in range(200)]
            for client in clients:
                await client.read(1)
            before = num_read
            worker.report(claimed, **{"train/loss": (0.5, 0.4)})
            for client in clients:
                assert kinds(await client.read(3)) == ["state", "metrics", "progress"]
            # SQLite reports the commit alone, and PostgreSQL the run; the revision tells whether there is anything.
            assert num_read - before <= 2

    run(scenario)


def test_listeners_that_come_and_go_miss_nothing_and_hear_nothing_twice(open_hub, queue_run, worker):
    run_id = queue_run()
    claimed = worker.claim()

    async def scenario():
        async with open_hub() as hub:
            steady = Client(hub, OneRun(run_id))
            told = []
            event_id = ""
            for last in range(1, 13):
                worker.report(claimed, step=last, num_steps=12, **{"train/loss": [0.5] * last})
                client = Client(hub, OneRun(run_id), event_id)
                await client.read_until(lambda one, last=last: last in steps_of(one.events))
                told += client.events
                event_id = client.event_id
                client.leave()
            await steady.read_until(lambda one: 12 in steps_of(one.events))
            assert steps_of(told) == steps_of(steady.events) == list(range(1, 13))
            assert [data["step"] for kind, data in told if kind == "progress"] == list(range(1, 13))

    run(scenario)


def test_a_listener_gets_the_events_that_it_asked_for(open_hub, queue_run, worker, make_line):
    run_id = queue_run()

    async def scenario():
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id), kinds=["metrics"])
            claimed = worker.claim()
            worker.report(claimed, **{"train/loss": (0.5,)})
            worker.finish(claimed, make_line(2.0))
            assert kinds(await client.read_to_the_end()) == ["metrics", "end"]

    run(scenario)


def test_a_listener_that_does_not_read_is_sent_away_and_continues_where_it_was(
    open_hub, queue_run, worker, monkeypatch
):
    monkeypatch.setattr(listeners_module, "MAX_WAITING_BYTES", 4000)
    run_id = queue_run()
    claimed = worker.claim()

    async def scenario():
        async with open_hub() as hub:
            slow, steady = Client(hub, OneRun(run_id)), Client(hub, OneRun(run_id))
            await slow.read(1)
            for last in range(1, 41):
                worker.report(claimed, step=last, num_steps=40, **{"train/loss": [0.5] * last})
                await steady.read_until(lambda one, last=last: last in steps_of(one.events))
            assert slow.listener.is_closed
            events = await slow.read_to_the_end()
            assert kinds(events) == ["state", "resume"]
            assert events[1][1]["code"] == "too_slow"
            again = Client(hub, OneRun(run_id), slow.event_id)
            await again.read_until(lambda one: 40 in steps_of(one.events))
            assert steps_of(again.events) == steps_of(steady.events) == list(range(1, 41))

    run(scenario)


def test_more_listeners_than_allowed_are_asked_to_come_back(open_hub, queue_run):
    run_id = queue_run()

    async def scenario():
        async with open_hub(max_event_listeners=2) as hub:
            clients = [Client(hub, OneRun(run_id)) for _ in range(2)]
            with pytest.raises(ServerBusy, match="TRAINYARD_MAX_EVENT_LISTENERS"):
                Client(hub, OneRun(run_id))
            clients[0].leave()
            await Client(hub, OneRun(run_id)).read(1)

    run(scenario)


def test_streams_end_when_the_process_does_and_further_ones_are_refused(open_hub, queue_run):
    run_id = queue_run()

    async def scenario():
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id))
            await client.read(1)
            hub.end_streams()
            assert (await client.read_to_the_end())[-1][1]["code"] == "stopping"
            with pytest.raises(ServerBusy):
                Client(hub, OneRun(run_id))

    run(scenario)


def test_a_key_that_is_revoked_ends_its_stream_and_no_other(open_hub, queue_run, monkeypatch):
    monkeypatch.setattr(hub_module, "CHECK_SECONDS", 0.01)
    run_id = queue_run()
    is_valid = True
    num_asked = 0
    was_asked = asyncio.Event()

    async def ask():
        nonlocal num_asked
        num_asked += 1
        if num_asked == 3:
            was_asked.set()
        if num_asked == 1:
            raise DatabaseUnavailable("The database does not answer.")
        return is_valid

    async def scenario():
        nonlocal is_valid
        async with open_hub() as hub:
            client, other = Client(hub, OneRun(run_id), is_admitted=ask), Client(hub, OneRun(run_id))
            await client.read(1)
            async with asyncio.timeout(HANG_SECONDS):
                await was_asked.wait()
            assert not client.listener.is_closed
            is_valid = False
            assert (await client.read_to_the_end())[-1][1]["code"] == "key_refused"
            await other.read(1)
            assert not other.listener.is_closed

    run(scenario)


def test_a_comment_is_sent_while_nothing_happens(open_hub, queue_run, monkeypatch):
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.01)
    run_id = queue_run()

    async def scenario():
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id))
            await client.read(1)
            async with asyncio.timeout(HANG_SECONDS):
                assert await client.listener.next() == b":\n\n"

    run(scenario)


def test_a_lost_database_is_waited_for_and_nothing_is_missed(open_hub, queue_run, worker, monkeypatch, caplog):
    monkeypatch.setattr(reader_module, "RETRY_SECONDS", 0.01)
    run_id = queue_run()
    claimed = worker.claim()
    read = run_events.read_revisions
    is_away = False
    has_failed = threading.Event()

    def fail(*arguments):
        if is_away:
            has_failed.set()
            raise DatabaseUnavailable("The database does not answer.")
        return read(*arguments)

    monkeypatch.setattr(run_events, "read_revisions", fail)

    async def scenario():
        nonlocal is_away
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id))
            await client.read(1)
            is_away = True
            worker.report(claimed, **{"train/loss": (0.5,)})
            late = Client(hub, OneRun(run_id))
            async with asyncio.timeout(HANG_SECONDS):
                await asyncio.to_thread(has_failed.wait, HANG_SECONDS)
            is_away = False
            assert kinds(await client.read(3)) == ["state", "metrics", "progress"]
            assert kinds(await late.read(3)) == ["state", "metrics", "progress"]

    run(scenario)
    assert caplog.text.count("hear nothing new") == 1


def test_an_unexpected_error_sends_all_listeners_away(open_hub, queue_run, monkeypatch, caplog):
    run_id = queue_run()
    read = run_events.read

    async def scenario():
        async with open_hub() as hub:
            monkeypatch.setattr(run_events, "read", lambda *_: 1 / 0)
            events = await Client(hub, OneRun(run_id)).read_to_the_end()
            assert kinds(events) == ["resume"]
            monkeypatch.setattr(run_events, "read", read)
            await Client(hub, OneRun(run_id)).read(1)

    run(scenario)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_connections_that_postgresql_ends_are_made_again(open_hub, queue_run, worker, database):
    run_id = queue_run()
    claimed = worker.claim()

    async def scenario():
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id))
            await client.read(1)
            end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            with database.reading() as session:
                session.execute(text(end_others + "AND datname = current_database()"))
            worker.report(claimed, **{"train/loss": (0.5, 0.4)})
            await client.read_until(lambda one: 2 in steps_of(one.events))
            assert steps_of(client.events) == [1, 2]

    run(scenario)


def test_all_runs_are_told_with_their_progress(open_hub, queue_run, worker, monkeypatch):
    monkeypatch.setattr(reader_module, "PROGRESS_SECONDS", 0.0)
    queue_run(experiment="other")

    async def scenario():
        async with open_hub() as hub:
            client, narrow = Client(hub, AllRuns()), Client(hub, AllRuns("trials"))
            (snapshot,) = await client.read(1)
            assert snapshot[1] == {
                "counts": {"queued": 1, "running": 0, "paused": 0, "succeeded": 0, "failed": 0, "cancelled": 0},
                "running": [],
                "missed": False,
            }
            assert (await narrow.read(1))[0][1]["counts"]["queued"] == 0
            claimed = worker.claim()
            run_id = queue_run()
            events = await client.read_until(lambda one: kinds(one.events).count("run") == 2)
            assert [(data["run_id"], data["state"]) for kind, data in events.events if kind == "run"] == [
                (str(claimed.run_id), "running"),
                (str(run_id), "queued"),
            ]
            worker.report(claimed, step=5, num_steps=10, **{"train/loss": (0.5,)})
            events = await client.read_until(
                lambda one: any(kind == "progress" and data["latest_metrics"] for kind, data in one.events)
            )
            told = [data for kind, data in events.events if kind == "progress"][-1]
            assert (told["progress"]["fraction"], told["latest_metrics"]) == (0.5, {"train/loss": 0.5})
            await narrow.read_until(lambda one: "run" in kinds(one.events))
            assert [data["experiment"] for kind, data in narrow.events if kind == "run"] == ["trials"]

            again = Client(hub, AllRuns(), client.event_id)
            worker.fail(claimed)
            await again.read_until(lambda one: "run" in kinds(one.events))
            assert [data["state"] for kind, data in again.events if kind == "run"] == ["failed"]

    run(scenario)


def test_the_log_is_told_in_whole_lines_and_to_its_end(open_hub, queue_run, worker, make_line, settings):
    run_id = queue_run()
    claimed = worker.claim()
    log = settings.scratch_dir / str(run_id) / "trainer.log"
    log.parent.mkdir(parents=True)
    log.write_text("first\nsec")

    def text_of(events):
        return "".join(data["text"] for kind, data in events if kind == "log")

    async def scenario():
        async with open_hub() as hub:
            client = Client(hub, OneRun(run_id, with_log=True))
            await client.read_until(lambda one: text_of(one.events) == "first\n")
            with log.open("a") as file:
                file.write("ond ü\nthi")
            await client.read_until(lambda one: text_of(one.events) == "first\nsecond ü\n")
            late = Client(hub, OneRun(run_id, with_log=True))
            await late.read_until(lambda one: text_of(one.events) == "first\nsecond ü\n")
            cut = client.event_id
            with log.open("a") as file:
                file.write("rd")
            stored = make_line(2.0)
            (stored / "trainer.log").write_text(log.read_text())
            worker.finish(claimed, stored)
            log.unlink()
            whole = "first\nsecond ü\nthird"
            assert text_of(await client.read_to_the_end()) == text_of(await late.read_to_the_end()) == whole
            again = Client(hub, OneRun(run_id, with_log=True), cut)
            assert text_of(await again.read_to_the_end()) == "third"
            assert RunPosition.read(again.event_id, run_id).stage == "e"

    run(scenario)
