import pytest

from core.progress import MetricBatch, Phase, join_batches


def test_a_batch_holds_columns_of_one_length():
    batch = MetricBatch("train/loss", steps=(1, 2), values=(0.5, 0.25), times=(10.0, 11.0))
    assert list(zip(batch.steps, batch.values, batch.times, strict=True)) == [(1, 0.5, 10.0), (2, 0.25, 11.0)]


@pytest.mark.parametrize(("steps", "values", "times"), [((1,), (), ()), ((1,), (0.5,), ()), ((), (), (1.0,))])
def test_columns_of_different_lengths_are_rejected(steps, values, times):
    with pytest.raises(ValueError, match="The columns of 'train/loss' differ in length"):
        MetricBatch("train/loss", steps, values, times)


def test_phases_follow_each_other():
    assert [str(phase) for phase in Phase] == ["start", "compile", "trial", "train", "validate", "export"]


def test_batches_of_one_curve_become_one_with_its_points_in_order():
    joined = join_batches(
        [
            MetricBatch("loss", (1, 2), (0.5, 0.25), (10.0, 11.0)),
            MetricBatch("accuracy", (1,), (0.75,), (10.5,)),
            MetricBatch("loss", (3,), (0.125,), (12.0,)),
        ]
    )
    assert joined == [
        MetricBatch("loss", (1, 2, 3), (0.5, 0.25, 0.125), (10.0, 11.0, 12.0)),
        MetricBatch("accuracy", (1,), (0.75,), (10.5,)),
    ]
