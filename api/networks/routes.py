"""Route for uploads of networks."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import Path as PathParameter
from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import idempotency
from api.auth.access import SUBMIT, name_caller
from api.datasets.intake import check_quota, declared_bytes, received
from api.http.bodies import read_document, stream_body
from api.http.errors import RejectedNetwork
from api.http.forms import MAX_OVERHEAD_BYTES, MEDIA_TYPE, Form, is_form
from api.idempotency import RepeatsParameter, find_answer, send_answer
from api.networks import examples
from api.networks.checking import check_upload
from api.networks.registration import register
from api.networks.schemas import UploadedVersion
from api.openapi.operations import SCHEMA_PREFIX, Resource, answers, takes_any_body
from api.service import ServiceParameter
from core.errors import InvalidInput, Problem, nearest
from core.experiment import NAME_PATTERN
from core.signatures.given import GivenSignature

router = Resource(
    "networks", "Networks that were trained elsewhere.", prefix="/v1/registry/models", bodies=[GivenSignature]
)

NETWORK_FIELD = "network"

SIGNATURE_FIELD = "signature"

TOO_LARGE_REMEDY = "Send a smaller network, or raise TRAINYARD_MAX_NETWORK_BYTES."

NewModelPath = Annotated[
    str, PathParameter(description="Name of a model, new or not.", pattern=NAME_PATTERN, examples=["flowers"])
]

SignatureQuery = Annotated[
    str | None,
    Query(
        description="What the network does not say, as JSON (the schema GivenSignature). May be a field of the form."
    ),
]


def _takes_network() -> dict[str, Any]:
    """Describe the body of an upload: the bytes of the file, or a form with it."""
    body = takes_any_body(
        {"type": "string", "format": "binary", "description": "The bytes of the ONNX file."},
        {},
        "application/octet-stream",
    )
    signature = {
        "description": "What the network does not say; text or a file.",
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": f"{SCHEMA_PREFIX}GivenSignature"},
    }
    body["requestBody"]["content"][MEDIA_TYPE] = {
        "schema": {
            "type": "object",
            "properties": {NETWORK_FIELD: examples.FORM_NETWORK, SIGNATURE_FIELD: signature},
            "required": [NETWORK_FIELD],
            "additionalProperties": False,
        }
    }
    return body


@router.post(
    "/{model}/versions",
    summary="Upload a network as a version",
    dependencies=[SUBMIT],
    status_code=201,
    response_model=UploadedVersion,
    responses=answers(
        examples.VERSION,
        examples.UNKNOWN_FIELD,
        examples.TOO_LARGE,
        examples.TOO_SLOW,
        examples.REJECTED,
        examples.WRONG_SIGNATURE,
        *idempotency.ERRORS,
        examples.BUSY,
        examples.FULL,
        status=201,
        headers={"Location": "Path of the version.", **idempotency.HEADERS},
    ),
    openapi_extra=_takes_network(),
)
async def upload_model_version(
    model: NewModelPath,
    request: Request,
    service: ServiceParameter,
    repeats: RepeatsParameter,
    signature: SignatureQuery = None,
) -> Response:
    """Register an ONNX file as the next version of a model, which is then served like those that were trained here.

    `curl -F network=@net.onnx -F signature=@signature.json http://127.0.0.1:8000/v1/registry/models/flowers/versions`
    `curl --data-binary @net.onnx http://127.0.0.1:8000/v1/registry/models/flowers/versions`

    The signature is optional: names, types and shapes of the inputs and outputs are those of the network. It can name
    columns and classes, say which output is the first, or be the one that was stored with another version.

    The network is loaded and tried in a process of its own first. It must hold all it needs in one file, use operators
    of ai.onnx and ai.onnx.ml only, have a free first axis, answer each row independently of the others, and take time
    and memory that do not depend on the values of a row.
    """
    await run_in_threadpool(check_quota, service, request)
    max_bytes = service.settings.max_network_bytes
    content_type = request.headers.get("content-type", "")
    form: Form | None = None
    if is_form(content_type):
        body = stream_body(request, max_bytes + MAX_OVERHEAD_BYTES, TOO_LARGE_REMEDY)
        form = Form(
            content_type, body, max_bytes, TOO_LARGE_REMEDY, file_field=NETWORK_FIELD, text_files={SIGNATURE_FIELD}
        )
        pieces: AsyncGenerator[bytes] = form.stream_file()
    elif content_type.lower().startswith("multipart/"):
        raise RejectedNetwork(
            f"The body is {content_type.partition(';')[0][:80]}. Send the file itself (curl --data-binary @FILE …), or "
            f"a form, {MEDIA_TYPE} (curl -F {NETWORK_FIELD}=@FILE …).",
            "multipart_form",
        )
    else:
        pieces = stream_body(request, max_bytes, TOO_LARGE_REMEDY)
    async with received(service, pieces, declared_bytes(request)) as upload:
        text = _find_signature(signature, form)
        repeat = repeats.of(upload.sha256, text)
        answer = await run_in_threadpool(find_answer, service.database, repeat)
        if answer is None:
            found = await check_upload(service, upload.incoming, _read_signature(text), request)
            answer = await run_in_threadpool(register, service, model, upload, found, repeat, name_caller(request))
    return send_answer(answer)


def _find_signature(in_address: str | None, form: Form | None) -> str:
    """Return the text of the signature, empty if there is none.

    Raises:
        InvalidInput: If the form has other fields, or there are two signatures.
    """
    found = [] if in_address is None else [in_address]
    for name, value in form.fields if form is not None else ():
        if name != SIGNATURE_FIELD:
            hint = nearest(name[:80], [NETWORK_FIELD, SIGNATURE_FIELD])
            raise InvalidInput.at("", f"The form has an unknown field '{name[:80]}'.{hint}", "unknown_field")
        found.append(value)
    if len(found) > 1:
        raise InvalidInput.at(
            "", "There are two signatures. Send one, in the form or in the address.", "repeated_field"
        )
    return found[0] if found else ""


def _read_signature(text: str) -> GivenSignature:
    """Parse a signature.

    Raises:
        RejectedNetwork: If it is not one, with a problem for each mistake.
    """
    if not text.strip():
        return GivenSignature()
    try:
        return read_document(GivenSignature, text.encode(errors="surrogatepass"))
    except InvalidInput as error:
        rejected = RejectedNetwork(f"The signature is not valid. {error.detail}", "wrong_signature")
        rejected.problems = tuple(
            Problem(problem.pointer, problem.detail, "wrong_signature") for problem in error.problems
        )
        raise rejected from error
