"""Bodies of error answers. api/errors.py writes them; these describe them in the OpenAPI document."""

from pydantic import Field

from api.schemas.base import AnswerModel


class ProblemEntry(AnswerModel):
    """One thing that is wrong."""

    pointer: str
    """JSON Pointer (RFC 6901) into the body that was sent; empty for the whole."""
    detail: str
    code: str


class ProblemDocument(AnswerModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    """The status in words."""
    status: int
    detail: str
    """What came, what was expected, what to do."""
    code: str
    """A stable word for programs, such as `invalid_spec`."""
    errors: list[ProblemEntry]
    """Every mistake that was found; may be empty."""
    instance: str | None = Field(default=None)
    """On an internal error, what the service's log calls it."""


class PredictionError(AnswerModel):
    """An error on the prediction surface, as TensorFlow Serving tells it."""

    error: str
