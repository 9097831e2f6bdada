"""Train several networks at once with `AsyncClient`: run `examples/python_async_client.py` after `make up`.

The service is found by TRAINYARD_URL, a key is taken from TRAINYARD_KEY.
"""

import asyncio
import sys

from trainyard import AsyncClient, TrainyardError

LEARNING_RATES = (0.1, 0.01, 0.001)


async def train(client: AsyncClient, learning_rate: float) -> float:
    """Return the loss that a perceptron reaches with a learning rate."""
    run = await client.submit(
        "perceptron-or",
        overrides={"training": {"optimizer": {"learning_rate": learning_rate}}},
        experiment="learning-rates",
        tags={"made-by": "python_async_client.py"},
    )
    await run.wait(timeout=300)
    print(f"learning rate {learning_rate}: run {run.id} {run.state}")
    return run.latest_metrics["train/loss"]


async def main() -> int:
    """Return 0 if the loss depends on the learning rate."""
    async with AsyncClient() as client:
        losses = await asyncio.gather(*(train(client, learning_rate) for learning_rate in LEARNING_RATES))
        for learning_rate, loss in zip(LEARNING_RATES, losses, strict=True):
            print(f"{learning_rate}: loss {loss:.4f}")
        return 0 if len(set(losses)) == len(LEARNING_RATES) else 1


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except TrainyardError as error:
        sys.exit(str(error))
