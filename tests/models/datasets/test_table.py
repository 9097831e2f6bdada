from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from core.datasets.shape import EmbeddingTable
from core.errors import InvalidInput
from core.experiment import parse_spec
from core.networks.network import tabulate_layers
from core.signatures.encoders import make_encoders
from core.signatures.encodings import UNSEEN
from core.signatures.signature import InputKind, ModelSignature, Task
from models.arrays.storage import Storage
from models.assembly import assemble
from models.datasets.loading import load_data
from models.export.export import export_model, run_onnx
from models.runtime import keras
from models.training import train

pytest_plugins = ["tests.models.uploads"]

NUM_ROWS = 60
DAY = date(2024, 2, 20)
MOMENT = datetime(2024, 2, 28, 22, 10)  # noqa: DTZ001 - a table's moments have no zone: they are UTC.

PEOPLE = {
    "age": ("integer", [None if n % 7 == 3 else 20 + n % 31 for n in range(NUM_ROWS)]),
    "height": ("number", [150 + n * 0.37 for n in range(NUM_ROWS)]),
    "city": (
        "text",
        [None if n % 11 == 5 else ["Oslo", "Bergen", "Tromsø", "with, comma"][n % 4] for n in range(NUM_ROWS)],
    ),
    "member": ("boolean", [None if n % 13 == 1 else n % 3 == 0 for n in range(NUM_ROWS)]),
    "zone": ("integer", [[7, 11, 2][n % 3] for n in range(NUM_ROWS)]),
    "born": ("day", [None if n == 4 else DAY + timedelta(days=n * 9) for n in range(NUM_ROWS)]),
    "seen": ("date", [MOMENT + timedelta(minutes=n * 77) for n in range(NUM_ROWS)]),
    "income": ("number", [1000.0 + 31 * n for n in range(NUM_ROWS)]),
    "species": ("text", [["setosa", "virginica", "versicolor"][n % 3] for n in range(NUM_ROWS)]),
}
CHOICES = {"zone": {"type": "category"}, "height": {"scaling": "min_max"}}


def spec_of(dataset, units=3, loss="sparse_categorical_crossentropy", kind="mlp", layers=None, **training):
    activation = "softmax" if units > 1 else "linear"
    return parse_spec(
        {
            "name": "test",
            "dataset": dataset,
            "model": {"kind": kind, "layers": layers or [{"units": 4}, {"units": units, "activation": activation}]},
            "training": {"loss": loss, **training},
        }
    )


def as_json(value):
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def encode_as_served(signature, columns):
    """Return every row of the upload as serving encodes it."""
    encoders = make_encoders(signature.table)
    rows = zip(*(map(as_json, columns[name][1]) for name in signature.table.names), strict=True)
    return np.array(
        [[n for value, encode in zip(row, encoders, strict=True) for n in encode(value)] for row in rows], np.float32
    )


def test_every_row_of_the_upload_is_served_as_it_was_trained(tmp_path, upload_table):
    dataset = upload_table(PEOPLE) | {"target": "species", "columns": CHOICES, "split": {"test": 0.2}}
    spec = spec_of(dataset)
    assembly = assemble(spec, tmp_path)
    export_model(assembly, spec, tmp_path)
    signature = ModelSignature.model_validate_json((tmp_path / "signature.json").read_text())

    served = encode_as_served(signature, PEOPLE)

    assert (signature.task, signature.input_kind) == (Task.CLASSIFICATION, InputKind.TABLE)
    assert signature.class_labels == ("setosa", "versicolor", "virginica")
    loaded = load_data(spec.dataset, assembly.shape, tmp_path, spec.seed, Storage())
    trained = np.concatenate([part.inputs for part in (loaded.samples.train, loaded.samples.test)])
    # Bit for bit, missing values included; the split has only changed their order.
    assert sorted(row.tobytes() for row in trained) == sorted(row.tobytes() for row in served)
    expected = np.asarray(assembly.network(assembly.preparation.apply(served)))
    np.testing.assert_allclose(run_onnx(tmp_path / "model.onnx", served), expected, rtol=1e-4, atol=1e-6)
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(reloaded(served)), expected, rtol=1e-4, atol=1e-6)


def trained(tmp_path, reporter, spec):
    train(spec, datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)
    return ModelSignature.model_validate_json((tmp_path / "signature.json").read_text())


def test_a_line_through_a_table_is_learned_and_rows_without_target_are_left_out(tmp_path, upload_table, reporter):
    # x is missing in a row without a target, which is left out.
    xs = [n / 10 for n in range(40)]
    table = {"x": ("number", xs), "y": ("number", [None if n == 39 else 2 * x + 1 for n, x in enumerate(xs)])}
    dataset = upload_table(table) | {"target": "y", "split": {}}
    training = {"optimizer": {"name": "sgd", "learning_rate": 0.5}, "epochs": 60, "batch_size": "full"}

    signature = trained(tmp_path, reporter, spec_of(dataset, loss="mse", layers=[{"units": 1}], **training))

    assert (signature.task, signature.columns) == (Task.REGRESSION, ("x",))
    rows = encode_as_served(signature, {"x": ("number", [0.0, 10.0])})
    np.testing.assert_allclose(run_onnx(tmp_path / "model.onnx", rows), [[1], [21]], rtol=1e-3)


def test_categories_and_missing_values_are_encoded_as_computed_by_hand(tmp_path, upload_table):
    table = {
        "size": ("integer", [1, 3, None, 5, 7, 900]),
        "colour": ("text", ["red", "blue", None, "red", "red", "green"]),
        "sold": ("boolean", [True, None, False, False, True, True]),
        "y": ("number", [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]),
    }
    # The last row is held out: neither its size nor its colour may be learned from.
    dataset = upload_table(table) | {"target": "y", "scaling": "min_max", "split": {"test": 1, "shuffle": False}}

    assembly = assemble(spec_of(dataset, loss="mse", layers=[{"units": 1}]), tmp_path)

    # Sizes 1, 3, 5, 7 have the median 4 and range from 1 to 7; then sold; whether sold is missing; blue, red, missing.
    assert assembly.shape.network_input_shape == (6,)
    np.testing.assert_allclose(
        assembly.data.train.inputs,
        [
            [0, 1, 0, 0, 1, 0],
            [1 / 3, 0, 1, 1, 0, 0],
            [1 / 2, 0, 0, 0, 0, 1],
            [2 / 3, 0, 0, 0, 1, 0],
            [1, 1, 0, 0, 1, 0],
        ],
        atol=1e-6,
    )
    # Far beyond the range, and an unseen colour.
    np.testing.assert_allclose(assembly.data.test.inputs, [[899 / 6, 1, 0, 0, 0, 0]], rtol=1e-6)


def test_nothing_is_learned_from_held_out_rows(tmp_path, upload_table, reporter):
    def leave(last_city, last_age):
        columns = PEOPLE | {
            "age": ("integer", [*PEOPLE["age"][1][:-6], *[last_age] * 6]),
            "city": ("text", [*PEOPLE["city"][1][:-6], *[last_city] * 6]),
        }
        dataset = upload_table(columns) | {"target": "income", "split": {"test": 6, "shuffle": False}}
        spec = spec_of(dataset, units=1, loss="mse", epochs=2)
        trained(tmp_path, reporter.__class__(), spec)
        network = keras.models.load_model(tmp_path / "model.keras")
        return (tmp_path / "signature.json").read_text(), network.get_weights(), (tmp_path / "model.onnx").read_bytes()

    one, other = leave("Oslo", 33), leave("Vardø", 99_999)

    assert one[0] == other[0]
    assert all((a == b).all() for a, b in zip(one[1], other[1], strict=True))
    assert one[2] == other[2]


def test_most_frequent_categories_are_kept_and_all_others_share_one(tmp_path, upload_table):
    table = {
        "shop": ("integer", [7, 7, 7, 12, 12, 3, 5]),
        "y": ("number", [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]),
    }
    columns = {"shop": {"type": "category", "max_categories": 2}}
    dataset = upload_table(table) | {"target": "y", "columns": columns, "split": {}}

    assembly = assemble(spec_of(dataset, loss="mse", layers=[{"units": 1}]), tmp_path)

    assert assembly.shape.table.columns[0].values == ("7", "12")
    assert assembly.data.train.inputs[[0, 3, 5, 6]].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize("name", ["table", "series"])
def test_embedded_categories_have_vectors_of_their_own_and_are_served_alike(tmp_path, upload_table, reporter, name):
    columns = {
        "city": {"encoding": "embedding", "embedding_dim": 3},
        "zone": {"type": "category", "encoding": "embedding", "embedding_dim": 2},
        "species": {"encoding": "embedding", "embedding_dim": 3},
    }
    features = ["city", "height", "zone", "species"]
    dataset = upload_table(PEOPLE) | {"name": name, "target": "income", "features": features, "columns": columns}
    dataset |= {"window": 4} if name == "series" else {}
    dense = [{"type": "dense", "units": 4}, {"type": "dense", "units": 1}]
    layers = [{"type": "recurrent", "cell": "gru", "units": 3}, *dense] if name == "series" else dense
    spec = spec_of(dataset, kind="rnn" if name == "series" else "mlp", layers=layers, loss="mse", optimizer="adam")

    signature = trained(tmp_path, reporter, spec)

    assembly = assemble(spec, tmp_path)
    # Zones 2, 7, 11; four cities and three species; each column with one vector for the unseen and one for the missing.
    assert assembly.shape.embeddings == (EmbeddingTable(1, 5, 2), EmbeddingTable(2, 11, 3))
    network = keras.models.load_model(tmp_path / "model.keras")
    before, after = (model.get_layer("embedding_2").get_weights()[0] for model in (assembly.network, network))
    is_moved = (before != after).any(axis=1).tolist()
    # No city is unseen in training and no species missing; some city is missing.
    assert is_moved == [False, True, True, True, True, True, False, True, True, True, False]
    layer_table = tabulate_layers(spec.model, assembly.shape.network_input_shape, assembly.shape.embeddings)
    # The layer that converts outputs to the target's units is not in the spec.
    layers = [layer for layer in assembly.network.layers[1:] if layer.name != "target_units"]
    assert {row.name: row.output_shape for row in layer_table} == {
        layer.name: tuple(layer.output.shape[1:]) for layer in layers
    }
    assert sum(row.num_parameters for row in layer_table) == assembly.network.count_params()
    rows = encode_as_served(signature, PEOPLE)
    unseen = rows[:4].copy()
    unseen[:, 0] = UNSEEN
    rows = np.concatenate([rows, unseen])
    if name == "series":
        rows = np.stack([rows[start : start + 4] for start in range(len(rows) - 3)])
    np.testing.assert_allclose(run_onnx(tmp_path / "model.onnx", rows), np.asarray(network(rows)), rtol=1e-4, atol=1e-5)


def test_rows_are_split_by_a_column_or_as_the_upload_divides_them(tmp_path, upload_table):
    words = ["train", "val", "TEST", "train", "dev"]
    table = {
        "x": ("number", [1.0, 2.0, 3.0, 4.0, 5.0]),
        "part": ("text", words),
        "y": ("number", [0.1, 1.1, 2.1, 3.1, 4.1]),
    }
    by_column = upload_table(table) | {"target": "y", "scaling": "none", "split": {"column": "part"}}
    given = upload_table(table, ["train", "test", "train", "test", "train"]) | {
        "target": "y", "features": ["x"], "scaling": "none", "split": {"validation": 1, "shuffle": False},
    }  # fmt: skip

    for dataset, expected in ((by_column, ([1, 4], [2, 5], [3])), (given, ([1, 3], [5], [2, 4]))):
        data = assemble(spec_of(dataset, loss="mse", layers=[{"units": 1}]), tmp_path).data
        assert tuple(part.inputs[:, 0].tolist() for part in (data.train, data.validation, data.test)) == expected


def test_the_latest_rows_are_held_out_by_time(tmp_path, upload_table):
    days = [DAY + timedelta(days=n) for n in (3, 0, 4, 1, 2)]
    table = {
        "day": ("day", days),
        "x": ("number", [3.0, 0.0, 4.0, 1.0, 2.0]),
        "y": ("number", [0.5, 1.5, 2.5, 3.5, 4.5]),
    }
    split = {"order_by": "day", "shuffle": False, "test": 1, "validation": 1}
    dataset = upload_table(table) | {"target": "y", "scaling": "none", "split": split}

    data = assemble(spec_of(dataset, loss="mse", layers=[{"units": 1}]), tmp_path).data

    assert [part.inputs[:, 0].tolist() for part in (data.train, data.validation, data.test)] == [[0, 1, 2], [3], [4]]


def test_a_missing_value_fails_the_run_with_missing_refuse(tmp_path, upload_table):
    table = {"x": ("number", [1.0, 1e300, 3.0]), "y": ("number", [0.5, 1.5, 2.5])}
    # Unscaled numbers beyond the range of float32 count as missing.
    columns = {"x": {"missing": "refuse", "scaling": "none"}}
    dataset = upload_table(table) | {"target": "y", "split": {}, "columns": columns}

    with pytest.raises(InvalidInput, match="The column 'x' has rows without a value in the range of float32"):
        assemble(spec_of(dataset, loss="mse", layers=[{"units": 1}]), tmp_path)


BIG = 9_007_199_254_740_992
"""2^53: above it float64 has only even numbers."""


def test_classes_that_float64_cannot_tell_apart_stay_apart(tmp_path, upload_table):
    table = {
        "x": ("number", [0.0, 1.0, 2.0, 3.0, 4.0]),
        "who": ("integer", [BIG, BIG + 1, 7, None, BIG + 1]),
    }
    dataset = upload_table(table) | {"target": "who", "task": "classification", "split": {}}

    assembly = assemble(spec_of(dataset), tmp_path)

    assert assembly.shape.class_labels == (7, BIG, BIG + 1)
    assert assembly.data.train.targets.tolist() == [1, 2, 0, 2]


@pytest.mark.parametrize(
    ("kind", "values", "labels"),
    [
        ("number", [2.0, 1.0, 2.5], (1.0, 2.0, 2.5)),
        ("boolean", [True, False, True], (False, True)),
        ("text", ["3", "007", "3"], ("007", "3")),
    ],
)
def test_labels_have_the_type_of_the_column(tmp_path, upload_table, kind, values, labels):
    table = {"x": ("number", [0.0, 1.0, 2.0]), "y": (kind, values)}
    dataset = upload_table(table) | {"target": "y", "task": "classification", "split": {}}

    assembly = assemble(spec_of(dataset, units=len(labels)), tmp_path)

    assert [(type(label), label) for label in assembly.shape.class_labels] == [(type(one), one) for one in labels]
    assert [labels[number] for number in assembly.data.train.targets] == values


def test_a_class_weight_named_by_a_number_weighs_the_label_that_is_equal(tmp_path, upload_table):
    table = {"x": ("number", [0.0, 1.0, 2.0]), "grade": ("number", [1.0, 2.0, 1.0])}
    dataset = upload_table(table) | {"target": "grade", "task": "classification", "split": {}}

    assembly = assemble(spec_of(dataset, units=2, class_weight={"1": 50}), tmp_path)

    assert assembly.data.train.weights.tolist() == [50, 1, 50]


def test_training_rows_of_one_class_fail_the_run(tmp_path, upload_table):
    table = {"x": ("number", [1.0, 2.0, 3.0]), "y": ("text", ["a", "a", "b"])}
    dataset = upload_table(table) | {"target": "y", "split": {"test": 1, "shuffle": False}}

    with pytest.raises(InvalidInput, match=r"all have the same value of 'y'\. Set split\.stratify"):
        assemble(spec_of(dataset, units=1, loss="binary_crossentropy"), tmp_path)


SERIES = {
    "at": ("integer", [5, 0, 1, 2, 3, 4, 6, 7, 8, 9]),
    "level": ("number", [50.0, 0.0, 10.0, 20.0, 30.0, 40.0, 60.0, 70.0, 80.0, 90.0]),
}


def test_windows_stay_in_order_and_out_of_held_out_rows(tmp_path, upload_table):
    dataset = upload_table(SERIES) | {
        "name": "series",
        "target": "level",
        "order_by": "at",
        "window": 3,
        "scaling": "none",
        "target_scaling": "none",
    }
    dataset |= {"split": {"validation": 1, "test": 2}}
    layers = [{"type": "recurrent", "cell": "simple_rnn", "units": 2}, {"type": "dense", "units": 1}]

    assembly = assemble(spec_of(dataset, kind="rnn", layers=layers, loss="mse"), tmp_path)

    # Ten rows hold seven windows of three rows and the one after.
    train_part, validation, test = (np.asarray(part.inputs)[..., 0] for part in
                                    (assembly.data.train, assembly.data.validation, assembly.data.test))  # fmt: skip
    assert train_part.tolist() == [[0, 10, 20], [10, 20, 30], [20, 30, 40], [30, 40, 50]]
    assert assembly.data.train.targets[:, 0].tolist() == [30, 40, 50, 60]
    assert validation.tolist() == [[40, 50, 60]]
    assert assembly.data.validation.targets[:, 0].tolist() == [70]
    assert test.tolist() == [[50, 60, 70], [60, 70, 80]]
    assert assembly.data.test.targets[:, 0].tolist() == [80, 90]
    assert assembly.shape.input_shape == (3, 1)


def test_no_window_spans_two_series_and_each_has_its_own_end(tmp_path, upload_table):
    groups = ["b", "a"] * 5
    table = {"who": ("text", groups), "v": ("number", [float(n) for n in range(10)])}
    dataset = upload_table(table) | {"name": "series", "target": "v", "group_by": "who", "window": 2, "horizon": 2}
    dataset |= {"scaling": "none", "target_scaling": "none", "targets": "every_step", "split": {"test": 2}}
    layers = [
        {"type": "recurrent", "cell": "simple_rnn", "units": 2, "return_sequences": True},
        {"type": "dense", "units": 1},
    ]

    data = assemble(spec_of(dataset, kind="rnn", layers=layers, loss="mse"), tmp_path).data

    # a: 1 3 5 7 9, b: 0 2 4 6 8; two windows each, of which the last is for test.
    assert np.asarray(data.train.inputs)[..., 0].tolist() == [[1, 3], [0, 2]]
    assert data.train.targets[..., 0].tolist() == [[5, 7], [4, 6]]
    assert np.asarray(data.test.inputs)[..., 0].tolist() == [[3, 5], [2, 4]]
    assert data.test.targets[..., 0].tolist() == [[7, 9], [6, 8]]


def test_a_series_trains_and_is_served_from_windows_of_rows(tmp_path, upload_table, reporter):
    count = 50
    table = {
        "day": ("day", [DAY + timedelta(days=n) for n in range(count)]),
        "load": ("number", [None if n == 20 else float(np.sin(n)) for n in range(count)]),
        "kind": ("text", [["work", "free"][n % 5 == 0] for n in range(count)]),
    }
    dataset = upload_table(table) | {"name": "series", "target": "load", "order_by": "day", "window": 4}
    layers = [{"type": "recurrent", "cell": "gru", "units": 3}, {"type": "dense", "units": 1}]

    signature = trained(tmp_path, reporter, spec_of(dataset, kind="rnn", layers=layers, loss="mse"))

    assert (signature.task, signature.columns) == (Task.SEQUENCE, ("load", "kind"))
    assert signature.input.shape == (4, 2)
    rows = encode_as_served(signature, table)
    windows = np.stack([rows[start : start + 4] for start in range(count - 3)])
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        run_onnx(tmp_path / "model.onnx", windows), np.asarray(reloaded(windows)), rtol=1e-4, atol=1e-5
    )
    assert np.isfinite(run_onnx(tmp_path / "model.onnx", windows)).all()


def test_arrays_of_bytes_become_images_with_the_labels_of_the_upload(tmp_path, upload_arrays, reporter):
    rng = np.random.default_rng(1)
    labels = rng.choice([3, 10, 7], 30).astype(np.int64)
    images = np.where(labels[:, None, None] > 5, 200, 10) + rng.integers(0, 50, (30, 4, 5))
    dataset = upload_arrays(x_train=images.astype(np.uint8), y_train=labels) | {"split": {"test": 0.2}}

    signature = trained(tmp_path, reporter, spec_of(dataset))

    assert (signature.task, signature.input_kind) == (Task.CLASSIFICATION, InputKind.IMAGE)
    assert signature.class_labels == (3, 7, 10)
    assert signature.input.shape == (4, 5)
    assembly = assemble(spec_of(dataset), tmp_path)
    # Bytes stay bytes until a training step reads them; they are divided before the network.
    assert assembly.data.train.inputs.dtype == np.uint8
    assert assembly.data.step_preparation.factor == pytest.approx(1 / 255)


def test_classes_in_arrays_are_exact_and_those_for_test_may_have_another_type(tmp_path, upload_arrays):
    x = np.zeros((4, 1), np.float32)
    dataset = upload_arrays(x=x, y=np.array([BIG + 1, 7, BIG, 7]), x_test=x[:2], y_test=np.array([7, 7], np.uint8))

    data = assemble(spec_of(dataset), tmp_path).data

    assert data.train.targets.tolist() == [2, 0, 1, 0]
    assert data.test.targets.tolist() == [0, 0]


def test_truth_in_arrays_stays_truth(tmp_path, upload_arrays):
    dataset = upload_arrays(x=np.zeros((2, 1), np.float32), y=np.array([True, False]))

    assembly = assemble(spec_of(dataset, units=2), tmp_path)

    assert [label is truth for label, truth in zip(assembly.shape.class_labels, (False, True), strict=True)] == [
        True
    ] * 2
    assert assembly.data.train.targets.tolist() == [1, 0]


def test_a_column_of_an_array_can_be_the_target(tmp_path, upload_arrays):
    table = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float64)
    dataset = upload_arrays(all=table) | {"target_column": -1, "scaling": "standardize"}

    assembly = assemble(spec_of(dataset, loss="mse", layers=[{"units": 1}]), tmp_path)

    # Mean 6: the loss compares distances from it.
    assert assembly.data.train.targets.tolist() == [[-3], [0], [3]]
    # Mean 4 and 5, deviation √6 both.
    np.testing.assert_allclose(assembly.data.train.inputs[:, 0], [-3 / 6**0.5, 0, 3 / 6**0.5], rtol=1e-6)


def test_rows_beyond_the_memory_limit_are_kept_in_files_with_the_same_numbers(tmp_path, upload_table, monkeypatch):
    dataset = upload_table(PEOPLE) | {"target": "income", "split": {"test": 0.2}}
    spec = spec_of(dataset, units=1, loss="mse")
    in_memory = assemble(spec, tmp_path)
    monkeypatch.setattr("models.arrays.storage.usable_memory_bytes", lambda: 16)

    in_files = assemble(spec, tmp_path, tmp_path)

    assert isinstance(in_files.data.train.inputs, np.memmap)
    np.testing.assert_array_equal(in_files.data.train.inputs, in_memory.data.train.inputs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["uploads"]
