"""Routes for the drift of model versions, as JSON and as images."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Path as PathParameter
from fastapi import Query, Response

from api.auth.access import READ
from api.drift import examples
from api.drift.pictures import draw_drift
from api.drift.schemas import DriftReport
from api.drift.views import describe_drift
from api.evaluation.routes import SAFE, SVG_MEDIA_TYPE
from api.http.parameters import ModelPath
from api.openapi.operations import CORRUPT, Resource, answers
from api.served_models.addresses import read_version
from api.service import Service, ServiceParameter
from core.errors import InvalidInput

router = Resource(
    "drift", "Served rows against training samples.", prefix="/v1/registry/models/{model}/versions/{version}"
)

VersionPath = Annotated[str, PathParameter(description="Number of a version.", examples=["3"])]

DEFAULT_SINCE = "7d"

EVERYTHING = "always"

AGE = re.compile(r"([1-9][0-9]{0,3})([hd])")

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}

Since = Annotated[
    str,
    Query(
        description="Compare rows from this moment on: an age such as `24h` or `7d`, a date or a time in RFC 3339, or "
        "`always`. Single hours are kept for two days, single days for 90.",
        max_length=40,
        examples=["24h", "2026-03-02", "2026-03-02T09:00:00Z"],
    ),
]


@router.get(
    "/drift",
    summary="Compare what a version is asked with its training samples",
    dependencies=[READ],
    responses=answers(examples.DRIFT, examples.BAD_MOMENT, examples.UNKNOWN_VERSION, CORRUPT),
)
def get_drift(
    model: ModelPath, version: VersionPath, service: ServiceParameter, since: Since = DEFAULT_SINCE
) -> DriftReport:
    """Return the population stability index of each column of the input and of the predictions, and their bins.

    Rows are counted within about 10 seconds; of very many, a sample is.
    """
    return _compare(service, model, version, since)


@router.get(
    "/drift.svg",
    summary="Draw what a version is asked beside its training samples",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        examples.PICTURE, examples.BAD_MOMENT, examples.UNKNOWN_VERSION, CORRUPT, media_type=SVG_MEDIA_TYPE
    ),
)
def get_drift_picture(
    model: ModelPath, version: VersionPath, service: ServiceParameter, since: Since = DEFAULT_SINCE
) -> Response:
    """Return bars of training samples and of served rows for each column, those with the greatest index first."""
    picture = draw_drift(_compare(service, model, version, since))
    return Response(picture, headers={"Cache-Control": "no-cache", **SAFE}, media_type=SVG_MEDIA_TYPE)


def _compare(service: Service, model_name: str, version: str, since: str) -> DriftReport:
    number = read_version(version)
    moment = read_since(since)
    return describe_drift(model_name, number, moment, service.archive.find_drift(model_name, number, moment))


def read_since(text: str) -> datetime | None:
    """Return the moment of a query; None for all that is kept.

    Raises:
        InvalidInput: If it is neither an age nor a moment.
    """
    if text == EVERYTHING:
        return None
    age = AGE.fullmatch(text)
    if age is not None:
        return _begin_of_hour(datetime.now(UTC) - int(age[1]) * UNITS[age[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput.at(
            "",
            f"The query parameter 'since' is '{text}'. Send an age such as 24h or 7d, a date such as 2026-03-02, a "
            f"time such as 2026-03-02T09:00:00Z, or {EVERYTHING}.",
            "bad_moment",
        ) from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    # Nothing is older; and times of the year 1 have no UTC.
    return _begin_of_hour(moment.astimezone(UTC)) if moment > EARLIEST else None


def _begin_of_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
