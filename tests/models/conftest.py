from collections.abc import Mapping, Sequence

import pytest

from core.metrics import MetricBatch, Phase, Progress


class RecordingReporter:
    """Keeps all it is told; asks to stop once it has been asked `stop_after` times."""

    def __init__(self, stop_after=None):
        self.curves: dict[str, dict[int, float]] = {}
        self.progresses: list[Progress] = []
        self.phases: list[Phase] = []
        self.last_details: dict = {}
        self.stop_after = stop_after
        self.times_asked = 0

    def progress(self, progress: Progress) -> None:
        self.progresses.append(progress)

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        for batch in batches:
            curve = self.curves.setdefault(batch.key, {})
            for step, value in zip(batch.steps, batch.values, strict=True):
                assert not curve or step > max(curve), f"{batch.key} went back to step {step}"
                curve[step] = value

    def details(self, *, device: str, environment: Mapping) -> None:
        self.last_details |= {"device": device, "environment": environment}

    def engine(self, engine: Mapping) -> None:
        self.last_details |= {"engine": dict(engine)}

    def phase(self, phase: Phase) -> None:
        self.phases.append(phase)

    def should_stop(self) -> bool:
        self.times_asked += 1
        return self.stop_after is not None and self.times_asked > self.stop_after


@pytest.fixture
def make_reporter():
    return RecordingReporter


@pytest.fixture
def reporter(make_reporter):
    return make_reporter()
