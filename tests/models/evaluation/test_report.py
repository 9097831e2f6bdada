"""Whole fits: what is counted on the way against what the trained network answers when it is asked again."""

import json

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, mean_absolute_error, r2_score

from core.datasets.shape import DatasetShape
from core.evaluation import EvaluationReport
from core.experiment import parse_spec
from core.signatures.signature import InputKind, Task
from models.assembly import assemble
from models.evaluation.report import choose_tally, describe_split
from models.fit.fitting import fit
from models.training import train

ADAM = {"name": "adam", "learning_rate": 0.01}
DIGITS = {
    "name": "digits",
    # More samples than an evaluation takes at once.
    "dataset": {"name": "digits", "split": {"validation": 300, "test": 597}},
    "model": {"kind": "mlp", "layers": [{"units": 16, "activation": "relu"}, {"units": 10, "activation": "softmax"}]},
    "training": {
        "optimizer": ADAM,
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "batch_size": 64,
        "epochs": 3,
    },
}
IRIS = {
    "name": "iris",
    "dataset": {"name": "iris", "split": {"validation": 30, "test": 40}},
    "model": {"kind": "mlp", "layers": [{"units": 3, "activation": "softmax"}]},
    "training": {
        "optimizer": ADAM,
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy"],
        "batch_size": 16,
        "epochs": 4,
    },
}
LINE = {
    "name": "line",
    "dataset": {
        "name": "inline",
        "inputs": [[x / 10] for x in range(60)],
        "targets": [[x / 5, -x] for x in range(60)],
        "split": {"validation": 10, "test": 20},
    },
    "model": {"kind": "mlp", "layers": [{"units": 2}]},
    "training": {"optimizer": "sgd", "loss": "mse", "epochs": 2},
}
TWO_KINDS = {
    "name": "inline",
    "inputs": [[x / 10] for x in range(-30, 30)],
    "targets": [int(x > 3) for x in range(-30, 30)],
    "class_labels": ["low", "high"],
    "split": {"test": 20},
}
ADDER = {
    "name": "adder",
    "dataset": {"name": "binary_addition", "num_train": 60, "num_test": 30, "num_bits": 4},
    "model": {"kind": "binary_adder", "units": 4},
    "training": {"loss": "binary_crossentropy", "epochs": 1},
}


def change(definition, **training):
    return definition | {"training": definition["training"] | training}


def run(definition, reporter, folder):
    spec = parse_spec(definition)
    ours = assemble(spec, folder)
    outcome = fit(
        ours.network, ours.data, spec.training, ours.measures, spec.seed, reporter, make_tally=ours.make_tally
    )
    return outcome, ours


@pytest.mark.parametrize("plan", ["graph", "stream"])
@pytest.mark.parametrize("definition", [DIGITS, IRIS], ids=["sparse", "one-hot"])
def test_classes_are_those_that_the_network_answers(definition, plan, tmp_path, reporter):
    outcome, ours = run(change(definition, plan=plan), reporter, tmp_path)

    data = ours.data.prepared()
    for held_out, samples in ((outcome.validation, data.validation), (outcome.test, data.test)):
        split = describe_split(held_out, len(samples))
        targets = samples.targets if samples.targets.ndim == 1 else samples.targets.argmax(axis=1)
        answers = np.asarray(ours.network(samples.inputs)).argmax(axis=1)
        expected = confusion_matrix(targets, answers, labels=range(len(ours.shape.class_labels)))
        assert np.array(split.classification.confusion_matrix).tolist() == expected.tolist()
        assert split.classification.accuracy == pytest.approx(split.metrics["accuracy"])
        assert split.num_samples == expected.sum()
    assert outcome.test.metrics["loss"] == outcome.metrics["test/loss"]
    assert outcome.validation.metrics["loss"] == outcome.metrics["epoch/validation/loss"]


@pytest.mark.parametrize(
    ("loss", "activation", "middle"),
    [
        ("binary_crossentropy", "sigmoid", 0.5),
        ({"name": "binary_crossentropy", "from_logits": True}, "linear", 0.0),
        ("hinge", "tanh", 0.0),
    ],
    ids=["probability", "logit", "hinge"],
)
def test_a_single_output_is_read_as_its_loss_means_it(loss, activation, middle, tmp_path, reporter):
    definition = {
        "name": "two-kinds",
        "dataset": TWO_KINDS,
        "model": {"kind": "mlp", "layers": [{"units": 1, "activation": activation}]},
        "training": {"optimizer": ADAM, "loss": loss, "metrics": ["accuracy"], "epochs": 3},
    }

    outcome, ours = run(definition, reporter, tmp_path)

    answers = np.asarray(ours.network(ours.data.prepared().test.inputs))[:, 0] >= middle
    report = outcome.test.tally.report()
    expected = confusion_matrix(ours.data.test.targets[:, 0] > 0, answers, labels=[False, True])
    assert np.array(report.confusion_matrix).tolist() == expected.tolist()
    assert report.accuracy == pytest.approx(outcome.metrics["test/accuracy"])
    assert outcome.validation is None


def test_errors_are_those_of_the_networks_answers(tmp_path, reporter):
    outcome, ours = run(LINE, reporter, tmp_path)

    report = outcome.test.tally.report()
    answers = np.asarray(ours.network(ours.data.prepared().test.inputs))
    assert report.mean_absolute_error == pytest.approx(mean_absolute_error(ours.data.test.targets, answers), rel=1e-5)
    assert report.r2_score == pytest.approx(r2_score(ours.data.test.targets, answers), rel=1e-5)
    assert len(report.outputs) == 2


def test_bits_are_those_of_the_networks_answers(tmp_path, reporter):
    outcome, ours = run(change(ADDER, metrics=["accuracy"]), reporter, tmp_path)

    right = (np.asarray(ours.network(ours.data.prepared().test.inputs)) >= 0.5) == ours.data.test.targets
    report = outcome.test.tally.report()
    assert report.bit_accuracy == pytest.approx(right.mean())
    assert report.bit_accuracy == pytest.approx(outcome.metrics["test/accuracy"])
    assert report.sequence_accuracy == pytest.approx(right.all(axis=(1, 2)).mean())


def test_validation_is_of_the_weights_that_are_kept(tmp_path, reporter):
    overshooting = {"optimizer": {"name": "sgd", "learning_rate": 0.1}, "epochs": 8}
    best = {"monitor": "val_loss", "patience": 3, "restore_best_weights": True}

    outcome, ours = run(change(IRIS, **overshooting, early_stopping=best), reporter, tmp_path)

    curve = list(reporter.curves["epoch/validation/loss"].values())
    assert curve[-1] != min(curve)
    assert outcome.validation.metrics["loss"] == pytest.approx(min(curve), rel=1e-6)
    answers = np.asarray(ours.network(ours.data.prepared().validation.inputs)).argmax(axis=1)
    expected = confusion_matrix(ours.data.validation.targets.argmax(axis=1), answers, labels=range(3))
    assert np.array(outcome.validation.tally.report().confusion_matrix).tolist() == expected.tolist()


def test_a_fit_that_ends_between_two_validations_is_validated_once_more(tmp_path, reporter):
    outcome, ours = run(change(IRIS, epochs=3, validation_freq=2), reporter, tmp_path)

    assert len(reporter.curves["epoch/validation/loss"]) == 1
    answers = np.asarray(ours.network(ours.data.prepared().validation.inputs))
    right = answers.argmax(axis=1) == ours.data.validation.targets.argmax(axis=1)
    assert outcome.validation.tally.report().accuracy == right.mean()
    assert outcome.validation.metrics["loss"] != reporter.curves["epoch/validation/loss"].popitem()[1]


def test_a_fit_of_no_steps_counts_what_the_first_weights_answer(tmp_path, reporter):
    outcome, ours = run(change(IRIS, epochs=0), reporter, tmp_path)

    for held_out, samples in ((outcome.validation, ours.data.validation), (outcome.test, ours.data.test)):
        right = np.asarray(ours.network(samples.inputs)).argmax(axis=1) == samples.targets.argmax(axis=1)
        assert held_out.tally.report().accuracy == right.mean()


def test_the_output_for_a_column_of_a_table_bears_its_name():
    shape = DatasetShape(Task.REGRESSION, InputKind.COLUMNS, (1,), (1,), (1,), 1, 0, 1, target_name="price")
    tally = choose_tally(parse_spec(LINE), shape, (1,))(1)
    tally.add(np.ones((1, 1)), np.ones((1, 1)))

    assert tally.report().outputs[0].name == "price"


def test_the_report_lies_beside_the_model(tmp_path, reporter):
    outcome = train(parse_spec(LINE), datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)

    path = tmp_path / "evaluation.json"
    assert path in outcome.files
    document = json.loads(path.read_text())
    assert document["num_samples"] == {"train": 30, "validation": 10, "test": 20}
    assert document["test"]["classification"] is None
    report = EvaluationReport.model_validate(document)
    assert report.test.metrics["loss"] == pytest.approx(outcome.final_metrics["test/loss"])
    assert report.validation.num_samples == len(report.validation.regression.outputs[0].sample.targets) == 10
