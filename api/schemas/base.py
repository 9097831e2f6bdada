"""What all bodies of answers share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema

MeasuredNumber = Annotated[float, WithJsonSchema({"type": ["number", "null"]})]
"""A number that may turn out to be NaN or infinite, and is null then."""


class AnswerModel(BaseModel):
    """A body, or a part of one, that this service sends.

    JSON has no NaN and no infinities: both are sent as null.
    """

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, ser_json_inf_nan="null")
