"""Rows of the versions behind aliases."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from core.alias_targets import make_targets
from core.served_models import ServedAlias
from db.records.registry import AliasRecord, AliasTargetRecord, TargetRole


def load(session: Session, model_names: Sequence[str]) -> dict[tuple[str, str], ServedAlias]:
    """Return the versions behind each alias of these models, by model and alias."""
    rows: dict[tuple[str, str], list[AliasTargetRecord]] = {}
    targets = select(AliasTargetRecord).where(AliasTargetRecord.model_name.in_(model_names))
    for row in session.scalars(targets.execution_options(populate_existing=True)):
        rows.setdefault((row.model_name, row.alias), []).append(row)
    aliases = select(AliasRecord.model_name, AliasRecord.alias, AliasRecord.version)
    found = session.execute(aliases.where(AliasRecord.model_name.in_(model_names)).order_by(AliasRecord.alias))
    return {
        (model_name, alias): as_served(version, rows.get((model_name, alias), ()))
        for model_name, alias, version in found
    }


def load_one(session: Session, model_name: str, alias: str, version: int) -> ServedAlias:
    """Return the versions behind one alias, whose own row has this version."""
    here = (AliasTargetRecord.model_name == model_name, AliasTargetRecord.alias == alias)
    rows = session.scalars(select(AliasTargetRecord).where(*here).execution_options(populate_existing=True))
    return as_served(version, rows)


def as_served(version: int, rows: Iterable[AliasTargetRecord]) -> ServedAlias:
    """Return the versions behind an alias from the version of its own row and its other rows.

    Older code knows only the first: it may have moved that, or deleted a version of the split. The alias's own row is
    right then.
    """
    rows = list(rows)
    weights = {row.version: row.weight for row in rows if row.role == TargetRole.SPLIT}
    shadow = next((row.version for row in rows if row.role == TargetRole.SHADOW and row.version != version), None)
    is_current = bool(weights) and min(weights) == version
    return make_targets(weights if is_current else {version: 1}, shadow)


def replace(session: Session, model_name: str, alias: str, targets: ServedAlias) -> None:
    """Replace the rows of an alias, besides its own, by those of these targets."""
    here = (AliasTargetRecord.model_name == model_name, AliasTargetRecord.alias == alias)
    session.execute(delete(AliasTargetRecord).where(*here).execution_options(synchronize_session=False))
    rows = [(TargetRole.SPLIT, version, weight) for version, weight in targets.split]
    if targets.shadow is not None:
        rows.append((TargetRole.SHADOW, targets.shadow, 0))
    if rows:
        key = {"model_name": model_name, "alias": alias}
        session.execute(
            insert(AliasTargetRecord),
            [{**key, "role": role, "version": version, "weight": weight} for role, version, weight in rows],
        )
