"""Hardware and threads that networks are computed with."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import InvalidSetup

if TYPE_CHECKING:
    import onnxruntime

CPU_PROVIDER = "CPUExecutionProvider"

# All errors but fatal ones are raised as exceptions in Python; onnxruntime need not print them.
LOG_FATAL = 4


@dataclass(frozen=True, slots=True)
class Execution:
    """Hardware and threads of sessions.

    Attributes:
        providers: Execution providers of onnxruntime, by preference; what the first cannot compute goes to the next.
        num_threads: Threads that share one call of a network; 0 to choose for each network.
    """

    providers: tuple[str, ...] = (CPU_PROVIDER,)
    num_threads: int = 0

    def check(self) -> None:
        """Check that networks can be computed so.

        Raises:
            InvalidSetup: If this build of onnxruntime lacks a provider, or none is named.
        """
        if self.is_cpu:
            return
        import onnxruntime  # noqa: PLC0415  # See serving/sessions/runtime_errors.py.

        available = onnxruntime.get_available_providers()
        for name in self.providers:
            if name not in available:
                matches = get_close_matches(name, available, n=1)
                advice = f" Did you mean '{matches[0]}'?" if matches else ""
                raise InvalidSetup(
                    f"TRAINYARD_SERVING_PROVIDERS has '{name}', which this onnxruntime lacks; it has "
                    f"{', '.join(available)}.{advice} CUDA needs the package onnxruntime-gpu instead of onnxruntime."
                )
        if not self.providers:
            raise InvalidSetup(f"TRAINYARD_SERVING_PROVIDERS names none of {', '.join(available)}.")

    @property
    def is_cpu(self) -> bool:
        """Return True if networks are computed by the processor alone."""
        return self.providers == (CPU_PROVIDER,)

    def make_options(self, num_threads: int = 1) -> "onnxruntime.SessionOptions":
        """Return the options of a session whose calls use this many threads."""
        import onnxruntime  # noqa: PLC0415  # See serving/sessions/runtime_errors.py.

        options = onnxruntime.SessionOptions()
        # Small networks finish on the calling thread before other threads would wake up; requests run in parallel
        # anyway.
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        # The arena and the memory patterns would keep the memory of each model's largest batch for ever; releasing it
        # takes no measurable time for a 784-512-512-10 network.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = LOG_FATAL
        return options


CPU = Execution()
