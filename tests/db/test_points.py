"""Storage of curves that are longer than a chunk, and what is read of them."""

import math
import random

import numpy as np
import pytest
from sqlalchemy import func, select, update

from core.curves.points import Points
from core.curves.ranges import Ranges
from core.errors import CurveCorrupt
from core.progress import MetricBatch
from db import chunks, metrics, rollups
from db.points import list_series, read_points, read_rollup, read_rollups
from db.records.metrics import MetricChunkRecord, MetricRollupRecord, MetricSeriesRecord


def batch(steps, key="train/loss", value=float):
    steps = list(steps)
    return MetricBatch(key, steps, [value(step) for step in steps], [step / 4 for step in steps])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks and rows of a few points, so that a short curve has many of them and five levels."""
    monkeypatch.setattr(chunks, "CAPACITY", 8)
    monkeypatch.setattr(rollups, "POINTS_A_RANGE", 2)
    monkeypatch.setattr(rollups, "RANGES_A_RANGE", 2)
    monkeypatch.setattr(rollups, "CAPACITY", 4)


@pytest.fixture
def run_id(queue_run):
    return queue_run()


@pytest.fixture
def append(database, run_id):
    def store(*batches):
        with database.transaction() as session:
            metrics.append(session, run_id, batches)

    return store


def read(database, run_id, **part):
    with database.reading() as session:
        (points,) = read_points(session, list_series(session, [run_id]), **part)
    return points


def count(database, record, **here):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(record).filter_by(**here))


def test_a_curve_that_grows_point_by_point_becomes_full_chunks(database, run_id, append):
    for step in range(1, 22):
        append(batch([step]))
    points = read(database, run_id)
    assert points.steps.tolist() == list(range(1, 22))
    assert points.values.tolist() == list(map(float, range(1, 22)))
    assert points.times.tolist() == [step / 4 for step in range(1, 22)]
    with database.reading() as session:
        chunk = MetricChunkRecord
        rows = session.execute(
            select(chunk.first_step, chunk.last_step, chunk.count, chunk.min, chunk.max).order_by(chunk.first_step)
        ).all()
    assert list(map(tuple, rows)) == [(1, 8, 8, 1.0, 8.0), (9, 16, 8, 9.0, 16.0), (17, 21, 5, 17.0, 21.0)]


def test_points_in_one_batch_are_stored_like_points_one_by_one(database, queue_run):
    ids = [queue_run(), queue_run()]
    with database.transaction() as session:
        metrics.append(session, ids[0], [batch(range(1, 100))])
        for start in range(1, 100, 7):
            metrics.append(session, ids[1], [batch(range(start, min(start + 7, 100)))])
    with database.reading() as session:
        assert metrics.list_keys(session, ids[0]) == metrics.list_keys(session, ids[1])
        found = [
            session.execute(
                select(record)
                .join(MetricSeriesRecord, MetricSeriesRecord.id == record.series_id)
                .where(MetricSeriesRecord.run_id == run_id)
                .order_by(*record.__table__.primary_key)
            ).scalars()
            for record in (MetricChunkRecord, MetricRollupRecord)
            for run_id in ids
        ]
        rows = [
            [
                tuple(getattr(row, column.name) for column in row.__table__.columns if column.name != "series_id")
                for row in rows
            ]
            for rows in found
        ]
    assert rows[0] == rows[1]
    assert rows[2] == rows[3]
    assert {row[0] for row in rows[2]} == {1, 2, 3, 4, 5}


def test_points_of_full_chunks_can_be_overwritten(database, run_id, append):
    append(batch(range(1, 41)))
    append(batch([3, 20], value=lambda step: -float(step)))
    points = read(database, run_id)
    assert points.steps.tolist() == list(range(1, 41))
    expected = [-float(step) if step in {3, 20} else float(step) for step in range(1, 41)]
    assert points.values.tolist() == expected
    with database.reading() as session:
        (summary,) = metrics.list_keys(session, run_id)
        rollup = read_rollup(session, list_series(session, [run_id])[0], 4)
    assert (summary.count, summary.min, summary.min_step, summary.max) == (40, -20.0, 20, 40.0)
    assert rollup.least.min() == -20.0


def test_steps_between_stored_ones_are_put_in_their_place(database, run_id, append):
    append(batch(range(0, 60, 2)))
    append(batch(range(1, 60, 2)))
    assert read(database, run_id).steps.tolist() == list(range(60))
    append(batch([-5, 70]))
    assert read(database, run_id).steps.tolist() == [-5, *range(60), 70]


def test_steps_of_64_bits_are_kept(database, run_id, append):
    steps = [-(2**63), -1, 0, 2**63 - 1]
    append(batch(steps))
    assert read(database, run_id).steps.tolist() == steps
    with database.reading() as session:
        assert read_rollup(session, list_series(session, [run_id])[0], 2).last.steps.tolist() == [-1, 2**63 - 1]


def test_part_of_a_curve_is_read_by_its_steps(database, run_id, append):
    append(batch(range(0, 100, 2)))
    assert read(database, run_id, first_step=31, last_step=36).steps.tolist() == [32, 34, 36]
    assert read(database, run_id, last_step=2).steps.tolist() == [0, 2]
    assert read(database, run_id, first_step=97).steps.tolist() == [98]
    assert len(read(database, run_id, first_step=99)) == 0
    assert len(read(database, run_id, first_step=9, last_step=3)) == 0


def test_parts_of_several_curves_are_read_by_their_steps(database, queue_run):
    ids = [queue_run() for _ in range(2)]
    with database.transaction() as session:
        for run_id, first in zip(ids, (0, 40), strict=True):
            metrics.append(session, run_id, [batch(range(first, first + 60))])
    with database.reading() as session:
        series = sorted(list_series(session, ids), key=lambda one: ids.index(one.run_id))
        found = read_points(session, series, first_step=30, last_step=45)
        assert [points.steps.tolist() for points in found] == [list(range(30, 46)), list(range(40, 46))]


def test_curves_are_returned_in_the_order_asked_for(database, queue_run):
    ids = [queue_run() for _ in range(3)]
    with database.transaction() as session:
        for number, run_id in enumerate(ids):
            metrics.append(session, run_id, [batch(range(number, 30 + number))])
    with database.reading() as session:
        series = sorted(list_series(session, ids), key=lambda one: -ids.index(one.run_id))
        assert [points.steps[0] for points in read_points(session, series)] == [2, 1, 0]
        assert [ranges.last.steps[-1] for ranges in read_rollups(session, series, 3)] == [31, 30, 29]
        assert read_points(session, []) == []


@pytest.mark.parametrize("num_points", [1, 5, 16, 17, 100, 1000, 1111])
def test_a_rollup_is_true_to_the_points_at_every_length(database, run_id, append, num_points):
    chance = random.Random(num_points)  # noqa: S311 - repeatable, not secret.
    values = {step: math.nan if chance.random() < 0.1 else chance.gauss(0, 1) for step in range(1, num_points + 1)}
    append(batch(values, value=values.get))
    for max_points in (3, 5, 10):
        with database.reading() as session:
            (series,) = list_series(session, [run_id])
            ranges = read_rollup(session, series, max_points)
        assert len(ranges) <= max_points
        assert_true(ranges, values)
        # Equal ranges, as far as the stored ones allow.
        sizes = np.diff(ranges.last.steps, prepend=0)
        assert sizes.max() <= 1.5 * num_points / max_points + 1


def assert_true(ranges, values):
    """Check every range against the points."""
    start = min(values)
    for step, value, moment, least, greatest in zip(
        *(ranges.last.steps.tolist(), ranges.last.values.tolist(), ranges.last.times.tolist()),
        *(ranges.least.tolist(), ranges.greatest.tolist()),
        strict=True,
    ):
        inside = [values[each] for each in range(start, step + 1) if each in values and not math.isnan(values[each])]
        assert value == values[step] or (math.isnan(value) and math.isnan(values[step]))
        assert moment == step / 4
        assert (least, greatest) == (min(inside), max(inside)) if inside else math.isnan(least + greatest)
        start = step + 1
    assert start == max(values) + 1


def test_a_long_curve_is_viewed_through_few_rows(database, run_id, append, monkeypatch):
    append(batch(range(1, 1001)))
    monkeypatch.setattr("db.chunks.read", lambda _: pytest.fail("A view of a long curve read full chunks."))
    with database.reading() as session:
        (series,) = list_series(session, [run_id])
        assert rollups.choose_level(series.count, 10) == 5
        assert len(read_rollup(session, series, 10)) == 10


@pytest.mark.parametrize("step", [0, 1, 7, 8, 9, 40, 63, 64, 65, 99, 100, 5000])
def test_cut_curve_is_as_if_its_later_points_had_never_been(database, run_id, append, step):
    append(batch(range(1, 101), value=lambda each: abs(each - 50.0)))
    with database.transaction() as session:
        summaries = metrics.truncate_after(session, run_id, step)
        assert summaries == metrics.list_keys(session, run_id)
    if step == 0:
        assert summaries == []
        assert count(database, MetricChunkRecord) == count(database, MetricRollupRecord) == 0
        return
    (summary,) = summaries
    end = min(step, 100)
    kept = {each: abs(each - 50.0) for each in range(1, end + 1)}
    assert read(database, run_id).values.tolist() == list(kept.values())
    assert (summary.count, summary.last, summary.last_step) == (end, kept[end], end)
    assert (summary.first, summary.max, summary.max_step) == (49.0, max(kept.values()), 100 if end == 100 else 1)
    assert (summary.min, summary.min_step) == (summary.best, summary.best_step) == (min(kept.values()), min(end, 50))
    # The run goes on from there, twice as fast.
    append(batch(range(end + 2, end + 60, 2), value=lambda each: -float(each)))
    for each in range(end + 2, end + 60, 2):
        kept[each] = -float(each)
    with database.reading() as session:
        (series,) = list_series(session, [run_id])
        assert series.count == len(kept)
        assert_true(read_rollup(session, series, 5), kept)


def test_cut_keeps_what_other_curves_and_runs_have(database, queue_run):
    ids = [queue_run(), queue_run()]
    with database.transaction() as session:
        for run_id in ids:
            metrics.append(
                session, run_id, [batch([5, 10], "epoch/train/loss"), batch([7, 8], "late"), batch([1], "early")]
            )
        assert [found.key for found in metrics.truncate_after(session, ids[0], 6)] == ["early", "epoch/train/loss"]
        assert [found.last_step for found in metrics.list_keys(session, ids[0])] == [1, 5]
        assert [found.last_step for found in metrics.list_keys(session, ids[1])] == [1, 10, 8]


def test_deleted_run_leaves_no_chunk(database, run_id, append):
    append(batch(range(1, 100)), batch(range(3), "other"))
    assert count(database, MetricRollupRecord) > 0
    with database.transaction() as session:
        metrics.delete_all(session, run_id)
    for record in (MetricSeriesRecord, MetricChunkRecord, MetricRollupRecord):
        assert count(database, record) == 0


def test_curve_that_older_code_deletes_leaves_no_chunk(database, run_id, append):
    append(batch(range(1, 100)))
    with database.transaction() as session:
        session.delete(list_series(session, [run_id])[0])
    assert count(database, MetricChunkRecord) == count(database, MetricRollupRecord) == 0


@pytest.mark.parametrize("change", [lambda block: block[:-1], lambda block: block[:20] + b"x" + block[21:]])
def test_damaged_chunk_is_an_error_and_never_other_points(database, run_id, append, change):
    append(batch(range(1, 6)))
    with database.transaction() as session:
        block = session.scalars(select(MetricChunkRecord.points)).one()
        session.execute(update(MetricChunkRecord).values(points=change(block)))
    with pytest.raises(CurveCorrupt, match=r"from step 1 on are damaged\. The checksum .* Restore a backup"):
        read(database, run_id)
    with pytest.raises(CurveCorrupt):
        append(batch([6]))


def test_block_in_the_row_of_another_is_an_error(database, run_id, append):
    append(batch(range(1, 60)))
    with database.transaction() as session:
        first = session.scalars(select(MetricChunkRecord.points).order_by(MetricChunkRecord.first_step)).first()
        session.execute(update(MetricChunkRecord).values(points=first))
        first = session.scalars(select(MetricRollupRecord.ranges).where(MetricRollupRecord.level == 1)).first()
        session.execute(update(MetricRollupRecord).values(ranges=first))
    with pytest.raises(CurveCorrupt, match="from step 9 on are those of another chunk"):
        read(database, run_id)
    with pytest.raises(CurveCorrupt, match="another row"), database.reading() as session:
        read_rollup(session, list_series(session, [run_id])[0], 3)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_appended_overwritten_and_cut_is_read_as_it_was_reported(database, run_id, append, seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret.
    kept: dict[int, float] = {}
    for _ in range(40):
        end = max(kept, default=0)
        match chance.choice(["append", "append", "append", "repeat", "scatter", "cut"]):
            case "append":
                steps = range(end + 1, end + chance.choice([2, 5, 40]), chance.choice([1, 3]))
            case "repeat":
                steps = range(max(1, end - chance.randrange(20)), end + chance.randrange(1, 10))
            case "scatter":
                steps = chance.sample(range(1, end + 20), 4)
            case "cut":
                after = chance.randrange(max(1, end // 2), end + 2)
                with database.transaction() as session:
                    metrics.truncate_after(session, run_id, after)
                kept = {step: value for step, value in kept.items() if step <= after}
                continue
        values = {step: chance.choice([math.nan, math.inf, chance.gauss(0, 1)]) for step in steps}
        append(batch(values, value=values.get))
        kept |= values
    in_order = dict(sorted(kept.items()))
    points = read(database, run_id)
    assert points.steps.tolist() == list(in_order)
    assert np.array_equal(points.values, list(in_order.values()), equal_nan=True)
    with database.reading() as session:
        (series,) = list_series(session, [run_id])
        (summary,) = metrics.list_keys(session, run_id)
        ranges = read_rollup(session, series, 7)
        stored = rollups.read(session, series.id, 1)
    assert_true(ranges, in_order)
    numbers = {step: value for step, value in in_order.items() if not math.isnan(value)}
    least, greatest = min(numbers, key=numbers.get), max(numbers, key=numbers.get)
    assert (summary.count, summary.min, summary.min_step) == (len(kept), numbers[least], least)
    assert (summary.max, summary.max_step) == (numbers[greatest], greatest)
    # Every full chunk is rolled up once.
    expected = Ranges.of_points(Points(points.steps, points.values, points.times)[: len(points) // 8 * 8]).merge(2)
    assert stored.last.steps.tolist() == expected.last.steps.tolist()
