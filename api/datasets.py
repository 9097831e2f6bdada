"""Datasets: what specs can learn from, and the files of those that need some."""

from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool

from api.access import READ, SUBMIT
from api.bodies import stream_body
from api.dataset_files import (
    MAX_FILE_BYTES,
    MNIST,
    MNIST_FILES,
    check_filename,
    missing_files,
    present_files,
    store_file,
)
from api.documentation import answers, takes_any_body
from api.examples import datasets as examples
from api.examples.runs import TOO_LARGE
from api.schemas.datasets import Dataset, DatasetFiles, DatasetList
from api.service import ServiceParameter

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

DESCRIPTIONS = {
    "binary_addition": "Random pairs of numbers and their sums, as bits; drawn when a run starts.",
    "digits": "1,797 handwritten digits of 8×8 pixels; part of scikit-learn.",
    "function": "Samples of a function of your choice with noise: a regression.",
    "inline": "A small table written in the spec itself.",
    "iris": "150 irises of three species by four measures; part of scikit-learn.",
    MNIST: "70,000 handwritten digits of 28×28 pixels (LeCun et al.); its four files have to be sent once.",
    "time_series": "Windows cut from a function of time, for predicting what follows.",
    "truth_table": "The four rows of a logical operation.",
}

DatasetName = Annotated[str, PathParameter(description="Name of a dataset that takes files.", examples=[MNIST])]
Filename = Annotated[
    str,
    PathParameter(
        description=f"One of {', '.join(MNIST_FILES)}; with `.gz` after it if the file is gzipped.",
        examples=["t10k-labels-idx1-ubyte.gz"],
    ),
]


@router.get("", summary="List datasets", dependencies=[READ], responses=answers(examples.DATASETS, uses_database=False))
def list_datasets(service: ServiceParameter) -> DatasetList:
    """Every dataset that a spec can name, and which of their files have yet to be sent."""
    folder = service.settings.datasets_dir
    items = []
    for name, description in DESCRIPTIONS.items():
        files, missing = present_files(folder, name), missing_files(folder, name)
        state = "missing" if missing else "ready"
        items.append(Dataset(name=name, description=description, state=state, files=files, missing=missing))
    return DatasetList(items=items)


@router.put(
    "/{name}/files/{filename}",
    summary="Send a file of a dataset",
    dependencies=[SUBMIT],
    responses=answers(
        examples.FILES,
        examples.UNKNOWN_FILE,
        TOO_LARGE,
        examples.NOT_THE_FILE,
        uses_database=False,
    ),
    openapi_extra=takes_any_body(
        {"type": "string", "format": "binary", "description": "The bytes of the file as they are."},
        {},
        "application/octet-stream",
    ),
)
async def put_dataset_file(
    name: DatasetName, filename: Filename, request: Request, service: ServiceParameter
) -> DatasetFiles:
    """Take in a file of MNIST: it is streamed, checked against its header and put in place whole, or not at all.

    `curl -T t10k-labels-idx1-ubyte.gz http://127.0.0.1:8000/v1/datasets/mnist/files/t10k-labels-idx1-ubyte.gz`
    """
    folder = service.settings.datasets_dir
    check_filename(name, filename)
    async with aclosing(stream_body(request, MAX_FILE_BYTES, "Send the file as it was published.")) as pieces:
        await store_file(folder, name, filename, pieces)
    files = await run_in_threadpool(present_files, folder, name)
    missing = await run_in_threadpool(missing_files, folder, name)
    return DatasetFiles(name=name, files=files, missing=missing)
