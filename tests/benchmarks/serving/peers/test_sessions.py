import pytest

from benchmarks.serving.peers.sessions import make_options
from serving.sessions.execution import CPU


@pytest.mark.parametrize(
    "name",
    [
        "intra_op_num_threads",
        "inter_op_num_threads",
        "enable_cpu_mem_arena",
        "enable_mem_pattern",
        "execution_mode",
        "graph_optimization_level",
    ],
)
def test_every_side_has_the_options_of_the_service(name):
    assert getattr(make_options(), name) == getattr(CPU.make_options(), name)


@pytest.mark.parametrize("name", ["session.intra_op.allow_spinning", "session.inter_op.allow_spinning"])
def test_no_side_waits_in_a_loop(name):
    assert make_options().get_session_config_entry(name) == CPU.make_options().get_session_config_entry(name) == "0"
