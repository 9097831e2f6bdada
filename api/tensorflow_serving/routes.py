"""Operations of TensorFlow Serving's REST interface."""

from collections.abc import Iterator

from api.openapi.operations import Resource
from api.prediction.operations import Handler, Operation, describe_operations
from api.tensorflow_serving import handlers
from api.tensorflow_serving.documentation import ADDRESSES, describe_names, describe_question, describe_verb

router = Resource(
    "tensorflow_serving",
    "Predictions with TensorFlow Serving's REST interface; its clients work unmodified.",
    prefix="/v1/models",
)


def _list_operations() -> Iterator[Operation]:
    """Yield each verb for the newest version, for a version by number and for one by alias; then the list of names."""
    verbs: tuple[tuple[str, Handler], ...] = (
        ("predict", handlers.predict),
        ("classify", handlers.classify),
        ("regress", handlers.regress),
    )
    questions: tuple[tuple[str, str, Handler], ...] = (
        ("status", "", handlers.get_model_status),
        ("metadata", "/metadata", handlers.get_model_metadata),
    )
    for address in ADDRESSES:
        path = f"/v1/models{address.path}"
        for verb, handler in verbs:
            description = describe_verb(verb, address)
            yield Operation("POST", f"{path}:{verb}", f"{verb}{address.suffix}", handler, description)
        for name, suffix, handler in questions:
            operation_id = f"get_model_{name}{address.suffix}"
            yield Operation("GET", f"{path}{suffix}", operation_id, handler, describe_question(name, address))
    yield Operation("GET", "/v1/models", "list_model_names", handlers.list_model_names, describe_names())


OPERATIONS = tuple(_list_operations())

describe_operations(router, OPERATIONS)
