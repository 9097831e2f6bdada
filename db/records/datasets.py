"""Tables of uploaded datasets, their versions, and the runs that train on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.uploads.folder import content_key
from db.records.base import Base
from db.records.runs import RunRecord
from db.statements import database_now


class DatasetRecord(Base):
    """An uploaded dataset; the row stays when all its versions are deleted.

    Attributes:
        last_version: The highest number ever assigned. The number of a deleted version is not reused, so a spec that
            names a version never trains on other data.
    """

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class DatasetVersionRecord(Base):
    """A version of an uploaded dataset; no other version of it has the same bytes, read with the same options.

    Attributes:
        sha256: Hash of the bytes. Versions of other datasets may have the same.
        reading: Digest of the options that they were read with; "" if none was set. Their place in the store is
            core.uploads.folder.content_key of both.
        filename: Name of the client's file, if given.
        kind: `table`, `arrays` or `images`.
        format: Format of the bytes, such as `csv`.
        summary: Size in a few words.
        description: core.uploads.description.DescriptionFile.
        submitted_by: Name of the API key that uploaded it; NULL without keys, and in uploads of earlier versions.
    """

    __tablename__ = "dataset_versions"

    dataset_name: Mapped[str] = mapped_column(ForeignKey(DatasetRecord.name), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    reading: Mapped[str] = mapped_column(String(16), default="", server_default=text("''"))
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str | None]
    kind: Mapped[str]
    format: Mapped[str]
    summary: Mapped[str]
    description: Mapped[dict[str, Any]]
    submitted_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())

    @property
    def key(self) -> str:
        """Name of the folder in the store."""
        return content_key(self.sha256, self.reading)

    __table_args__ = (UniqueConstraint("dataset_name", "sha256", "reading"),)


class RunDatasetRecord(Base):
    """The dataset version that a run trains on; deleted with either."""

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
