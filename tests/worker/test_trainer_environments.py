import pytest

from core.settings import Settings
from worker import trainer_environments
from worker.messages import HOLDS_VARIABLE
from worker.trainer_environments import SpareEnvironment, spare_environment, xla_flags


@pytest.fixture(autouse=True)
def four_processors(monkeypatch):
    monkeypatch.setattr(trainer_environments, "usable_processors", lambda: 4)


def test_without_a_gpu_there_is_one_trainer_with_every_processor(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    (only,) = trainer_environments.trainer_environments(Settings())

    assert only["CUDA_VISIBLE_DEVICES"] == "-1"
    assert only["TRAINYARD_TRAINER_THREADS"] == "4"


def test_each_visible_gpu_has_a_trainer_of_its_own(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")

    environments = trainer_environments.trainer_environments(Settings())

    assert [environment["CUDA_VISIBLE_DEVICES"] for environment in environments] == ["2", "5"]


def test_a_trainer_has_as_many_gpus_as_it_shall(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3,4")

    environments = trainer_environments.trainer_environments(Settings(gpus_per_trainer=2))

    assert [environment["CUDA_VISIBLE_DEVICES"] for environment in environments] == ["0,1", "2,3", "4"]


def test_trainers_share_the_processors_fairly(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")

    environments = trainer_environments.trainer_environments(Settings(trainers=3))

    assert [environment["TRAINYARD_TRAINER_THREADS"] for environment in environments] == ["1", "1", "1"]


def test_devices_after_minus_one_are_hidden_as_cuda_hides_them(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,-1,1")

    assert trainer_environments.visible_gpus() == ("0",)


def test_programs_are_kept_in_the_cache_beside_the_users_own_flags(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=0")

    flags = xla_flags(tmp_path / "with space")

    assert flags.startswith("--tf_xla_auto_jit=0 ")
    assert f"--tf_xla_persistent_cache_directory='{tmp_path}/with space/xla/" in flags


def test_a_spare_for_trainers_without_gpus_has_their_environment():
    one = {"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "2"}
    assert spare_environment([one, dict(one)]) == SpareEnvironment(one, holds=False)


@pytest.mark.parametrize("gpus", [("0",), ("0", "1")])
def test_a_spare_for_trainers_with_gpus_holds_without_any(gpus):
    spare = spare_environment([{"CUDA_VISIBLE_DEVICES": gpu, "OMP_NUM_THREADS": "2"} for gpu in gpus])
    assert spare == SpareEnvironment({"OMP_NUM_THREADS": "2", HOLDS_VARIABLE: "1"}, holds=True)
