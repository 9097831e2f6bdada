"""Links from responses to the operations that follow (OpenAPI 3.1 section 4.8.20), also from one resource to another.

They stand here and not with the routes, because resources do not know one another.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Links = dict[str, dict[str, Any]]

OF_A_RUN = (
    "get_run",
    "patch_run",
    "pause_run",
    "resume_run",
    "cancel_run",
    "retry_run",
    "clone_run",
    "continue_run",
    "delete_run",
    "list_metrics",
    "get_metric_history",
    "export_metrics",
    "get_evaluation",
    "get_evaluation_picture",
    "list_artifacts",
    "list_checkpoints",
    "get_logs",
    "get_environment",
)

OF_A_MODEL = (
    "get_model",
    "list_model_versions",
    "list_aliases",
    "delete_model",
    "get_model_status",
    "get_model_metadata",
    "predict",
)

OF_A_MODEL_VERSION = (
    "get_model_version",
    "delete_model_version",
    "get_model_status_version",
    "get_model_metadata_version",
    "predict_version",
)

OF_AN_ALIAS = ("get_alias", "roll_back_alias", "get_alias_history", "delete_alias")

OF_A_DATASET = ("get_dataset", "delete_dataset")

OF_A_DATASET_VERSION = ("get_dataset_version", "get_dataset_content", "delete_dataset_version")


OF_A_BATCH_PREDICTION = (
    "get_batch_prediction",
    "cancel_batch_prediction",
    "get_batch_result",
    "delete_batch_prediction",
)


OF_A_WEBHOOK = ("get_webhook", "list_deliveries", "enable_webhook", "delete_webhook")


def _follow(operations: Sequence[str], **parameters: str) -> Links:
    """Return links to operations that take the same parameters, as runtime expressions (section 4.8.20.4)."""
    return {operation: {"operationId": operation, "parameters": parameters} for operation in operations}


def _answered(pointer: str) -> str:
    return f"$response.body#{pointer}"


_A_RUN = _follow(OF_A_RUN, run_id=_answered("/id")) | _follow(["get_experiment"], name=_answered("/experiment"))

_ITS_MODEL = _follow(
    OF_A_MODEL_VERSION, model=_answered("/model_version/name"), version=_answered("/model_version/version")
)

_NEXT_PAGE = {"cursor": _answered("/next_cursor")}

_AN_UPLOAD = _follow(OF_A_DATASET, name=_answered("/name")) | _follow(
    OF_A_DATASET_VERSION, name=_answered("/name"), version=_answered("/version")
)

_A_BATCH_PREDICTION = _follow(OF_A_BATCH_PREDICTION, batch_id=_answered("/id"))

_A_WEBHOOK = _follow(OF_A_WEBHOOK, webhook_id=_answered("/id"))

_THE_ALIAS = {"model": "$request.path.model", "alias": "$request.path.alias"}

LINKS: Mapping[str, Links] = {
    "validate_spec": {"submit_run": {"operationId": "submit_run", "requestBody": "$request.body"}},
    "submit_run": _A_RUN,
    "submit_batch": _follow(OF_A_RUN, run_id=_answered("/ids/0")),
    "retry_run": _A_RUN,
    "clone_run": _A_RUN,
    "continue_run": _A_RUN,
    "pause_run": _A_RUN,
    "resume_run": _A_RUN,
    "cancel_run": _A_RUN,
    "get_run": _A_RUN | _ITS_MODEL,
    "list_runs": _follow(OF_A_RUN, run_id=_answered("/items/0/id")) | _follow(["list_runs"], **_NEXT_PAGE),
    "list_artifacts": _follow(["get_artifact"], run_id="$request.path.run_id", name=_answered("/items/0/name")),
    "list_metrics": _follow(["get_metric_history"], run_id="$request.path.run_id", keys=_answered("/items/0/key")),
    "list_presets": _follow(["get_preset"], name=_answered("/items/0/name")),
    "list_experiments": _follow(["get_experiment"], name=_answered("/items/0/name"))
    | _follow(["list_runs"], experiment=_answered("/items/0/name"))
    | _follow(["list_experiments"], **_NEXT_PAGE),
    "get_experiment": _follow(["list_runs"], experiment=_answered("/name")),
    "list_models": _follow(OF_A_MODEL, model=_answered("/items/0/name")) | _follow(["list_models"], **_NEXT_PAGE),
    "list_model_versions": _follow(
        OF_A_MODEL_VERSION, model="$request.path.model", version=_answered("/items/0/version")
    )
    | _follow(["list_model_versions"], model="$request.path.model", **_NEXT_PAGE),
    "list_aliases": _follow(OF_AN_ALIAS, model="$request.path.model", alias=_answered("/items/0/alias"))
    | _follow(["list_aliases"], model="$request.path.model", **_NEXT_PAGE),
    "get_model": _follow(OF_A_MODEL_VERSION, model=_answered("/name"), version=_answered("/latest_version")),
    "upload_model_version": _follow(OF_A_MODEL_VERSION, model=_answered("/model"), version=_answered("/version")),
    "get_model_version": _follow(["get_run"], run_id=_answered("/run_id")),
    "put_alias": _follow(OF_AN_ALIAS, **_THE_ALIAS)
    | _follow(["predict_label", "get_model_status_label"], model=_THE_ALIAS["model"], label=_THE_ALIAS["alias"]),
    "roll_back_alias": _follow(OF_AN_ALIAS, **_THE_ALIAS),
    "get_alias_history": _follow(["get_alias_history"], **_THE_ALIAS, **_NEXT_PAGE),
    "get_alias": _follow(OF_AN_ALIAS[1:], **_THE_ALIAS)
    | _follow(["get_model_version"], model=_answered("/model"), version=_answered("/version")),
    "list_keys": _follow(["revoke_key"], prefix=_answered("/items/0/prefix")) | _follow(["list_keys"], **_NEXT_PAGE),
    "list_datasets": _follow(["get_dataset"], name=_answered("/items/0/name"))
    | _follow(["list_datasets"], **_NEXT_PAGE),
    "upload_dataset": _AN_UPLOAD,
    "upload_dataset_version": _AN_UPLOAD,
    "reread_dataset_version": _AN_UPLOAD,
    "get_dataset": _follow(OF_A_DATASET_VERSION, name=_answered("/name"), version=_answered("/version")),
    "batch_predict": _A_BATCH_PREDICTION,
    "batch_predict_version": _A_BATCH_PREDICTION,
    "batch_predict_label": _A_BATCH_PREDICTION,
    "get_batch_prediction": _A_BATCH_PREDICTION,
    "cancel_batch_prediction": _A_BATCH_PREDICTION,
    "list_batch_predictions": _follow(OF_A_BATCH_PREDICTION, batch_id=_answered("/items/0/id"))
    | _follow(["list_batch_predictions"], **_NEXT_PAGE),
    "make_webhook": _A_WEBHOOK,
    "get_webhook": _A_WEBHOOK,
    "enable_webhook": _A_WEBHOOK,
    "list_webhooks": _follow(OF_A_WEBHOOK, webhook_id=_answered("/items/0/id")),
    "list_deliveries": _follow(["list_deliveries"], webhook_id="$request.path.webhook_id", **_NEXT_PAGE),
    "list_dead_letters": _follow(["list_dead_letters"], **_NEXT_PAGE),
    "retry_dead_letters": _follow(OF_A_RUN, run_id=_answered("/retried/0/new_id")),
    "list_quotas": _follow(["show_quotas", "change_quotas"], name=_answered("/items/0/name"))
    | _follow(["list_quotas"], **_NEXT_PAGE),
    "make_key": _follow(["revoke_key"], prefix=_answered("/prefix")),
}
"""Links of the responses of an operation, by its id."""


def add_links(operation: dict[str, Any]) -> None:
    """Add its links to an operation's responses of success."""
    links = LINKS.get(operation["operationId"], {})
    for status, answer in operation["responses"].items():
        if links and status.startswith("2"):
            answer["links"] = links
