"""Routes for specs: validation and JSON schema."""

from functools import cache
from typing import Any

import orjson
from fastapi import Response

from api.auth.access import READ
from api.http.bodies import read_document
from api.http.schemas import NoticeEntry
from api.openapi.operations import MALFORMED, TOO_LARGE, UNKNOWN_PRESET, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from api.specs import examples
from api.specs.requests import settle_request
from api.specs.schemas import Layer, SpecReport, SpecRequest
from core.experiment import ExperimentSpec
from core.networks.network import expand_network
from core.specs.schema import describe_model

SCHEMA_MEDIA_TYPE = "application/schema+json"

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

router = Resource("specs", "Validate specs before running them.", prefix="/v1", bodies=[SpecRequest])


@router.post(
    "/specs:validate",
    summary="Check a spec",
    dependencies=[READ],
    responses=answers(
        examples.REPORT,
        MALFORMED,
        UNKNOWN_PRESET,
        TOO_LARGE,
        examples.INVALID_SPEC,
        examples.OVER_LIMIT,
        examples.DOES_NOT_FIT,
    ),
    openapi_extra=takes_body(SpecRequest, examples.SPEC_REQUESTS),
)
def validate_spec(text: JsonText, service: ServiceParameter) -> SpecReport:
    """Validate a spec without running it, and return its defaults, layers, size and warnings."""
    request = read_document(SpecRequest, text)
    settled = settle_request(request, service)
    report = settled.report
    return SpecReport(
        spec=settled.as_json(),
        layers=[
            Layer(
                name=layer.name,
                type=layer.type,
                output_shape=[None, *layer.output_shape],
                num_parameters=layer.num_parameters,
                num_trainable_parameters=layer.num_trainable_parameters,
                flops=layer.flops,
            )
            for layer in report.layers
        ],
        expanded_model=expand_network(settled.spec.model),
        num_parameters=report.num_parameters,
        num_trainable_parameters=report.num_trainable_parameters,
        num_train=report.num_train,
        num_validation=report.num_validation,
        num_test=report.num_test,
        batch_size=report.batch_size,
        steps_per_epoch=report.steps_per_epoch,
        num_epochs=report.num_epochs,
        num_steps=report.num_steps,
        flops_per_step=report.flops_per_step,
        memory_bytes=report.memory_bytes,
        warnings=[NoticeEntry.of(notice) for notice in settled.warnings],
    )


@router.get(
    "/schemas/experiment-spec",
    summary="Show the JSON Schema of specs",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.SCHEMA, media_type=SCHEMA_MEDIA_TYPE, uses_database=False),
)
async def get_experiment_spec_schema() -> Response:
    """Return the JSON schema of specs, for editors and programs."""
    return Response(orjson.dumps(build_schema()), media_type=SCHEMA_MEDIA_TYPE)


@cache
def build_schema() -> dict[str, Any]:
    """Return the JSON schema of experiment specs."""
    return {"$schema": SCHEMA_DIALECT, **describe_model(ExperimentSpec)}
