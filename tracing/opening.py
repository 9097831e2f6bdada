"""The tracer of a process, if there is to be one."""

from typing import TYPE_CHECKING

from core.settings import Settings

if TYPE_CHECKING:
    from tracing.tracer import RunTracer


def open_tracer(settings: Settings, service_name: str) -> "RunTracer | None":
    """Return the tracer of a process; None if traces are switched off.

    Args:
        settings: Settings with the collector's address.
        service_name: Name of the service in the traces.
    """
    if not settings.traces_endpoint:
        return None
    from tracing.tracer import RunTracer  # noqa: PLC0415 - nobody pays for OpenTelemetry who does not use it

    return RunTracer(settings.traces_endpoint, service_name)
