"""Models in memory, as the registry has them: no prediction waits for the database."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from starlette.concurrency import run_in_threadpool

from api.served_models.addresses import ModelAddress, check_address
from api.served_models.loading import ModelLoader
from core.errors import ArtifactCorrupt, DatabaseUnavailable, TrainyardError, UnknownModel
from core.served_models import ServedAlias, ServedModel, ServedVersion
from db import served_models
from db.session import Database

logger = logging.getLogger(__name__)

MAX_MODELS = 10_000
"""Models in memory, without their networks; each takes about 300 bytes and 200 a version."""

READING_THREADS = 2

RETRY_SECONDS = 30.0
"""Time after which a version that could not be loaded is tried again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A version that could not be loaded.

    Attributes:
        at: Time of the attempt, of the monotonic clock.
    """

    error: TrainyardError
    at: float


@dataclass(slots=True)
class Entry:
    """A model in memory.

    Attributes:
        failures: Versions that could not be loaded.
        is_used: True if a request has asked for it since all models were last read again.
        is_stale: True if it may have changed, and is read again for the next request.
    """

    model: ServedModel
    failures: dict[int, Failure] = field(default_factory=dict)
    is_used: bool = True
    is_stale: bool = False

    def choose(self, version: int | str | None, request_id: str = "") -> ServedVersion | None:
        """Return the version that answers a request; None if there is none.

        A version that could not be loaded is only chosen by its number; the newest of the others answers requests that
        name none.
        """
        if version is None:
            sound = next((number for number in self.model.versions if number not in self.failures), self.model.newest)
            return self.model.versions[sound]
        if isinstance(version, str):
            alias = self.model.aliases.get(version)
            return None if alias is None else self.model.versions.get(alias.choose(request_id))
        return self.model.versions.get(version)


class ModelTable:
    """Models in memory. All methods but `refresh_now` and `forget_soon` belong to the event loop's thread.

    A model is read at its first use, and again whenever it has changed. What replaces a network in memory is loaded
    before it takes over, so that no request waits for it, and a version that cannot be loaded replaces nothing.

    Args:
        database: The registry.
        loader: Loads networks.
    """

    def __init__(self, database: Database, loader: ModelLoader) -> None:
        self._database = database
        self._loader = loader
        self._entries: dict[str, Entry] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        # Of its own: routes that wait in `refresh_now` may occupy all threads of the framework.
        self._threads = ThreadPoolExecutor(READING_THREADS, thread_name_prefix="registry-read")
        self._due: dict[str, None] = {}
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Callable[[Entry], Awaitable[None]]] = []
        self._kept: frozenset[str] = frozenset()

    def on_refresh(self, listener: Callable[[Entry], Awaitable[None]], names: Iterable[str]) -> None:
        """Call a function with each model that has been read; models of these names are always read again at once."""
        self._listeners.append(listener)
        self._kept |= frozenset(names)

    def start(self) -> None:
        """Use the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    def find(self, model_name: str) -> Entry | None:
        """Return a model that is in memory, and as the registry has it."""
        entry = self._entries.get(model_name)
        if entry is None or entry.is_stale:
            return None
        entry.is_used = True
        return entry

    def peek(self, model_name: str) -> Entry | None:
        """Return what is in memory of a model, which may have changed since."""
        return self._entries.get(model_name)

    async def get(self, address: ModelAddress) -> Entry:
        """Return the model of an address that has the version, read from the registry if it is not in memory.

        Raises:
            UnknownModel: If there is none; the error lists known ones, or names the run that is training it.
            DatabaseUnavailable: If it is not in memory and the database does not answer.
        """
        entry = self.find(address.name)
        if entry is None or entry.choose(address.version) is None:
            entry = await self._read_again(address)
        if entry is None or entry.choose(address.version) is None:
            await run_in_threadpool(check_address, self._database, address)
            # It was registered between the two looks.
            raise UnknownModel(f"Model '{address.name}' has just changed. Try again.")
        entry.is_used = True
        return entry

    async def refresh(self, model_name: str) -> None:
        """Read a model again, so that requests from now on see what has been committed before.

        Raises:
            DatabaseUnavailable: If the database does not answer.
        """
        lock = self._locks.setdefault(model_name, asyncio.Lock())
        async with lock:
            model = await asyncio.get_running_loop().run_in_executor(self._threads, self._read, model_name)
            known = self._entries.get(model_name)
            if model is None:
                self._entries.pop(model_name, None)
            elif known is None:
                if len(self._entries) >= MAX_MODELS:
                    self._entries.clear()
                self._entries[model_name] = Entry(model)
            else:
                entry = await self._prepare(known, model)
                entry.is_used = known.is_used
                self._entries[model_name] = entry
            if known is not None:
                self._drop_unserved(known.model, model)
            read = self._entries.get(model_name)
            if read is not None:
                for listener in self._listeners:
                    await listener(read)
        if model_name not in self._entries:
            # Names that no model has must not take memory.
            self._locks.pop(model_name, None)

    def forget(self, names: Iterable[str] | None) -> None:
        """Read models again soon: those with these names, or all. Models that are not in memory are left alone.

        Of all models, those that no request asks for are only read again for the next one that does.
        """
        if names is not None:
            # What is being read for the first time may have been read before the change.
            self._due |= dict.fromkeys(name for name in names if name in self._entries or name in self._locks)
        else:
            self._due |= dict.fromkeys(name for name in self._locks if name not in self._entries)
            for name, entry in self._entries.items():
                if entry.is_used or name in self._kept:
                    entry.is_used = False
                    self._due[name] = None
                else:
                    entry.is_stale = True
        if self._due and self._reader is None:
            self._reader = asyncio.get_running_loop().create_task(self._read_due())

    def note_failure(self, entry: Entry, version: int, error: TrainyardError) -> None:
        """Note that a version could not be loaded, so that the one before answers in its place."""
        entry.failures[version] = Failure(error, time.monotonic())

    def refresh_now(self, model_name: str) -> None:
        """Read a model again, from another thread, and wait until requests see what that has committed."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._refresh_quietly(model_name), self._loop).result()

    def forget_soon(self, names: Iterable[str] | None) -> None:
        """Do as `forget`, from another thread, without waiting."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.forget, names)

    async def close(self) -> None:
        """Wait for the read in progress; others are not made."""
        self._due.clear()
        if self._reader is not None:
            await self._reader
        self._threads.shutdown(wait=False)

    async def _read_again(self, address: ModelAddress) -> Entry | None:
        """Read a model for a request; what was known of it must do if the database does not answer."""
        try:
            await self.refresh(address.name)
        except DatabaseUnavailable:
            entry = self._entries.get(address.name)
            if entry is None or entry.choose(address.version) is None:
                raise
            return entry
        return self._entries.get(address.name)

    async def _read_due(self) -> None:
        """Read one model after the other, so that requests of other kinds get their turn with the database."""
        try:
            while self._due:
                name = next(iter(self._due))
                del self._due[name]
                await self._refresh_quietly(name)
        finally:
            self._reader = None

    async def _refresh_quietly(self, model_name: str) -> None:
        try:
            await self.refresh(model_name)
        except TrainyardError as error:
            logger.warning("Model '%s' was not read again: %s It is served as it was.", model_name, error.detail)
        except Exception:
            # Nothing awaits this task, so nothing else would report the error.
            logger.exception("Model '%s' was not read again. It is served as it was.", model_name)

    async def _prepare(self, known: Entry, model: ServedModel) -> Entry:
        """Return a model that takes over from the known one, with what replaces networks in memory loaded."""
        now = time.monotonic()
        failures = {
            version: failure
            for version, failure in known.failures.items()
            if version in model.versions and now - failure.at < RETRY_SECONDS
        }
        entry = Entry(model, failures)
        if model.is_unloaded:
            return entry
        await self._load_newest(known, entry)
        aliases = {name: await self._load_alias(known, entry, name, alias) for name, alias in model.aliases.items()}
        entry.model = replace(model, aliases=aliases)
        return entry

    async def _load_newest(self, known: Entry, entry: Entry) -> None:
        before = known.choose(None)
        if before is None or self._loader.find(before) is None:
            return
        while (chosen := entry.choose(None)) is not None and chosen.version not in entry.failures:
            if await self._can_load(entry, chosen):
                return

    async def _load_alias(self, known: Entry, entry: Entry, name: str, alias: ServedAlias) -> ServedAlias:
        """Return the alias, or what it was before if one of its versions cannot be loaded."""
        before = known.model.aliases.get(name)
        if before is None or before == alias:
            return alias
        was = known.model.versions.get(before.version)
        if was is None or self._loader.find(was) is None:
            return alias
        for version in (alias.version, *(number for number, _ in alias.split)):
            served = entry.model.versions.get(version)
            if served is not None and not await self._can_load(entry, served):
                kept = {before.version, *(number for number, _ in before.split)}
                return before if kept <= set(entry.model.versions) else alias
        return alias

    async def _can_load(self, entry: Entry, served: ServedVersion) -> bool:
        try:
            await self._loader.load(entry.model.name, served)
        except ArtifactCorrupt as error:
            name = entry.model.name
            logger.warning("Version %d of '%s' does not take over: %s", served.version, name, error.detail)
            self.note_failure(entry, served.version, error)
            return False
        return True

    def _drop_unserved(self, before: ServedModel, now: ServedModel | None) -> None:
        """Drop the networks of versions that are not served any more."""
        served = {} if now is None or now.is_unloaded else now.versions
        kept = {version.network_sha256 for version in served.values()}
        for number, version in before.versions.items():
            if number not in served and version.network_sha256 not in kept:
                self._loader.drop(version)

    def _read(self, model_name: str) -> ServedModel | None:
        with self._database.reading() as session:
            return served_models.read(session, model_name)
