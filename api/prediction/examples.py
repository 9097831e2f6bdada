"""Examples of errors that predictions in every protocol may be answered with."""

from core.errors import ArtifactCorrupt, BodyTooLarge, DatabaseUnavailable, UnknownModel

MISSING = (
    UnknownModel("There is no model 'iris-kera'. Did you mean 'iris-keras'?"),
    UnknownModel(
        "Model 'iris-keras' is not trained yet: run 01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62 is running. "
        "Try again when it has succeeded."
    ),
)

CORRUPT = ArtifactCorrupt("The artifact 8f434346648f… has changed on disk. Train the run again.")

BUSY = DatabaseUnavailable("The database does not answer: connection refused. Try again.")

TOO_LARGE = BodyTooLarge(
    "The body is larger than the 16,777,216 bytes that this route accepts. "
    "Send fewer rows at a time, or raise TRAINYARD_MAX_PREDICT_BODY_BYTES."
)
