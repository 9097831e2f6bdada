"""Schema of the database: every table, for migrations and tests."""

from sqlalchemy import MetaData

from db.records.base import Base
from db.records.batch_predictions import BatchAttemptRecord, BatchPredictionRecord
from db.records.datasets import DatasetRecord, DatasetVersionRecord, RunDatasetRecord
from db.records.events import RunChangeRecord, WebhookDeliveryRecord, WebhookRecord
from db.records.metrics import MetricChunkRecord, MetricPointRecord, MetricRollupRecord, MetricSeriesRecord
from db.records.observation import ServingSummaryRecord
from db.records.registry import (
    AliasChangeRecord,
    AliasRecord,
    AliasTargetRecord,
    ModelRecord,
    ModelVersionRecord,
    RegistryChangeRecord,
)
from db.records.runs import (
    ArtifactRecord,
    AttemptRecord,
    CheckpointRecord,
    ExperimentRecord,
    RunNumberRecord,
    RunRecord,
    RunTagRecord,
    RunTextRecord,
    RunWordRecord,
)
from db.records.service import (
    ApiKeyRecord,
    CompatibilityRecord,
    IdempotencyRecord,
    SubmitterRecord,
    SweepRecord,
    WorkerRecord,
)

RECORDS: tuple[type[Base], ...] = (
    ExperimentRecord,
    RunRecord,
    RunTagRecord,
    RunWordRecord,
    RunNumberRecord,
    RunTextRecord,
    AttemptRecord,
    CheckpointRecord,
    ArtifactRecord,
    MetricSeriesRecord,
    MetricPointRecord,
    MetricChunkRecord,
    MetricRollupRecord,
    ModelRecord,
    ModelVersionRecord,
    AliasRecord,
    AliasTargetRecord,
    AliasChangeRecord,
    RegistryChangeRecord,
    ServingSummaryRecord,
    DatasetRecord,
    DatasetVersionRecord,
    RunDatasetRecord,
    BatchPredictionRecord,
    BatchAttemptRecord,
    ApiKeyRecord,
    SubmitterRecord,
    IdempotencyRecord,
    WorkerRecord,
    SweepRecord,
    RunChangeRecord,
    WebhookRecord,
    WebhookDeliveryRecord,
    CompatibilityRecord,
)
"""Class of every table."""

METADATA: MetaData = Base.metadata
"""Every table with its columns, constraints and indexes, as migrations compare them with a database."""
