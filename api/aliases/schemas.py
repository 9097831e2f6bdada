"""Request and response bodies of aliases."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from api.http.schemas import AnswerModel
from core.alias_targets import make_targets
from core.errors import InvalidSpec
from core.served_models import ServedAlias
from core.specs.base import Int, PositiveInt, SpecModel
from db.alias_history import AliasAction

MAX_SPLIT = 20
"""Most versions that one alias splits requests among."""

MAX_WEIGHT = 1_000_000

VersionKey = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,9}$")]

Weight = Annotated[Int, Field(ge=1, le=MAX_WEIGHT)]


class AliasRequest(SpecModel):
    """Versions of an alias: either `version` or `versions`."""

    version: PositiveInt | None = None
    """Number of the version that answers all requests."""
    versions: (
        Annotated[dict[VersionKey, Weight], Field(min_length=2, max_length=MAX_SPLIT, examples=[{"3": 90, "4": 10}])]
        | None
    ) = None
    """Numbers of the versions that share the requests, each with its weight; the shares are relative to the sum."""
    shadow: PositiveInt | None = None
    """Number of a version that receives each request too; its answers are compared and never returned."""
    if_better: Annotated[str, Field(min_length=1, max_length=200, examples=["test/accuracy"])] | None = None
    """Key of a metric. The alias is set only if each version that gets more requests than before is better by it than
    each that gets fewer; otherwise 409, `not_better`. A new alias is always set."""

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        if (self.version is None) == (self.versions is None):
            raise ValueError('Send either "version", such as {"version": 3}, or "versions"')
        return self

    @property
    def targets(self) -> ServedAlias:
        """Return the versions.

        Raises:
            InvalidSpec: If the shadow is one of those that answer.
        """
        weights = {int(number): weight for number, weight in (self.versions or {}).items()}
        if self.version is not None:
            weights = {self.version: 1}
        if self.shadow in weights:
            detail = (
                f"Version {self.shadow} answers requests of the alias already. Leave 'shadow' out, or name a version "
                "that does not answer."
            )
            raise InvalidSpec.at("/shadow", detail, "shadow_answers")
        return make_targets(weights, self.shadow)


class AliasTargets(AnswerModel):
    """Versions behind an alias."""

    version: int
    """The version that answers; of several the one with the lowest number."""
    versions: dict[str, int] | None
    """Weights of the versions that share the requests; null if one answers all."""
    shadow: int | None
    """Version that receives each request too; null for none."""


class Alias(AnswerModel):
    """Movable name of a version of a model, or of several."""

    model: str
    alias: str
    version: int
    """The version that answers; of several the one with the lowest number."""
    versions: dict[str, int] | None
    """Weights of the versions that share the requests; null if one answers all."""
    shadow: int | None
    """Version that receives each request too; null for none."""
    updated_at: datetime


class AliasPage(AnswerModel):
    """Page of the aliases of a model, by name."""

    items: list[Alias]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""


class AliasChange(AnswerModel):
    """Change of an alias."""

    action: AliasAction
    """`set`; `rolled_back`; `deleted`; `version_deleted`: a version behind it was deleted by force."""
    before: AliasTargets | None
    """Versions behind it before; null if there was no such alias."""
    after: AliasTargets | None
    """Versions behind it after; null if it was deleted."""
    caller: str | None
    """Name of the API key; null if the service does not require keys."""
    changed_at: datetime


class AliasHistory(AnswerModel):
    """Page of the changes of an alias, newest first."""

    items: list[AliasChange]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""


def describe_targets(targets: ServedAlias) -> dict[str, Any]:
    """Return the fields that Alias and AliasTargets share."""
    versions = {str(version): weight for version, weight in targets.split}
    return {"version": targets.version, "versions": versions or None, "shadow": targets.shadow}
