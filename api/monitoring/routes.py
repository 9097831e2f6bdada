"""What Prometheus is told: GET /metrics. The curves of runs are in api/metrics/routes.py."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Response
from prometheus_client.exposition import choose_encoder

from api.auth.access import METRICS
from api.monitoring import examples
from api.monitoring.exposition import Exposition
from api.openapi.operations import answers
from api.service import ServiceParameter

router = APIRouter(tags=["health"])

Accept = Annotated[
    str, Header(alias="Accept", description="Prometheus' text form by default; OpenMetrics where it is named.")
]


@router.get(
    "/metrics",
    summary="Report measurements to Prometheus",
    response_class=Response,
    responses=answers(examples.MEASUREMENTS, media_type="text/plain", uses_database=False),
    dependencies=[METRICS],
)
async def get_monitoring(service: ServiceParameter, accept: Accept = "") -> Response:
    """Runs, models and workers as the database counts them, and requests, predictions and memory of this process.

    What comes from the database is the same from every replica of the API, and is left out while it does not answer:
    then `trainyard_database_up` is 0.
    """
    exposition = Exposition(service, await service.census_taker.ask())
    try:
        encode, media_type = choose_encoder(accept)
    except TypeError:
        # A version that is no number; who sends one gets the form that everybody reads.
        encode, media_type = choose_encoder("")
    # Writing this takes milliseconds, which no prediction should wait for. Not in the framework's threads: while the
    # database is away, requests may fill them all.
    return Response(await asyncio.to_thread(encode, exposition), media_type=media_type)
