"""Measurements of several processes, added up to one."""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.core import Metric

LASTING = frozenset({"counter", "histogram", "summary"})
"""Types of metrics whose values outlast the process: Prometheus takes a sum that decreases for a restart."""

PROCESS_PREFIX = "process_"
"""Beginning of the names of prometheus_client's own metrics of a process, which are not added up."""

COMMON_PREFIX = "trainyard_drift_"
"""Beginning of the names of gauges that every process works out from the same rows of the database, at its own times.
They are not added up; the greatest is taken."""

Packed = list[Any]
"""Families as JSON: [name, documentation, type, unit, [[name of the sample, labels, value], …]]."""


def pack(families: Iterable[Metric]) -> Packed:
    """Return families of metrics as JSON."""
    return [
        [
            family.name,
            family.documentation,
            family.type,
            family.unit,
            [[sample.name, sample.labels, sample.value] for sample in family.samples],
        ]
        for family in families
    ]


def unpack(packed: Packed) -> Iterator[Metric]:
    """Yield families of metrics from `pack`."""
    for name, documentation, kind, unit, samples in packed:
        family = Metric(name, documentation, kind, unit)
        for sample in samples:
            family.add_sample(*sample)
        yield family


def keep_lasting(families: Iterable[Metric]) -> Iterator[Metric]:
    """Yield the families that still count when their process has ended."""
    for family in families:
        if family.type in LASTING and not family.name.startswith(PROCESS_PREFIX):
            yield family


def label_process(families: Iterable[Metric], number: int) -> Iterator[Metric]:
    """Yield the families; those of the process itself with a label that tells it from the others."""
    for family in families:
        if not family.name.startswith(PROCESS_PREFIX):
            yield family
            continue
        labelled = Metric(family.name, family.documentation, family.type, family.unit)
        for sample in family.samples:
            labelled.add_sample(sample.name, {**sample.labels, "process": str(number)}, sample.value)
        yield labelled


def merge(groups: Iterable[Iterable[Metric]]) -> list[Metric]:
    """Return each family once, with the sums of the samples that have the same name and labels.

    Of an info metric, which is 1 for every process, the first is taken; of what they have in common the greatest.
    """
    families: dict[str, Metric] = {}
    sums: dict[str, dict[tuple[str, frozenset[tuple[str, str]]], list[Any]]] = {}
    for group in groups:
        for family in group:
            families.setdefault(family.name, Metric(family.name, family.documentation, family.type, family.unit))
            samples = sums.setdefault(family.name, {})
            for name, labels, value, *_ in family.samples:
                # In the order of the first process that has them: the buckets of a histogram stay in theirs.
                entry = samples.setdefault((name, frozenset(labels.items())), [name, labels, None])
                if entry[2] is None:
                    entry[2] = value
                elif family.name.startswith(COMMON_PREFIX):
                    entry[2] = max(entry[2], value)
                elif family.type != "info":
                    entry[2] += value
    for name, family in families.items():
        for entry in sums[name].values():
            family.add_sample(*entry)
    return list(families.values())
