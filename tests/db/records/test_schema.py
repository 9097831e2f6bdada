import importlib
import pkgutil

import db.records
from db.records.base import Base
from db.records.schema import METADATA, RECORDS


def test_schema_names_the_records_of_every_module() -> None:
    for module in pkgutil.iter_modules(db.records.__path__):
        importlib.import_module(f"db.records.{module.name}")
    assert set(RECORDS) == {mapper.class_ for mapper in Base.registry.mappers}


def test_metadata_has_the_table_of_every_record() -> None:
    assert set(METADATA.tables) == {record.__tablename__ for record in RECORDS}
