"""Versions behind an alias: as a document, by their shares of the requests, and without one of them."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from core.served_models import ServedAlias


def make_targets(weights: Mapping[int, int], shadow: int | None = None) -> ServedAlias:
    """Return the targets of an alias that splits requests by these weights; a single version gets all of them.

    Args:
        weights: Positive weight of each version, at least one.
        shadow: Version that receives each request too, and whose answers are only compared.
    """
    split = tuple(sorted(weights.items()))
    return ServedAlias(version=split[0][0], split=split if len(split) > 1 else (), shadow=shadow)


def list_answering(targets: ServedAlias) -> tuple[int, ...]:
    """Return the versions that answer requests, ascending; without the shadow."""
    return tuple(version for version, _ in targets.split) or (targets.version,)


def list_named(targets: ServedAlias) -> tuple[int, ...]:
    """Return all versions of an alias, ascending, with the shadow."""
    shadow = () if targets.shadow is None else (targets.shadow,)
    return tuple(sorted({*list_answering(targets), *shadow}))


def measure_shares(targets: ServedAlias) -> dict[int, Fraction]:
    """Return the share of the requests that each version answers; they add up to 1."""
    if not targets.split:
        return {targets.version: Fraction(1)}
    total = sum(weight for _, weight in targets.split)
    return {version: Fraction(weight, total) for version, weight in targets.split}


def leave_out(targets: ServedAlias, version: int) -> ServedAlias | None:
    """Return the targets without a version; None if no other answers requests.

    The others of a split keep their weights, and so share its requests among them in proportion. A shadow does not
    begin to answer.
    """
    shadow = None if targets.shadow == version else targets.shadow
    if not targets.split:
        return None if targets.version == version else ServedAlias(targets.version, shadow=shadow)
    rest = {answering: weight for answering, weight in targets.split if answering != version}
    return make_targets(rest, shadow) if rest else None


def write_targets(targets: ServedAlias) -> dict[str, Any]:
    """Return the targets as the body of a request that sets them."""
    if targets.split:
        document: dict[str, Any] = {"versions": {str(version): weight for version, weight in targets.split}}
    else:
        document = {"version": targets.version}
    return document if targets.shadow is None else {**document, "shadow": targets.shadow}


def read_targets(document: Mapping[str, Any]) -> ServedAlias:
    """Return the targets in a document of `write_targets`."""
    shadow = document.get("shadow")
    if "versions" in document:
        return make_targets({int(version): weight for version, weight in document["versions"].items()}, shadow)
    return make_targets({document["version"]: 1}, shadow)
