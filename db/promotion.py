"""Promotion on condition: a version takes requests from another only if a metric of its run is better."""

import math
from itertools import product

from sqlalchemy.orm import Session

from core.alias_targets import measure_shares
from core.errors import InvalidSpec, NotBetter, nearest
from core.served_models import ServedAlias
from core.specs.metrics import METRICS, find_direction
from core.version_comparison import Verdict, judge
from db import lineage, model_versions
from db.lineage import Lineage


def check_better(session: Session, model_name: str, metric: str, *, before: ServedAlias, after: ServedAlias) -> None:
    """Check that each version that gets more requests than before is better than each that gets fewer.

    The model is locked already, so that the alias cannot move before it is set.

    Args:
        session: Session of a transaction.
        model_name: Name of the model.
        metric: Key of a metric, such as `test/accuracy`.
        before: Versions of the alias now.
        after: Versions that it is to be set to.

    Raises:
        InvalidSpec: If the metric is neither better nor worse the greater it is.
        UnknownModel: If there is no such model or version.
        NotBetter: If a version is not better, or either has no such metric; states both figures.
    """
    if find_direction(metric) is None:
        name = metric.rpartition("/")[2]
        detail = (
            f"Whether more or less of '{metric[:100]}' is better is not known. Name a loss or a metric of a run, such "
            f"as test/accuracy or test/loss.{nearest(name, [*METRICS, 'loss'])}"
        )
        raise InvalidSpec.at("/if_better", detail, "unknown_metric")
    shares, former = measure_shares(after), measure_shares(before)
    winners = [version for version, share in shares.items() if share > former.get(version, 0)]
    losers = [version for version, share in former.items() if share > shares.get(version, 0)]
    found = [model_versions.get_version(session, model_name, version) for version in {*winners, *losers}]
    runs = lineage.load(session, found)
    for winner, loser in product(winners, losers):
        _compare(metric, winner, runs.get(winner), loser, runs.get(loser))


def _compare(metric: str, winner: int, its: Lineage | None, loser: int, other: Lineage | None) -> None:
    """Check that one version is better than another.

    Raises:
        NotBetter: If it is not.
    """
    value, former = _find(metric, its), _find(metric, other)
    verdict = judge(metric, value, former)
    if verdict is not Verdict.BETTER:
        raise NotBetter(
            f"Version {winner} is not better than version {loser}: its {metric} is {_show(value)}, that of version "
            f"{loser} is {_show(former)}; {'more' if find_direction(metric) else 'less'} is better."
            f"{_hint(metric, its, other)} The alias stays as it is."
        )
    losses = [_loss_of(run) for run in (its, other)]
    if metric.endswith("loss") and losses[0] != losses[1]:
        raise NotBetter(
            f"Version {winner} was trained with another loss than version {loser}: its {metric}, {_show(value)}, says "
            f"nothing beside {_show(former)}. Name another metric. The alias stays as it is."
        )


def _find(metric: str, run: Lineage | None) -> float | None:
    return None if run is None else run.metrics.get(metric)


def _loss_of(run: Lineage | None) -> object:
    return None if run is None else (run.spec.get("training") or {}).get("loss")


def _show(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:.6g}" if math.isfinite(value) else "not a finite number"


def _hint(metric: str, *runs: Lineage | None) -> str:
    """Name the metrics that both versions have, where one lacks the one that was asked for."""
    if all(run is not None and metric in run.metrics for run in runs):
        return ""
    known = [set(run.metrics) if run is not None else set() for run in runs]
    shared = sorted(key for key in known[0] & known[1] if find_direction(key) is not None)
    return f" Both have {', '.join(shared)}." if shared else " They have no metric in common."
