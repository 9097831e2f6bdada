"""Base class of response bodies, and bodies of errors."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from core.notices import Notice

MeasuredNumber = Annotated[
    float, WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
]
"""Number that may be NaN or infinite, which JSON cannot say: then it is one of these strings."""


class AnswerModel(BaseModel):
    """Base class of response bodies and their parts.

    NaN and infinities are sent as the strings that ProtoJSON has for them, because JSON has no numbers for them, and
    null says that there is no value.
    """

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, ser_json_inf_nan="strings")


class ProblemEntry(AnswerModel):
    """One mistake."""

    pointer: str
    """JSON Pointer (RFC 6901) into the request body; empty for the whole body."""
    detail: str
    code: str


class NoticeEntry(AnswerModel):
    """Warning: what works, but perhaps not as it was meant."""

    code: str
    """Stable word for programs, such as `rows_dropped`."""
    pointer: str
    """JSON Pointer (RFC 6901) to its place: of a run or a spec into `spec`, of a dataset into `description`; empty for
    the whole."""
    detail: str
    """The finding, its consequences, and a way to change them."""

    @classmethod
    def of(cls, notice: Notice) -> "NoticeEntry":
        """Return the entry of a notice."""
        return cls(code=notice.code, pointer=notice.pointer, detail=notice.detail)


class ExceededQuota(AnswerModel):
    """Quota that a request would exceed."""

    name: str
    """Its name, as in GET /v1/usage."""
    limit: int
    used: int
    """Use before the request."""


class ProblemDocument(AnswerModel):
    """Error (RFC 9457)."""

    type: str
    title: str
    """Name of the status."""
    status: int
    detail: str
    """Explanation: what was sent, what was expected, what to do."""
    code: str
    """Stable error code for programs, such as `invalid_spec`."""
    errors: list[ProblemEntry]
    """All mistakes that were found; may be empty."""
    instance: str | None = Field(default=None)
    """Id of an internal error in the service's log."""
    quota: ExceededQuota | None = Field(default=None)
    """The quota, if one was exceeded."""


class PredictionError(AnswerModel):
    """Error of a prediction route, in TensorFlow Serving's form."""

    error: str
