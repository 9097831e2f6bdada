"""Routes for TensorBoard's event files of runs."""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from fastapi import Response
from starlette.responses import StreamingResponse

from api.auth.access import READ
from api.experiments.examples import UNKNOWN_EXPERIMENT
from api.experiments.routes import ExperimentPath
from api.http.parameters import RunId
from api.http.responses import NOT_SNIFFED
from api.openapi.operations import UNKNOWN_RUN, Resource, answers
from api.service import Service, ServiceParameter
from api.tensorboard import examples
from api.tensorboard.archive import stream_archive
from db import experiments, runs

router = Resource("tensorboard", "Curves and specs of runs as TensorBoard's event files.", prefix="/v1")


@router.get(
    "/runs/{run_id}/tensorboard",
    summary="Download a run for TensorBoard",
    dependencies=[READ],
    response_class=Response,
    responses=answers(None, UNKNOWN_RUN, headers=examples.HEADERS),
    openapi_extra=examples.ARCHIVE,
)
def get_run_events(run_id: RunId, service: ServiceParameter) -> Response:
    """Return a zip archive with the run's event file, in a folder of its own: `EXPERIMENT/MODEL-ID`.

    Unpack the archives of several runs into one folder and start `tensorboard --logdir` with it. SCALARS has every
    curve with all points, NaN and infinities included, as numbers of single precision; HPARAMS the fields of the spec;
    TEXT the whole spec, the notes and the environment. The archive is made while it is sent, and a running run is sent
    as far as it has come.
    """
    with service.database.reading() as session:
        runs.get(session, run_id)
    return _answer(service, [run_id], f"{run_id}.tensorboard.zip")


@router.get(
    "/experiments/{name}/tensorboard",
    summary="Download an experiment for TensorBoard",
    dependencies=[READ],
    response_class=Response,
    responses=answers(None, UNKNOWN_EXPERIMENT, headers=examples.HEADERS),
    openapi_extra=examples.ARCHIVE,
)
def get_experiment_events(name: ExperimentPath, service: ServiceParameter) -> Response:
    """Return a zip archive with the event files of all runs of an experiment, oldest first; see that of one run."""
    with service.database.reading() as session:
        experiments.get(session, name)
        run_ids = experiments.list_run_ids(session, name)
    return _answer(service, run_ids, f"{name}.tensorboard.zip")


def _answer(service: Service, run_ids: Sequence[UUID], name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}", **NOT_SNIFFED}
    return StreamingResponse(stream_archive(service.database, run_ids), headers=headers, media_type="application/zip")
