"""Files of runs as examples."""

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import ArtifactCorrupt, UnknownArtifact

UNKNOWN_ARTIFACT = UnknownArtifact(f"Run {EXAMPLE_RUN_ID} has no artifact 'model.onx'. Did you mean 'model.onnx'?")

NO_LOG = UnknownArtifact(f"Run {EXAMPLE_RUN_ID} was cancelled and left no log.")

CORRUPT = ArtifactCorrupt("The artifact 8f434346648f… has changed on disk. Train the run again.")

LOG = "2026-03-02 09:30:00,171 INFO    Training iris-tanh on CPU\n2026-03-02 09:30:01,480 INFO    Exported model.onnx\n"
