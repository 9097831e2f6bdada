"""Behaviour of `AsyncClient` alone; the tests of `Client` cover the rest for both."""

import asyncio
import threading

from trainyard import AsyncClient

RUN_IDS = [f"01920000-0000-7000-8000-00000000000{number}" for number in range(3)]


def test_runs_are_waited_for_together(fake, answer, run_document):
    seen = set()

    def look(request):
        # None of them ends before each was looked at.
        seen.add(request.path)
        state = "succeeded" if len(seen) == len(RUN_IDS) else "running"
        return answer(run_document(state, run_id=request.path.rpartition("/")[2]))

    for run_id in RUN_IDS:
        fake.on("GET", f"/v1/runs/{run_id}", look)

    async def wait():
        async with AsyncClient(fake.url) as client:
            return await asyncio.gather(*(client.run(run_id).wait(timeout=60) for run_id in RUN_IDS))

    assert [run.id for run in asyncio.run(wait())] == RUN_IDS


def test_progress_is_reported_in_the_thread_of_the_loop(fake, answer, tmp_path):
    source = tmp_path / "file"
    source.write_bytes(b"x" * 1_000_000)
    version = {"name": "flowers", "version": 1, "kind": "table", "format": "csv", "summary": "2 rows"}
    fake.on("POST", "/v1/datasets/flowers/versions", answer(version | {"sha256": "ab", "num_bytes": 1_000_000}, 201))
    threads = set()

    async def upload():
        async with AsyncClient(fake.url) as client:
            await client.upload_dataset(
                "flowers", source, on_progress=lambda _: threads.add(threading.current_thread())
            )

    asyncio.run(upload())
    assert threads == {threading.main_thread()}


def test_an_upload_and_its_second_reading_take_options(fake, answer, tmp_path):
    source = tmp_path / "file.csv"
    source.write_text("1;2")
    version = {"name": "flowers", "version": 1, "kind": "table", "format": "csv", "summary": "2 rows"}
    version |= {"sha256": "ab", "num_bytes": 3, "options": {"header": False, "quotechar": None, "columns": {}}}
    fake.on("POST", "/v1/datasets/flowers/versions", answer(version, 201))
    fake.on("GET", "/v1/datasets/flowers", answer({"name": "flowers", "newest": version}))
    fake.on("POST", "/v1/datasets/flowers/versions/1:reread", answer(version, 200))

    async def send():
        async with AsyncClient(fake.url) as client:
            options = {"header": False, "missing_words": [], "quotechar": None, "columns": {"ü": {"type": "text"}}}
            first = await client.upload_dataset("flowers", source, options=options)
            return first, await client.reread_dataset("flowers", options={"header": True})

    first, second = asyncio.run(send())
    assert fake.requests[0].query == [
        ("filename", "file.csv"),
        ("header", "false"),
        ("columns", '{"ü": {"type": "text"}}'),
    ]
    assert fake.requests[-1].body == {"header": True}
    assert (first.options, first.is_new, second.is_new, second.findings) == ({"header": False}, True, False, ())


def test_list_fetches_no_page_before_it_is_needed(fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document(run_id=RUN_IDS[0])], "next_cursor": "more"})

    async def take_first():
        async with AsyncClient(fake.url) as client:
            return (await anext(client.list_runs())).id

    assert asyncio.run(take_first()) == RUN_IDS[0]
    assert len(fake.requests) == 1


def test_runs_are_selected_and_changed(fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [{"id": RUN_IDS[0]}], "next_cursor": None})
    fake.on("PATCH", f"/v1/runs/{RUN_IDS[0]}", run_document(run_id=RUN_IDS[0]))

    async def change_first():
        async with AsyncClient(fake.url) as client:
            found = await anext(client.select_runs(["id"], find="x", sort="id"))
            return await client.run(found["id"]).update(tags={"a": "b"})

    assert asyncio.run(change_first()).id == RUN_IDS[0]
    assert fake.requests[0].query == [("find", "x"), ("sort", "id"), ("limit", "1000"), ("fields", "id")]
    assert fake.requests[1].body == {"tags": {"a": "b"}}
