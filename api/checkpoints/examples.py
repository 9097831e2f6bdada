"""Examples of checkpoints."""

from typing import Any

CHECKPOINTS: list[dict[str, Any]] = [
    {
        "step": 24000,
        "epoch": 30,
        "attempt": 2,
        "monitor": "val_loss",
        "value": 0.0812,
        "is_best": False,
        "num_bytes": 1_204_224,
        "sha256": "9b6c1d2e40f3a85b7c0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d",
        "created_at": "2026-03-02T09:42:10.500000Z",
    },
    {
        "step": 20000,
        "epoch": 25,
        "attempt": 1,
        "monitor": "val_loss",
        "value": 0.0794,
        "is_best": True,
        "num_bytes": 1_204_224,
        "sha256": "0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d9b6c1d2e40f3a85b7c",
        "created_at": "2026-03-02T09:41:02.125000Z",
    },
]
