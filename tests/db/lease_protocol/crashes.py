"""Deaths of a process at a chosen place: before or after a statement, before or after a commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial

from sqlalchemy import event
from sqlalchemy.orm import Session

from db.session import Database


class Died(Exception):
    """The process is dead."""


class Place(StrEnum):
    """Kind of a place at which a process may die."""

    BEFORE_STATEMENT = "before a statement"
    AFTER_STATEMENT = "after a statement"
    BEFORE_COMMIT = "before a commit"
    AFTER_COMMIT = "after a commit"


class Crashes:
    """Counts the places that a process passes, and ends it at one of them.

    The database rolls back what a dead process had not committed, as it does when the connection of a real one ends.

    Attributes:
        passed: Places that the last armed block has passed, in order.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._place: int | None = None
        self._is_armed = False
        self.passed: list[Place] = []
        for name, place in (
            ("before_cursor_execute", Place.BEFORE_STATEMENT),
            ("after_cursor_execute", Place.AFTER_STATEMENT),
        ):
            event.listen(database.engine, name, partial(self._pass, place))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a transaction of the database; dying before its commit undoes it, after it nobody is told."""
        with self._database.transaction() as session:
            yield session
            self._pass(Place.BEFORE_COMMIT)
        self._pass(Place.AFTER_COMMIT)

    @contextmanager
    def armed(self, place: int | None) -> Iterator[None]:
        """Raise Died at a place, counted from 0, if the block comes that far; None never does."""
        self.passed, self._place, self._is_armed = [], place, True
        try:
            yield
        finally:
            self._is_armed = False

    def _pass(self, place: Place, *_) -> None:
        if not self._is_armed:
            return
        if len(self.passed) == self._place:
            # The dead pass no more places: not those of the rollback.
            self._is_armed = False
            raise Died
        self.passed.append(place)
