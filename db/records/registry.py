"""Tables of the model registry: models, their versions, and aliases with their history.

Triggers of the migration report each change of models, versions and aliases to every process that serves them: on
PostgreSQL by NOTIFY, on SQLite by a row of `registry_changes`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Integer, false
from sqlalchemy.orm import Mapped, mapped_column

from db.records.base import Base
from db.records.runs import RunRecord
from db.statements import database_now


class ModelRecord(Base):
    """A name under which succeeded runs register versions.

    Attributes:
        last_version: The highest number ever assigned. The number of a deleted version is not reused, so a name and
            a version always mean the same model.
        is_unloaded: True from a request to unload the model until one to load it: no process serves it meanwhile.
    """

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
    is_unloaded: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class VersionSource(StrEnum):
    """Origin of a model version."""

    RUN = "run"
    UPLOAD = "upload"


class ModelVersionRecord(Base):
    """A model that a succeeded run registered, or that a client uploaded as an ONNX file.

    Attributes:
        run_id: The run, whose artifacts contain the files; None for an upload.
        network_sha256: The ONNX file; None if the run left none.
        signature_sha256: The signature, a JSON file.
        reference_sha256: Summary of the training samples, which served requests are compared with; None if there is
            none.
        submitted_by: Name of the API key that uploaded it; NULL without keys, and in versions that runs registered.
        uploaded_bytes: Size of the uploaded files; NULL in versions that runs registered.
    """

    __tablename__ = "model_versions"

    model_name: Mapped[str] = mapped_column(ForeignKey(ModelRecord.name), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), unique=True)
    source: Mapped[str] = mapped_column(default=VersionSource.RUN, server_default=VersionSource.RUN)
    network_sha256: Mapped[str | None] = mapped_column(index=True)
    signature_sha256: Mapped[str | None] = mapped_column(index=True)
    reference_sha256: Mapped[str | None] = mapped_column(index=True)
    submitted_by: Mapped[str | None]
    uploaded_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class AliasRecord(Base):
    """A movable name of one version of a model; deleted with the version.

    Attributes:
        version: The version that answers, or the first of those that share the requests.
    """

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


class TargetRole(StrEnum):
    """Role of a version under an alias with several."""

    SPLIT = "split"
    SHADOW = "shadow"


class AliasTargetRecord(Base):
    """One of several versions of an alias; an alias to a single version has none of these rows.

    Attributes:
        role: `split`: answers its share of the requests. `shadow`: receives each request too; its answers are compared
            and never returned.
        weight: Share of the requests, relative to the sum of all weights of the alias; 0 for `shadow`.
    """

    __tablename__ = "alias_targets"

    model_name: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    weight: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        ForeignKeyConstraint(
            ["model_name", "alias"],
            [AliasRecord.model_name, AliasRecord.alias],
            ondelete="CASCADE",
            name="fk_alias_targets_alias",
        ),
        ForeignKeyConstraint(
            ["model_name", "version"],
            [ModelVersionRecord.model_name, ModelVersionRecord.version],
            ondelete="CASCADE",
            name="fk_alias_targets_version",
        ),
        Index("ix_alias_targets_model_name_version", "model_name", "version"),
    )


class AliasChangeRecord(Base):
    """A change of an alias. The history of an alias outlives it, and ends with its model.

    Attributes:
        action: `set`, `rolled_back` or `deleted`.
        before: Versions of the alias before, as in a request to set it; None if there was no alias.
        after: Versions of the alias after; None if it was deleted.
        caller: Name of the API key; None without keys.
    """

    __tablename__ = "alias_changes"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    model_name: Mapped[str] = mapped_column(ForeignKey(ModelRecord.name, ondelete="CASCADE"))
    alias: Mapped[str]
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    caller: Mapped[str | None]
    changed_at: Mapped[datetime] = mapped_column(insert_default=database_now())

    __table_args__ = (Index("ix_alias_changes_model_name_alias_id", "model_name", "alias", "id"),)


class RegistryChangeRecord(Base):
    """A model whose versions or aliases have changed; written by triggers, on SQLite only."""

    __tablename__ = "registry_changes"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    model_name: Mapped[str]
