import numpy as np
import pytest

from core.errors import DeadlineExceeded, InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.explanations.explanation import MOST_PASSES, Method, Question, explain


def sign(task, width, output, labels=(), **fields):
    return ModelSignature(
        task=task,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="input", onnx_name="x", shape=(width,)),
        output=TensorSpec(name="output", onnx_name="y", shape=output),
        columns=tuple(f"c{place}" for place in range(width)),
        class_labels=labels,
        **fields,
    )


def ask(signature, run, rows, check=lambda: None, **options):
    batch = np.asarray(rows, np.float32)
    background = options.pop("background", np.zeros((1, batch.shape[1]), np.float32))
    return explain(run, signature, Question(batch, background=background, **options), None, check)


def share(batch):
    """The probability of the second class is the first column."""
    return batch[:, :1]


BINARY = sign(Task.CLASSIFICATION, 2, (1,), ("no", "yes"))


@pytest.mark.parametrize(("value", "label", "contribution"), [(0.75, "yes", 0.75), (0.25, "no", -0.25)])
def test_the_predicted_class_of_a_single_output_is_explained(value, label, contribution):
    (row,) = ask(BINARY, share, [[value, 9]]).rows
    assert (row.number.label, row.attribution.contributions.tolist()) == (label, [contribution, 0])


def test_scores_are_explained_where_the_model_answers_no_probabilities():
    hinge = sign(Task.CLASSIFICATION, 2, (1,), ("no", "yes"), threshold=0.0, answers_probabilities=False)
    first, second = ask(hinge, share, [[-2, 0], [3, 0]]).rows
    assert (first.number.label, first.attribution.prediction) == ("no", 2)
    assert (second.number.label, second.attribution.prediction) == ("yes", 3)


@pytest.mark.parametrize(
    ("labels", "target", "place"),
    [
        (("a", "b"), "b", 1),
        ((1, 2), 2, 1),
        ((1, 2), "2", 1),
        ((False, True), True, 1),
        ((False, True), "true", 1),
        ((), 1, 1),
        (("0", "1"), 1, 1),
    ],
)
def test_classes_are_named_by_their_labels(labels, target, place):
    signature = sign(Task.CLASSIFICATION, 2, (2,), labels)
    (row,) = ask(signature, lambda batch: batch, [[0.75, 0.25]], target=target).rows
    assert row.number.place == place


@pytest.mark.parametrize("target", ["c", 2, -1, True, ""])
def test_unknown_classes_are_rejected(target):
    with pytest.raises(InvalidInstances, match="no class") as caught:
        ask(sign(Task.CLASSIFICATION, 2, (2,), ("a", "b")), lambda batch: batch, [[0.75, 0.25]], target=target)
    assert caught.value.problems[0].pointer == "/target"


def test_an_output_of_several_is_chosen_by_its_number():
    signature = sign(Task.REGRESSION, 2, (2,))
    (row,) = ask(signature, lambda batch: batch, [[5, 7]], target=1).rows
    assert (row.number.place, row.number.label, row.attribution.contributions.tolist()) == (1, None, [0, 7])
    assert ask(signature, lambda batch: batch, [[5, 7]]).rows[0].attribution.prediction == 5
    for target in (2, -1, "1", True):
        with pytest.raises(InvalidInstances, match="predicts 2 numbers"):
            ask(signature, lambda batch: batch, [[5, 7]], target=target)


def test_answers_that_are_no_list_of_numbers_cannot_be_explained():
    signature = sign(Task.SEQUENCE, 2, (3, 1))
    with pytest.raises(InvalidInstances, match="shape 3×1"):
        ask(signature, lambda batch: np.zeros((len(batch), 3, 1)), [[5, 7]])


def test_an_answer_of_nan_has_no_class_to_explain():
    with pytest.raises(InvalidInstances, match="NaN"):
        ask(BINARY, lambda batch: np.full((len(batch), 1), np.nan), [[1, 2]])


def test_passes_are_counted_and_run_in_chunks():
    sizes = []

    def run(batch):
        sizes.append(len(batch))
        return batch[:, :1]

    found = ask(sign(Task.REGRESSION, 10, (1,)), run, np.ones((2, 10)))
    assert found.num_passes == sum(sizes) == 2 + 2 * 1024
    assert max(sizes) <= 256
    assert found.method is Method.SHAPLEY


def test_what_would_take_too_many_passes_is_not_begun():
    calls = []

    def run(batch):
        calls.append(len(batch))
        return batch[:, :1]

    with pytest.raises(InvalidInstances, match=f"at most {MOST_PASSES:,}"):
        ask(sign(Task.REGRESSION, 600, (1,)), run, np.ones((4, 600)))
    assert sum(calls) == 4


def test_the_check_is_made_before_each_call():
    left = [3]

    def check():
        left[0] -= 1
        if left[0] < 0:
            raise DeadlineExceeded("too long")

    with pytest.raises(DeadlineExceeded):
        ask(sign(Task.REGRESSION, 10, (1,)), lambda batch: batch[:, :1], np.ones((1, 10)), check=check)


@pytest.mark.parametrize("shape", [(3, 2), (1001,), (-1,)])
def test_inputs_that_are_not_columns_cannot_be_explained(shape):
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="input", onnx_name="x", shape=shape),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
    )
    batch = np.ones((1, *[abs(length) for length in shape]), np.float32)
    with pytest.raises(InvalidInstances, match="can be explained"):
        explain(lambda rows: np.ones((len(rows), 1)), signature, Question(batch), None, lambda: None)
