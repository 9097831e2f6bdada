import math

import numpy as np
import pytest

from core.progress import MetricBatch
from worker import spool as spool_module
from worker.spool import Spool


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(spool_module, "MAX_IN_MEMORY", 1000)


def batch(steps, key="train/loss"):
    steps = np.asarray(steps)
    return MetricBatch(key, steps, np.sin(steps * 1e5), steps / 4)


def take_all(spool):
    taken = []
    while batches := spool.take():
        taken.append(batches)
    return taken


def steps_of(taken, key="train/loss"):
    return [step for batches in taken for each in batches if each.key == key for step in each.steps.tolist()]


def test_points_come_out_in_the_order_in_which_they_came(tmp_path):
    spool = Spool(tmp_path / "points", 10**9)
    for start in range(0, 10_000, 300):
        spool.add([batch(range(start, min(start + 300, 10_000)))])
    assert spool.num_waiting == 10_000
    assert len(list((tmp_path / "points").iterdir())) == 8
    first = spool.take()
    assert steps_of([first]) == list(range(1200))
    spool.put_back(first)
    assert spool.num_waiting == 10_000
    spool.add([batch(range(10_000, 10_100))])
    taken = take_all(spool)
    assert steps_of(taken) == list(range(10_100))
    assert all(
        values.tolist() == np.sin(steps * 1e5).tolist()
        for [one] in taken
        for steps, values in [(one.steps, one.values)]
    )
    assert spool.num_waiting == 0
    assert list((tmp_path / "points").iterdir()) == []
    assert spool.notice is None


def test_few_points_need_no_disk(tmp_path):
    spool = Spool(tmp_path / "points", 10**9)
    spool.add([batch([1, 2]), batch([1], "epoch/train/loss"), batch([]), batch([3])])
    assert spool.take() == [batch([1, 2, 3]), batch([1], "epoch/train/loss")]
    assert spool.take() == []
    assert not (tmp_path / "points").exists()


def test_names_and_numbers_of_any_kind_are_kept_on_disk(tmp_path):
    spool = Spool(tmp_path / "points", 10**9)
    strange = MetricBatch("é\n\ud800", [1, 2, 3, 2], [math.nan, math.inf, -0.0, 0.1], [math.nan, 0.0, 1e300, 1.0])
    spool.add([strange, batch(range(2000))])
    assert len(list((tmp_path / "points").iterdir())) == 1
    assert spool.take() == [strange, batch(range(2000))]


def test_full_disk_space_leaves_out_every_second_point_and_says_so(tmp_path):
    spool = Spool(tmp_path / "points", 40_000)
    for start in range(0, 20_000, 2_000):
        spool.add([batch(range(start, start + 2_000)), batch([start], "epoch/train/loss")])
    num_bytes = sum(path.stat().st_size for path in (tmp_path / "points").iterdir())
    assert num_bytes <= 40_000
    num_waiting = spool.num_waiting
    taken = take_all(spool)
    steps = steps_of(taken)
    assert steps == sorted(set(steps))
    assert len(steps) + 10 == num_waiting < 20_000
    # The last step of every file, and of short curves all of them.
    assert set(range(1_999, 20_000, 2_000)) <= set(steps)
    assert steps_of(taken, "epoch/train/loss") == list(range(0, 20_000, 2_000))
    assert spool.notice.code == "points_left_out"
    assert f"{20_000 - len(steps):,} points of steps 0 to " in spool.notice.detail
    assert "TRAINYARD_MAX_SPOOL_BYTES is 40000" in spool.notice.detail


def test_disk_that_takes_nothing_leaves_out_points_in_memory(tmp_path):
    (tmp_path / "points").write_text("a file, where the folder should be")
    spool = Spool(tmp_path / "points", 10**9)
    for start in range(0, 10_000, 500):
        spool.add([batch(range(start, start + 500))])
    assert spool.num_waiting <= 1_000
    steps = steps_of(take_all(spool))
    assert steps[-1] == 9_999
    assert f"{10_000 - len(steps):,} points of steps 0 to " in spool.notice.detail


def test_file_that_cannot_be_read_back_is_told_and_the_others_are_stored(tmp_path):
    spool = Spool(tmp_path / "points", 10**9)
    for start in (0, 2_000, 4_000):
        spool.add([batch(range(start, start + 2_000))])
    damaged = sorted((tmp_path / "points").iterdir())[1]
    content = damaged.read_bytes()
    damaged.write_bytes(content[:100] + b"?" + content[101:])
    assert steps_of(take_all(spool)) == [*range(2_000), *range(4_000, 6_000)]
    assert "2,000 points of steps 2,000 to 3,999 are left out" in spool.notice.detail
