"""Bodies that all resources share: what answers have in common, and errors."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

MeasuredNumber = Annotated[float, WithJsonSchema({"type": ["number", "null"]})]
"""A number that may turn out to be NaN or infinite, and is null then."""


class AnswerModel(BaseModel):
    """A body, or a part of one, that this service sends.

    JSON has no NaN and no infinities: both are sent as null.
    """

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, ser_json_inf_nan="null")


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
    """An error on the prediction surface, in TensorFlow Serving's form."""

    error: str
