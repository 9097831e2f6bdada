"""Samples that are the same in training and in held-out data, found by hashes."""

from math import expm1, inf
from typing import Any

import numpy as np
import numpy.typing as npt

from core.notices import Notice
from models.arrays.samples import Samples, SplitSamples

Hashes = npt.NDArray[np.int64]

BYTES_AT_ONCE = 1 << 24

MOST_BYTES = 1 << 29
"""Of more samples than these bytes hold, evenly spaced ones are compared."""

SHARE_TOLD = 0.001
"""Fraction of the held-out samples from which it is told."""

SHARE_REPEATED = 0.05
"""Fraction of training samples that repeat others from which it is told."""

CHANCE_FACTOR = 1.5
"""Where so many times as many samples are the same as would be by chance, it is told."""

MOST_REPEATED = 4
"""Where training samples come so many times on average, few different ones are possible, and every split repeats
them."""


def warn_of_same_samples(samples: SplitSamples, num_possible: float = inf) -> list[Notice]:
    """Warn of held-out samples whose inputs and target are those of a training sample, and of many repeated ones.

    Args:
        samples: Samples by split.
        num_possible: Number of different samples that there can be: of few, some are the same by chance.
    """
    parts = {"train": samples.train, "validation": samples.validation, "test": samples.test}
    num_bytes = sum(_num_bytes(part) for part in parts.values())
    step = max(1, -(-num_bytes // MOST_BYTES))
    hashes = {name: hash_samples(part, step) for name, part in parts.items() if len(part)}
    train = np.sort(hashes["train"])
    num_train = len(train)
    train = train[np.append(True, train[1:] != train[:-1])]
    if num_train >= MOST_REPEATED * len(train):
        return []
    # Chance that a training sample is like a given one, if all are equally likely.
    by_chance = CHANCE_FACTOR * -expm1(-num_train / num_possible)
    among = "" if step == 1 else f" among the {sum(map(len, hashes.values())):,} samples that were compared"
    notices = []
    for name in ("validation", "test"):
        held_out = hashes.get(name)
        if held_out is None:
            continue
        num_same = int((train[np.searchsorted(train, held_out) % len(train)] == held_out).sum())
        if num_same and num_same >= max(SHARE_TOLD, by_chance) * len(held_out):
            share = 100 * num_same / len(held_out)
            detail = (
                f"{num_same:,} of {len(held_out):,} {name} samples ({share:.1f} %) are the same as a training sample, "
                f"in every input and in the target{among}. What was learned by heart is right in them: the figures of "
                f"{name} look better than those of new samples will be. Remove copies before the upload, or put all "
                "copies of a sample into one split."
            )
            notices.append(Notice("same_rows_in_splits", f"/dataset/split/{name}", detail))
    num_repeated = num_train - len(train)
    if not notices and num_repeated and num_repeated >= max(SHARE_REPEATED, by_chance) * num_train:
        detail = (
            f"{num_repeated:,} of {num_train:,} training samples repeat another one, in every input and in the "
            f"target{among}. They count more than once, and a random split puts copies on both sides. If they are no "
            "observations of their own, remove them before the upload."
        )
        notices.append(Notice("repeated_rows", "/dataset", detail))
    return notices


def hash_samples(samples: Samples, step: int = 1) -> Hashes:
    """Return a hash of inputs and target of every `step`-th sample.

    It is Python's hash of their bytes, of 64 bits (SipHash, PEP 456): two of a million different samples have the same
    with a chance of 3·10⁻⁸.
    """
    rows_at_once = step * max(1, BYTES_AT_ONCE // max(1, _num_bytes(samples) // max(1, len(samples))))
    hashes: list[int] = []
    for start in range(0, len(samples), rows_at_once):
        chosen = slice(start, start + rows_at_once, step)
        parts = [_bytes_of(np.asarray(part[chosen])) for part in (samples.inputs, samples.targets)]
        rows = np.ascontiguousarray(np.concatenate(parts, axis=1))
        hashes += map(hash, rows.view(np.dtype((np.void, rows.shape[1]))).ravel().tolist())
    return np.array(hashes, np.int64)


def _bytes_of(rows: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # −0 and 0 are the same number.
    return np.ascontiguousarray(rows.reshape(len(rows), -1)).view(np.uint8)


def _num_bytes(samples: Samples) -> int:
    return int(samples.inputs.nbytes) + int(samples.targets.nbytes)
