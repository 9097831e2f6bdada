"""Examples of programs."""

from api.code.errors import spec_too_old
from api.http.parameters import EXAMPLE_RUN_ID
from core.code.program import write_program
from core.errors import DatasetMissing
from core.experiment import EXAMPLE, parse_spec

PROGRAM = write_program(parse_spec(EXAMPLE), origin="of a spec").text

DATASET_DELETED = DatasetMissing(
    "Version 1 of the dataset 'flowers' was deleted, and with it what a program has to know to read the file. Upload "
    "the file with the sha256 8f434346648f… again."
)

TOO_OLD = spec_too_old(EXAMPLE_RUN_ID, "The field 'name' is missing.")
