"""Bodies about the service itself."""

from typing import Literal

from api.http.schemas import AnswerModel


class Health(AnswerModel):
    """The process answers."""

    status: Literal["ok"]
    version: str


class ComponentState(AnswerModel):
    """How something that the service needs stands."""

    ok: bool
    detail: str | None = None


class Queue(AnswerModel):
    """How work stands."""

    queued: int
    running: int
    waiting: int
    """Queued runs that no worker has taken for 30 seconds."""


class Readiness(AnswerModel):
    """Whether requests can be answered now."""

    status: Literal["ready", "cannot train", "not ready"]
    """`cannot train`: requests are answered, predictions too, but no worker can train what is submitted."""
    not_ready: list[str]
    """Names of the components that are not; also of those that requests can do without."""
    components: dict[str, ComponentState]
    queue: Queue | None
    """Null while the database does not answer."""
