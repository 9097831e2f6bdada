"""`Client`: submit runs, follow them and predict with what they trained."""

from types import TracebackType
from typing import Self

from trainyard.methods.batch_predictions import BatchPredictionMethods
from trainyard.methods.comparison import ComparisonMethods
from trainyard.methods.datasets import DatasetMethods
from trainyard.methods.dead_letters import DeadLetterMethods
from trainyard.methods.drift import DriftMethods
from trainyard.methods.keys import KeyMethods
from trainyard.methods.limits import LimitMethods
from trainyard.methods.metrics import MetricMethods
from trainyard.methods.predictions import PredictionMethods
from trainyard.methods.runs import RunMethods
from trainyard.methods.specs import SpecMethods
from trainyard.methods.webhooks import WebhookMethods
from trainyard.registry import Registry
from trainyard.transport import Transport


class Client(
    RunMethods,
    MetricMethods,
    ComparisonMethods,
    SpecMethods,
    PredictionMethods,
    DriftMethods,
    BatchPredictionMethods,
    DatasetMethods,
    DeadLetterMethods,
    KeyMethods,
    LimitMethods,
    WebhookMethods,
):
    """A connection to one Trainyard service; safe to use from several threads.

        with Client() as client:
            run = client.submit("binary-adder")
            run.wait()
            client.predict("binary-adder", [{"a": 45, "b": 77}])

    Every method raises `trainyard.TrainyardError` and nothing else of its own. A request whose connection broke, or
    that was asked to come back later, is sent again for a while.

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
        self._transport = Transport(base_url, api_key=api_key, timeout=timeout, retry_timeout=retry_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """Address of the service, without a slash at its end."""
        return self._transport.base_url

    @property
    def registry(self) -> Registry:
        """Models, their versions, and the aliases that decide which versions answer."""
        return Registry(self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
