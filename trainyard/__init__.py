"""Trainyard from Python: submit runs, follow them and predict with what they trained. Speaks HTTP only.

    from trainyard import Client

    with Client() as client:
        run = client.submit("binary-adder")
        run.wait()
        client.predict("binary-adder", [{"a": 45, "b": 77}])

The clients are loaded when they are first used, because httpx takes longer to load than all else that
`trainyard --help` needs.
"""

from typing import TYPE_CHECKING, Any

from trainyard.errors import (
    AccessDenied,
    BatchPredictionFailed,
    Conflict,
    InvalidArgument,
    InvalidRequest,
    NotFound,
    Problem,
    RequestRejected,
    RunFailed,
    ServiceUnavailable,
    TrainyardError,
    UnexpectedAnswer,
    VerificationFailed,
    WaitTimedOut,
)

if TYPE_CHECKING:
    from trainyard.async_client import AsyncClient
    from trainyard.async_run import AsyncRun
    from trainyard.batch_prediction import AsyncBatchPrediction, BatchPrediction
    from trainyard.client import Client
    from trainyard.run import Run
    from trainyard.webhook_messages import verify_webhook
else:
    _MODULES = {
        "AsyncBatchPrediction": "trainyard.batch_prediction",
        "AsyncClient": "trainyard.async_client",
        "AsyncRun": "trainyard.async_run",
        "BatchPrediction": "trainyard.batch_prediction",
        "Client": "trainyard.client",
        "Run": "trainyard.run",
        "verify_webhook": "trainyard.webhook_messages",
    }

    def __getattr__(name: str) -> Any:
        """Load a name from its module when it is first used (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module 'trainyard' has no attribute '{name}'")
        from importlib import import_module  # noqa: PLC0415 - only where a name is asked for

        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})


__all__ = [
    "AccessDenied",
    "AsyncBatchPrediction",
    "AsyncClient",
    "AsyncRun",
    "BatchPrediction",
    "BatchPredictionFailed",
    "Client",
    "Conflict",
    "InvalidArgument",
    "InvalidRequest",
    "NotFound",
    "Problem",
    "RequestRejected",
    "Run",
    "RunFailed",
    "ServiceUnavailable",
    "TrainyardError",
    "UnexpectedAnswer",
    "VerificationFailed",
    "WaitTimedOut",
    "verify_webhook",
]
