"""Routes of aliases: show, set, roll back and delete them, and their history."""

from typing import Annotated, Any
from zlib import crc32

from fastapi import Header, Query, Response
from fastapi import Path as PathParameter

from api.aliases import examples
from api.aliases.schemas import (
    Alias,
    AliasChange,
    AliasHistory,
    AliasPage,
    AliasRequest,
    AliasTargets,
    describe_targets,
)
from api.auth.access import READ, SUBMIT, CallerName
from api.http.bodies import read_document
from api.http.errors import PreconditionFailed
from api.http.parameters import ModelPath, PageQuery
from api.http.responses import IfNoneMatch, is_match, is_unchanged, json_answer, not_modified
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from core.served_models import ServedAlias
from db import alias_history, aliases, model_versions, promotion
from db.aliases import Alias as StoredAlias

router = Resource(
    "aliases",
    "Movable names of model versions: promotion, splits and shadows.",
    prefix="/v1/registry/models",
    bodies=[AliasRequest],
)

# Letters first: a number would read as a version.
AliasPath = Annotated[
    str, PathParameter(description="An alias.", examples=["champion"], pattern=r"^[a-z][a-z0-9._-]{0,63}$")
]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="ETag of the alias; 412 if it has changed since."),
]

IfNew = Annotated[
    str | None,
    Header(alias="If-None-Match", description="`*`: only if there is no such alias yet; otherwise 412."),
]

ETAG = {"ETag": "Changes when the alias moves; for If-Match."}


@router.get(
    "/{model}/aliases",
    summary="List the aliases of a model",
    dependencies=[READ],
    responses=answers(examples.ALIASES, examples.UNKNOWN_MODEL),
)
def list_aliases(model: ModelPath, query: Annotated[PageQuery, Query()], service: ServiceParameter) -> AliasPage:
    """Return a page of the aliases of a model, by name."""
    with service.database.reading() as session:
        page = aliases.list_page(session, model, limit=query.limit, cursor=query.cursor)
    return AliasPage(items=[_describe(alias) for alias in page.items], next_cursor=page.next_cursor)


@router.get(
    "/{model}/aliases/{alias}",
    summary="Show an alias",
    dependencies=[READ],
    response_model=Alias,
    responses=answers(examples.ALIAS, examples.UNKNOWN_ALIAS, headers=ETAG)
    | {304: {"description": "Not Modified: the alias has the ETag in If-None-Match."}},
)
def get_alias(
    model: ModelPath, alias: AliasPath, service: ServiceParameter, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the versions behind an alias."""
    with service.database.reading() as session:
        found = aliases.get_alias(session, model, alias)
    if is_unchanged(if_none_match, _etag(found)):
        return not_modified(_etag(found))
    return _answer(found)


@router.put(
    "/{model}/aliases/{alias}",
    summary="Set an alias",
    dependencies=[SUBMIT],
    response_model=Alias,
    responses=answers(
        examples.ALIAS,
        MALFORMED,
        examples.UNKNOWN_VERSION,
        examples.NOT_BETTER,
        examples.MOVED_SINCE,
        examples.EXISTS,
        TOO_LARGE,
        examples.BAD_VERSION,
        headers=ETAG,
    ),
    openapi_extra=takes_body(AliasRequest, examples.ALIAS_REQUESTS),
)
def put_alias(
    model: ModelPath,
    alias: AliasPath,
    text: JsonText,
    service: ServiceParameter,
    caller: CallerName,
    if_match: IfMatch = None,
    if_none_match: IfNew = None,
) -> Response:
    """Create or move an alias. /v1/models/NAME/labels/ALIAS then uses these versions.

    With `version` one version answers. With `versions` several share the requests, chosen by the request's id, so that
    a repeated request is answered by the same version. The answers of a `shadow` are compared and never returned. The
    request replaces the alias as a whole: what it leaves out, such as the shadow, is gone.
    """
    request = read_document(AliasRequest, text)
    wanted = request.targets
    with service.database.transaction() as session:
        # Before anything is read: the alias cannot move between the checks and the change.
        model_versions.lock_model(session, model)
        before = aliases.find_alias(session, model, alias)
        if if_match is not None:
            _check_match(before or aliases.get_alias(session, model, alias), if_match)
        if before is not None and is_unchanged(if_none_match, _etag(before)):
            raise PreconditionFailed(
                f"The alias '{alias}' exists already. Send the request without If-None-Match to move it."
            )
        if request.if_better is not None and before is not None:
            promotion.check_better(session, model, request.if_better, before=before.targets, after=wanted)
        moved = aliases.set_alias(session, model, alias, wanted, caller=caller)
    service.models.refresh_now(model)
    return _answer(moved)


@router.delete(
    "/{model}/aliases/{alias}",
    summary="Delete an alias",
    dependencies=[SUBMIT],
    status_code=204,
    responses=answers(None, examples.UNKNOWN_ALIAS, examples.MOVED_SINCE, status=204),
)
def delete_alias(
    model: ModelPath, alias: AliasPath, service: ServiceParameter, caller: CallerName, if_match: IfMatch = None
) -> Response:
    """Delete an alias, but not its versions. Its history stays, and `:rollback` brings it back."""
    with service.database.transaction() as session:
        model_versions.lock_model(session, model)
        if if_match is not None:
            _check_match(aliases.get_alias(session, model, alias), if_match)
        aliases.delete_alias(session, model, alias, caller=caller)
    service.models.refresh_now(model)
    return Response(status_code=204)


@router.post(
    "/{model}/aliases/{alias}:rollback",
    summary="Roll an alias back",
    dependencies=[SUBMIT],
    response_model=Alias,
    responses=answers(
        examples.ROLLED_BACK, examples.UNKNOWN_ALIAS, examples.NOTHING_BEFORE, examples.MOVED_SINCE, headers=ETAG
    ),
)
def roll_back_alias(
    model: ModelPath, alias: AliasPath, service: ServiceParameter, caller: CallerName, if_match: IfMatch = None
) -> Response:
    """Undo the last change of an alias: return it to the versions, split and shadow that it had before.

    Each further call goes back one change more, as the undo of an editor does; the next `PUT` begins anew from where
    that led. An alias that was deleted is there again. Versions that have been deleted since are passed over. The
    rollback is itself in the history. Send `If-Match` so that a repeated request does not go back twice.
    """
    with service.database.transaction() as session:
        model_versions.lock_model(session, model)
        if if_match is not None:
            before = aliases.find_alias(session, model, alias)
            if before is None:
                raise _moved_since(alias)
            _check_match(before, if_match)
        moved = aliases.roll_back(session, model, alias, caller=caller)
    service.models.refresh_now(model)
    return _answer(moved)


@router.get(
    "/{model}/aliases/{alias}/history",
    summary="Show the history of an alias",
    dependencies=[READ],
    responses=answers(examples.HISTORY, examples.UNKNOWN_ALIAS),
)
def get_alias_history(
    model: ModelPath, alias: AliasPath, query: Annotated[PageQuery, Query()], service: ServiceParameter
) -> AliasHistory:
    """Return a page of the changes of an alias, newest first; also of one that was deleted."""
    with service.database.reading() as session:
        page = alias_history.list_page(session, model, alias, limit=query.limit, cursor=query.cursor)
        if not page.items and query.cursor is None:
            # One that older code set has no history yet.
            aliases.get_alias(session, model, alias)
    return AliasHistory(items=[_describe_change(change) for change in page.items], next_cursor=page.next_cursor)


def _describe(alias: StoredAlias) -> Alias:
    return Alias(
        model=alias.model_name, alias=alias.name, updated_at=alias.updated_at, **describe_targets(alias.targets)
    )


def _describe_change(change: alias_history.AliasChange) -> AliasChange:
    def describe(targets: ServedAlias | None) -> Any:
        return None if targets is None else AliasTargets(**describe_targets(targets))

    return AliasChange(
        action=change.action,
        before=describe(change.before),
        after=describe(change.after),
        caller=change.caller,
        changed_at=change.changed_at,
    )


def _answer(alias: StoredAlias) -> Response:
    return json_answer(_describe(alias), headers={"ETag": _etag(alias)})


def _etag(alias: StoredAlias) -> str:
    # The revision of an alias that was deleted and created again starts anew.
    content = f"{alias.updated_at.isoformat()} {alias.targets}"
    return f'"{alias.revision}-{crc32(content.encode()):08x}"'


def _check_match(alias: StoredAlias, if_match: str) -> None:
    if not is_match(if_match, _etag(alias)):
        raise _moved_since(alias.name)


def _moved_since(alias: str) -> PreconditionFailed:
    return PreconditionFailed(f"The alias '{alias}' has changed since you read it. Read it again, then decide.")
