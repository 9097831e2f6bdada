"""Storage of what is counted of predictions, and the drift of each model version."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from api.monitoring.drift_gauges import DriftGauges
from core.artifacts import ArtifactStore
from core.errors import ArtifactCorrupt
from core.observation.summaries import TrainingSummary
from core.served_models import ServedVersion
from core.signatures.signature import ModelSignature
from db import served_models, serving_summaries
from db.session import Database
from db.unknown_models import unknown_version
from serving.observation.comparison import Drift, find_drift
from serving.observation.observers import Served

Part = TypeVar("Part", bound=BaseModel)


class ServingArchive:
    """Counts of served rows in the database, with the files they are compared with; all methods may wait.

    Args:
        database: Database of the service.
        store: Files of model versions.
        gauges: Receives the rows that are counted, and from time to time the drift.
    """

    def __init__(self, database: Database, store: ArtifactStore, gauges: DriftGauges) -> None:
        self._database = database
        self._store = store
        self._gauges = gauges

    def read_reference(self, model_name: str, version: int) -> TrainingSummary | None:
        """Return the training summary of a version; None if it has none.

        Raises:
            DatabaseUnavailable: If the database does not answer.
            ArtifactCorrupt: If the file is missing, has changed or is not a summary.
        """
        with self._database.reading() as session:
            found = served_models.read_version(session, model_name, version)
        return None if found is None else self.read_summary(found)

    def read_summary(self, found: ServedVersion) -> TrainingSummary | None:
        """Return the training summary of a version; None if it has none.

        Raises:
            ArtifactCorrupt: If the file is missing, has changed or is not a summary.
        """
        sha256 = found.reference_sha256
        return None if sha256 is None else _read(self._store, sha256, TrainingSummary)

    def add(self, served: Sequence[Served]) -> None:
        """Add counts to those of the present hour; those of deleted versions are dropped.

        Raises:
            DatabaseUnavailable: If nothing could be stored.
        """
        with self._database.transaction() as session:
            # In one order, so that processes do not wait for one another's rows in a circle.
            for part in sorted(served, key=lambda part: (part.model_name, part.version)):
                serving_summaries.add(session, part.model_name, part.version, part.counts)
        for part in served:
            self._gauges.count(part.model_name, part.version, part.counts)
            if self._gauges.is_due(part.model_name, part.version):
                since = datetime.now(UTC) - self._gauges.window
                with self._database.reading() as session:
                    found = served_models.read_version(session, part.model_name, part.version)
                if found is not None:
                    self._gauges.show(part.model_name, part.version, self._compare(part.model_name, found, since))

    def find_drift(self, model_name: str, version: int, since: datetime | None) -> Drift:
        """Compare the rows that were served with the training samples of a version.

        Args:
            model_name: Name of the model.
            version: Number of the version.
            since: Leave out the hours and days that ended before.

        Raises:
            UnknownModel: If there is no such version; the error lists known ones.
            ArtifactCorrupt: If the version has no signature, or a file is missing or has changed.
        """
        with self._database.reading() as session:
            found = served_models.read_version(session, model_name, version)
            if found is None:
                raise unknown_version(session, model_name, version)
        return self._compare(model_name, found, since)

    def _compare(self, model_name: str, found: ServedVersion, since: datetime | None) -> Drift:
        if found.signature_sha256 is None:
            raise ArtifactCorrupt(f"Version {found.version} of '{model_name}' has no signature. Train the run again.")
        signature = _read(self._store, found.signature_sha256, ModelSignature)
        with self._database.reading() as session:
            windows = serving_summaries.read(session, model_name, found.version, since)
        return find_drift(signature, self.read_summary(found), [window.counts for window in windows])


def _read(store: ArtifactStore, sha256: str, kind: type[Part]) -> Part:
    try:
        return kind.model_validate_json(store.verified_path(sha256).read_bytes())
    except (OSError, ValidationError) as error:
        raise ArtifactCorrupt(f"The artifact {sha256[:12]}… cannot be read. Train the run again.") from error
