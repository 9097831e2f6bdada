import pytest

from models.fit.plans.cache import PlanCache, Timing

FOUND = {"graph": Timing(0.2, 0.001), "xla": Timing(1.5, 0.0001)}


def test_timings_of_one_process_are_read_by_another(tmp_path):
    PlanCache(tmp_path / "plans").write("a shape", FOUND)

    assert PlanCache(tmp_path / "plans").read("a shape") == FOUND
    assert PlanCache(tmp_path / "plans").read("another shape") == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"graph": 1}', '{"graph": {"step_seconds": 1}}', "\udcff"])
def test_an_unreadable_file_has_no_timings(content, tmp_path):
    cache = PlanCache(tmp_path)
    cache.write("a shape", FOUND)
    (file,) = tmp_path.iterdir()

    file.write_bytes(content.encode(errors="surrogateescape"))

    assert cache.read("a shape") == {}


def test_a_folder_that_cannot_be_written_is_not_an_error(tmp_path):
    (tmp_path / "plans").write_text("a file in its place")

    PlanCache(tmp_path / "plans").write("a shape", FOUND)

    assert PlanCache(tmp_path / "plans").read("a shape") == {}


def test_without_a_folder_nothing_is_kept():
    PlanCache(None).write("a shape", FOUND)

    assert PlanCache(None).read("a shape") == {}


def test_the_time_of_a_fit_is_that_of_compiling_and_steps():
    assert Timing(compile_seconds=1.5, step_seconds=0.001).seconds(num_steps=500) == pytest.approx(2.0)
