"""Errors for models, versions and aliases that are not there; each names what is."""

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from core.errors import UnknownModel, nearest
from db.records.registry import AliasRecord, ModelVersionRecord

MAX_VERSION = 2**31 - 1

NUM_NAMED = 10
"""Most versions or aliases that an error names."""


class UnknownVersion(UnknownModel):
    """The model is there, but not this version of it, or no alias of this name; to clients the same as UnknownModel."""


def as_stored(version: int) -> int:
    """Return the number as the column can hold it: 0, which no version has, for one that is too large."""
    # A number too large for the column would be an error of the driver, not an unknown version.
    return version if 0 < version <= MAX_VERSION else 0


def unknown_model(session: Session, model_name: str) -> UnknownModel:
    """Return the error for a model that has no version; names the nearest that has."""
    known = session.scalars(select(ModelVersionRecord.model_name).distinct()).all()
    hint = nearest(model_name, known) or " No run has registered a model yet."
    return UnknownModel(f"There is no model '{model_name}'.{hint}")


def unknown_version(session: Session, model_name: str, wanted: int | None) -> UnknownModel:
    """Return the error for a version that a model has not, or for a model that has none."""
    numbers = select(ModelVersionRecord.version).where(ModelVersionRecord.model_name == model_name)
    newest = session.scalars(numbers.order_by(ModelVersionRecord.version.desc()).limit(NUM_NAMED + 1)).all()
    if not newest:
        return unknown_model(session, model_name)
    return UnknownVersion(f"Model '{model_name}' has no version {wanted}. It has {_list_some(list(map(str, newest)))}.")


def unknown_alias(session: Session, model_name: str, wanted: str) -> UnknownModel:
    """Return the error for an alias that a model has not, or for a model that has no version."""
    if not session.scalar(select(_has_version(model_name))):
        return unknown_model(session, model_name)
    labels = list(
        session.scalars(
            select(AliasRecord.alias).where(AliasRecord.model_name == model_name).order_by(AliasRecord.alias)
        )
    )
    hints = [f"Its aliases are {_list_some(labels)}." if labels else "It has no aliases."]
    meant = nearest(wanted, labels).strip()
    if meant.startswith("Did you mean"):
        hints.insert(0, meant)
    if wanted.isdecimal():
        hints.append(f"A version is named by /versions/{wanted}.")
    return UnknownVersion(f"Model '{model_name}' has no alias '{wanted}'. {' '.join(hints)}")


def _list_some(names: list[str]) -> str:
    return ", ".join(names[:NUM_NAMED] + (["…"] if len(names) > NUM_NAMED else []))


def _has_version(model_name: str) -> ColumnElement[bool]:
    return exists().where(ModelVersionRecord.model_name == model_name)
