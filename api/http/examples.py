"""Errors that routes of several resources answer with, as examples."""

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import ArtifactCorrupt, BodyTooLarge, InvalidInput, UnknownPreset, UnknownRun

MALFORMED = InvalidInput("The body is not JSON: Expecting ',' delimiter, at line 1, column 24.")

TOO_LARGE = BodyTooLarge(
    "The body is larger than the 1,048,576 bytes this route takes. Send less, or raise TRAINYARD_MAX_BODY_BYTES."
)

UNKNOWN_RUN = UnknownRun(
    f"There is no run {EXAMPLE_RUN_ID}. It may have been deleted; GET /v1/runs lists those that exist."
)

UNKNOWN_PRESET = UnknownPreset("There is no preset 'binary-ader'. Did you mean 'binary-adder'?")

CORRUPT = ArtifactCorrupt("The artifact 8f434346648f… has changed on disk. Train the run again.")
