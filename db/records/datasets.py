"""Tables of uploaded datasets, their versions, and the runs that train on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.records.base import Base
from db.records.runs import RunRecord
from db.statements import database_now


class DatasetRecord(Base):
    """A name under which data were uploaded; the row stays when all its versions are deleted.

    Attributes:
        last_version: The highest number ever given. A deleted version's number does not come back, so a spec that
            names one never learns from other data than it meant.
    """

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class DatasetVersionRecord(Base):
    """What was uploaded under a name: bytes that no other version of it has.

    Attributes:
        sha256: Of the bytes; also where they are stored. Versions of other names may have the same.
        filename: What the file was called, if the client said so.
        kind: `table`, `arrays` or `images`.
        format: Of the bytes, such as `csv`.
        summary: How much it is, in a few words.
        description: core.uploads.description.DescriptionFile.
    """

    __tablename__ = "dataset_versions"

    dataset_name: Mapped[str] = mapped_column(ForeignKey(DatasetRecord.name), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str | None]
    kind: Mapped[str]
    format: Mapped[str]
    summary: Mapped[str]
    description: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())

    __table_args__ = (UniqueConstraint("dataset_name", "sha256"),)


class RunDatasetRecord(Base):
    """Which version a run learns from. The row goes when either does."""

    __tablename__ = "run_datasets"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), primary_key=True)
    dataset_name: Mapped[str]
    version: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset_name", "version"],
            [DatasetVersionRecord.dataset_name, DatasetVersionRecord.version],
            ondelete="CASCADE",
        ),
        Index("ix_run_datasets_dataset_name_version", "dataset_name", "version"),
    )
