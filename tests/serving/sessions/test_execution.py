import onnxruntime
import pytest

from core.errors import InvalidSetup
from serving.sessions.execution import Execution


def test_the_processor_is_always_there():
    execution = Execution(("CPUExecutionProvider",), 3)
    execution.check()
    assert execution.is_cpu


def test_a_provider_that_is_not_installed_is_rejected_with_those_that_are():
    with pytest.raises(InvalidSetup) as caught:
        Execution(("TensorrtExecutionProvider", "CPUExecutionProvider")).check()
    message = caught.value.detail
    assert message.startswith(
        "TRAINYARD_SERVING_PROVIDERS has 'TensorrtExecutionProvider', which this onnxruntime lacks"
    )
    assert "onnxruntime-gpu" in message
    for name in onnxruntime.get_available_providers():
        assert name in message


def test_a_misspelt_provider_is_suggested():
    with pytest.raises(InvalidSetup, match="Did you mean 'CPUExecutionProvider'"):
        Execution(("CpuExecutionProvider",)).check()


def test_a_list_without_names_is_rejected():
    with pytest.raises(InvalidSetup, match=r"names none of .*CPUExecutionProvider"):
        Execution(()).check()


def test_a_list_with_a_gpu_is_not_the_processor_alone(monkeypatch):
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    execution = Execution(tuple(names))
    execution.check()
    assert not execution.is_cpu


def test_options_have_the_threads_and_keep_no_memory():
    options = Execution().make_options(3)
    assert options.intra_op_num_threads == 3
    assert not options.enable_cpu_mem_arena
