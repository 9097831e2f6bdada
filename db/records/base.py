"""Base class of the records, with the rules that every table follows."""

from datetime import datetime
from typing import Any

from sqlalchemy import MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from db.columns import Json, Timestamp


class Base(DeclarativeBase):
    """Base class of every record; names each constraint by one rule, so that migrations find it on each database."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute; it is never an instance's.
        datetime: Timestamp,
        dict[str, Any]: Json,
        str: Text,
    }
