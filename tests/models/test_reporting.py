from core.progress import Phase
from models.reporting import PhaseClock, SilentReporter


def test_a_clock_adds_up_each_phases_seconds_and_passes_phases_on(monkeypatch, reporter):
    moments = iter([10.0, 11.0, 13.0, 17.0, 25.0])
    monkeypatch.setattr("models.reporting.perf_counter", lambda: next(moments))
    clock = PhaseClock(reporter)
    for phase in (Phase.START, Phase.TRAIN, Phase.EXPORT, Phase.TRAIN):
        clock.phase(phase)

    # 10 to 11, 11 to 13 and 17 to 25, 13 to 17.
    assert clock.finish() == {"start": 1.0, "train": 10.0, "export": 4.0}
    assert reporter.phases == [Phase.START, Phase.TRAIN, Phase.EXPORT, Phase.TRAIN]


def test_the_silent_reporter_never_asks_to_stop():
    assert not SilentReporter().should_stop()
