"""Tables of the model registry: models, their versions and aliases."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.records.base import Base
from db.records.runs import RunRecord
from db.statements import database_now


class ModelRecord(Base):
    """A name under which succeeded runs register versions.

    Attributes:
        last_version: The highest number ever assigned. The number of a deleted version is not reused, so a name and
            a version always mean the same model.
    """

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class ModelVersionRecord(Base):
    """A model that a succeeded run registered; its files are the run's artifacts."""

    __tablename__ = "model_versions"

    model_name: Mapped[str] = mapped_column(ForeignKey(ModelRecord.name), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), unique=True)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class AliasRecord(Base):
    """A movable name of one version of a model; deleted with the version."""

    __tablename__ = "aliases"

    model_name: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    revision: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["model_name", "version"], [ModelVersionRecord.model_name, ModelVersionRecord.version], ondelete="CASCADE"
        ),
        Index("ix_aliases_model_name_version", "model_name", "version"),
    )
