"""Methods of the clients for runs: submit, look, list."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from trainyard.async_run import AsyncRun
from trainyard.following import follow, follow_async
from trainyard.resources import runs
from trainyard.resources.events import ALL_PATH, HEARTBEAT, RunEvent, choose
from trainyard.resources.runs import RunSnapshot
from trainyard.resources.specs import PresetOrSpec
from trainyard.run import Run
from trainyard.transport import AsyncTransport, Transport


class RunMethods:
    """Part of `Client`."""

    _transport: Transport

    def submit(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        notes: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Queue a run of a preset or of a spec.

        However often the request has to be sent, one run comes of it: it carries an Idempotency-Key.

        Args:
            preset_or_spec: A preset's name, or a whole spec as a dict.
            variant: One of the preset's variants.
            overrides: A JSON merge patch (RFC 7396) on the preset's spec, after the variant's.
            experiment: Group to put the run in; by default named as the preset or the spec.
            tags: Words of your own, kept with the run.
            notes: Text for people, kept with the run.
            priority: Queued runs of a higher one are started first; -100 to 100, by default 0.
            idempotency_key: A fresh one by default. Give one to make the run once however often a program is started.

        Raises:
            InvalidRequest: If the spec cannot be trained; `problems` lists where.
            NotFound: If no preset has this name, or the preset no such variant.
        """
        operation = runs.submit(
            preset_or_spec,
            variant=variant,
            overrides=overrides,
            experiment=experiment,
            tags=tags,
            notes=notes,
            priority=priority,
            idempotency_key=idempotency_key,
        )
        return Run(self._transport, self._transport.send(operation))

    def submit_batch(self, requests: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None) -> list[Run]:
        """Queue up to 1,000 runs in one request: all of them, or none if one is refused.

        Args:
            requests: Bodies as of `POST /v1/runs`: `{"preset": "iris-keras", "overrides": {"seed": 1}}`, or
                `{"spec": {...}}`, each with `experiment`, `tags`, `notes` and `priority` if wanted.
            idempotency_key: For all of them; a fresh one by default.

        Returns:
            Handles in the order of the requests; their state is `unknown` until they are looked at.

        Raises:
            InvalidRequest: If some cannot be trained; `problems` lists the mistakes of all, such as at `/runs/17/spec`.
        """
        ids = self._transport.send(runs.submit_batch(requests, idempotency_key))
        return [Run(self._transport, RunSnapshot.of_unknown(run_id)) for run_id in ids]

    def run(self, run_id: str) -> Run:
        """Return the handle of a run without asking the service; its state is `unknown` until it is looked at."""
        return Run(self._transport, RunSnapshot.of_unknown(run_id))

    def get_run(self, run_id: str) -> Run:
        """Return one run, as it is now.

        Raises:
            NotFound: If there is none of this id.
        """
        return Run(self._transport, self._transport.send(runs.get(run_id)))

    def list_runs(
        self,
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        filter: str | None = None,  # noqa: A002 - named as the service's parameter
        find: str | None = None,
        sort: str | None = None,
        page_size: int = 100,
    ) -> Iterator[Run]:
        """Yield the runs that fit, fetched a page at a time as they are asked for.

        Args:
            states: Such as `["queued", "running"]`; all by default.
            experiment: Only runs of this experiment.
            model: Only runs that train this model.
            filter: Condition in the filter language, such as `tags.team = vision and spec.training.epochs > 5`.
            find: Beginnings of words in names, tags and notes.
            sort: Field to sort by, such as `-metrics."epoch/validation/accuracy".best`; newest first by default.
            page_size: Runs to fetch in one request, 1,000 at most.

        Raises:
            InvalidRequest: If the filter has a mistake; the message points at the character.
        """
        search = runs.Search(states=states, experiment=experiment, model=model, filter=filter, find=find, sort=sort)
        found = self._transport.list(lambda cursor: runs.list_page(search, page_size=page_size, cursor=cursor))
        return (Run(self._transport, snapshot) for snapshot in found)

    def events(
        self,
        *,
        experiment: str | None = None,
        model: str | None = None,
        last_id: str = "",
        unreachable_timeout: float = 60.0,
    ) -> Iterator[RunEvent]:
        """Yield each change of the state of a run, without an end: first a `snapshot` of the present state.

        Args:
            experiment: Only runs of this experiment.
            model: Only runs that train this model.
            last_id: Id of the event to continue after.
            unreachable_timeout: Seconds for which a service that is away is asked again.
        """
        found = follow(
            self._transport,
            ALL_PATH,
            choose(experiment, model),
            last_id=last_id,
            unreachable_timeout=unreachable_timeout,
        )
        return (event for event in found if event.type != HEARTBEAT)

    def select_runs(
        self,
        fields: Sequence[str],
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        filter: str | None = None,  # noqa: A002 - named as the service's parameter
        find: str | None = None,
        sort: str | None = None,
        page_size: int = 1000,
    ) -> Iterator[dict[str, Any]]:
        """Yield some fields of the runs that fit, as nested dicts: quicker than whole runs.

            for run in client.select_runs(["id", "tags.team", "metrics.epoch/train/loss.best"], sort="-created_at"):
                print(run["id"], run["tags"].get("team"))

        Args:
            fields: Names such as `id`, `tags.NAME`, `spec.PATH`, `metrics."KEY".best`.
            states: As for `list_runs`, like all others.
            experiment: Only runs of this experiment.
            model: Only runs that train this model.
            filter: Condition in the filter language.
            find: Beginnings of words in names, tags and notes.
            sort: Field to sort by.
            page_size: Runs to fetch in one request.

        Raises:
            InvalidRequest: If there is no such field, or the filter has a mistake.
        """
        search = runs.Search(states=states, experiment=experiment, model=model, filter=filter, find=find, sort=sort)
        found = self._transport.list(
            lambda cursor: runs.select_page(search, fields, page_size=page_size, cursor=cursor)
        )
        return (run.fields for run in found)


class AsyncRunMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def submit(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        notes: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRun:
        """Queue a run of a preset or of a spec; see `Client.submit`."""
        operation = runs.submit(
            preset_or_spec,
            variant=variant,
            overrides=overrides,
            experiment=experiment,
            tags=tags,
            notes=notes,
            priority=priority,
            idempotency_key=idempotency_key,
        )
        return AsyncRun(self._transport, await self._transport.send(operation))

    async def submit_batch(
        self, requests: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> list[AsyncRun]:
        """Queue up to 1,000 runs in one request; see `Client.submit_batch`."""
        ids = await self._transport.send(runs.submit_batch(requests, idempotency_key))
        return [AsyncRun(self._transport, RunSnapshot.of_unknown(run_id)) for run_id in ids]

    def run(self, run_id: str) -> AsyncRun:
        """Return the handle of a run without asking the service; see `Client.run`."""
        return AsyncRun(self._transport, RunSnapshot.of_unknown(run_id))

    async def get_run(self, run_id: str) -> AsyncRun:
        """Return one run, as it is now; see `Client.get_run`."""
        return AsyncRun(self._transport, await self._transport.send(runs.get(run_id)))

    def list_runs(
        self,
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        filter: str | None = None,  # noqa: A002 - named as the service's parameter
        find: str | None = None,
        sort: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[AsyncRun]:
        """Yield the runs that fit, newest first: `async for run in client.list_runs()`; see `Client.list_runs`."""
        search = runs.Search(states=states, experiment=experiment, model=model, filter=filter, find=find, sort=sort)
        found = self._transport.list(lambda cursor: runs.list_page(search, page_size=page_size, cursor=cursor))
        return (AsyncRun(self._transport, snapshot) async for snapshot in found)

    async def events(
        self,
        *,
        experiment: str | None = None,
        model: str | None = None,
        last_id: str = "",
        unreachable_timeout: float = 60.0,
    ) -> AsyncIterator[RunEvent]:
        """Yield each change of the state of a run; see `Client.events`."""
        parameters = choose(experiment, model)
        options: dict[str, Any] = {"last_id": last_id, "unreachable_timeout": unreachable_timeout}
        async for event in follow_async(self._transport, ALL_PATH, parameters, **options):
            if event.type != HEARTBEAT:
                yield event

    def select_runs(
        self,
        fields: Sequence[str],
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        filter: str | None = None,  # noqa: A002 - named as the service's parameter
        find: str | None = None,
        sort: str | None = None,
        page_size: int = 1000,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield some fields of the runs that fit; see `Client.select_runs`."""
        search = runs.Search(states=states, experiment=experiment, model=model, filter=filter, find=find, sort=sort)
        found = self._transport.list(
            lambda cursor: runs.select_page(search, fields, page_size=page_size, cursor=cursor)
        )
        return (run.fields async for run in found)
