"""`AsyncClient`: what `Client` does, for asyncio."""

from types import TracebackType
from typing import Self

from trainyard.methods.batch_predictions import AsyncBatchPredictionMethods
from trainyard.methods.comparison import AsyncComparisonMethods
from trainyard.methods.datasets import AsyncDatasetMethods
from trainyard.methods.dead_letters import AsyncDeadLetterMethods
from trainyard.methods.drift import AsyncDriftMethods
from trainyard.methods.keys import AsyncKeyMethods
from trainyard.methods.limits import AsyncLimitMethods
from trainyard.methods.metrics import AsyncMetricMethods
from trainyard.methods.predictions import AsyncPredictionMethods
from trainyard.methods.runs import AsyncRunMethods
from trainyard.methods.specs import AsyncSpecMethods
from trainyard.methods.webhooks import AsyncWebhookMethods
from trainyard.registry import AsyncRegistry
from trainyard.transport import AsyncTransport


class AsyncClient(
    AsyncRunMethods,
    AsyncMetricMethods,
    AsyncComparisonMethods,
    AsyncSpecMethods,
    AsyncPredictionMethods,
    AsyncDriftMethods,
    AsyncBatchPredictionMethods,
    AsyncDatasetMethods,
    AsyncDeadLetterMethods,
    AsyncKeyMethods,
    AsyncLimitMethods,
    AsyncWebhookMethods,
):
    """`Client` for asyncio: the same methods as coroutines, the same arguments, answers and errors.

        async with AsyncClient() as client:
            run = await client.submit("binary-adder")
            await run.wait()
            await client.predict("binary-adder", [{"a": 45, "b": 77}])

    Many requests may be in progress at once. `list_runs` is iterated with `async for`.

    Args:
        base_url: Such as `http://127.0.0.1:8000`; by default from TRAINYARD_URL, or TRAINYARD_HOST and TRAINYARD_PORT.
        api_key: API key to send; by default from TRAINYARD_KEY. "" sends none.
        timeout: Seconds that one answer may take.
        retry_timeout: Seconds for which a request is sent again.

    Raises:
        InvalidArgument: If the address or the key cannot be used.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        retry_timeout: float = 10.0,
    ) -> None:
        self._transport = AsyncTransport(base_url, api_key=api_key, timeout=timeout, retry_timeout=retry_timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def base_url(self) -> str:
        """Address of the service, without a slash at its end."""
        return self._transport.base_url

    @property
    def registry(self) -> AsyncRegistry:
        """Models, their versions, and the aliases that decide which versions answer."""
        return AsyncRegistry(self._transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
