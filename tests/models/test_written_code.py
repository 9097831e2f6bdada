"""Programs of core.code, run: they train what a run trains, on the same arrays, from the same weights."""

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pytest
from PIL import Image

from core.catalogue.presets import list_presets
from core.checks.length import measure_length
from core.code.datasets.base import Upload
from core.code.program import write_program
from core.experiment import parse_spec
from core.uploads.folder import DatasetFolder
from ingest.intake import take_in
from ingest.limits import Limits
from models.assembly import assemble
from models.fit.fitting import fit
from models.objectives.optimizers import FusedAdam
from models.reporting import SilentReporter
from models.runtime import keras
from models.training import train
from tests.ingest.workbook_files import make_workbook

PARTS = ("train", "validation", "test")

LIMITS = Limits(max_bytes=1 << 28, memory_bytes=1 << 28, cpu_seconds=60)


pytest_plugins = ["tests.models.uploads"]


@pytest.fixture
def upload(tmp_path):
    """A function that ingests the bytes of a file, and gives the upload and the fields of a spec that name it."""

    def take(content, filename):
        digest = sha256(content).hexdigest()
        folder = DatasetFolder.of(tmp_path, digest)
        folder.path.mkdir(parents=True)
        folder.original.write_bytes(content)
        (tmp_path / filename).write_bytes(content)
        described = take_in(folder.path, LIMITS)
        given = Upload("mine", filename, 1, digest, described)
        return given, {"dataset": "mine", "version": 1, "sha256": digest}

    return take


@pytest.fixture
def compare(tmp_path, reporter):
    """A function that trains a spec here and with its program, and compares arrays, first weights and curves."""
    return lambda spec, **options: Comparison(tmp_path, reporter).compare(spec, **options)


class Comparison:
    def __init__(self, folder, reporter):
        self.folder = folder
        self.reporter = reporter

    def compare(self, spec, given=None, *, datasets_dir=None, tolerance=1e-4, is_trained=True, weights_path=None):
        spec = parse_spec(spec) if isinstance(spec, dict) else spec
        self.program = write_program(spec, given)
        check_form(self.program.text)
        datasets_dir = datasets_dir or self.folder
        self.assembly = assemble(spec, datasets_dir, weights_path=weights_path)
        self.first = self.assembly.network.get_weights()
        self.found = run_program(self.program.text, self.folder, is_trained=is_trained)
        self.check_network()
        if not is_trained:
            return self
        self.check_arrays()
        # Every plan computes the same; this one needs no trials and compiles fastest.
        quick = spec.model_copy(update={"training": spec.training.model_copy(update={"plan": "step"})})
        assembly = self.assembly
        fit(assembly.network, assembly.data, quick.training, assembly.measures, spec.seed, self.reporter)
        self.check_curves(tolerance)
        return self

    def check_network(self):
        trained = self.found.get("network", self.found["model"])
        ours = [layer for layer in self.assembly.network.layers if layer.name != "target_units"]
        theirs = [layer for layer in trained.layers if not isinstance(layer, keras.layers.InputLayer)]
        ours = [layer for layer in ours if not isinstance(layer, keras.layers.InputLayer)]
        assert [(type(layer).__name__, layer.output.shape) for layer in theirs] == [
            (type(layer).__name__, layer.output.shape) for layer in ours
        ]
        for got, expected in zip(self.found["first_weights"], self.first, strict=True):
            np.testing.assert_array_equal(got, expected)

    def check_arrays(self):
        data = self.assembly.data
        for part in PARTS:
            arrays = getattr(data, part)
            if f"x_{part}" not in self.found:
                assert not len(arrays), part
                continue
            np.testing.assert_allclose(self.found[f"y_{part}"], arrays.targets, rtol=1e-5, atol=1e-5)
            inputs = np.asarray(arrays.inputs)
            if self.found[f"x_{part}"].dtype == np.float32:
                inputs = np.asarray(data.step_preparation.for_evaluation(inputs))
            np.testing.assert_allclose(self.found[f"x_{part}"], inputs, rtol=1e-5, atol=2e-6)

    def check_curves(self, tolerance):
        history = self.found["history"].history if "history" in self.found else {}
        for key, curve in self.reporter.curves.items():
            scope, *rest = key.split("/")
            values = list(curve.values())
            if scope == "epoch" and history:
                name = rest[1] if rest[0] == "train" else f"val_{rest[1]}"
                np.testing.assert_allclose(history[name], values, rtol=tolerance, atol=1e-5, err_msg=key)
            elif scope == "test":
                got = self.found["test_results"][rest[0]]
                np.testing.assert_allclose(got, values[-1], rtol=tolerance, atol=1e-5, err_msg=key)


def check_form(text):
    """Ruff, set to nothing, leaves the program as it is and finds nothing."""
    for asked in (("format", "--diff"), ("check",)):
        ruff = [sys.executable, "-m", "ruff", asked[0], "--isolated", *asked[1:], "--stdin-filename", "train.py", "-"]
        done = subprocess.run(ruff, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[:4000] + done.stderr[:1000]


KEEP_FIRST = "first_weights = (globals().get('network') or model).get_weights()\n\n# Training\n"


def run_program(text, folder, *, is_trained=True):
    """Execute a program in this process, which has imported Keras, and return its variables."""
    names = {"__name__": "__main__"}
    text = text.replace("# Training\n", KEEP_FIRST, 1)
    if not is_trained:
        text = text.partition("# Training\n")[0]
    before, policy = Path.cwd(), keras.config.dtype_policy()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, "train.py", "exec"), names)  # noqa: S102 - this is what is tested.
    finally:
        os.chdir(before)
        keras.config.set_dtype_policy(policy)
    return names


def shortened(spec, num_train, most_steps=24):
    """The same spec with at most three epochs and so many steps."""
    length = measure_length(spec.training, num_train)
    most = min(length.num_steps, 3 * length.steps_per_epoch, most_steps)
    whole = most // length.steps_per_epoch
    short = {"epochs": whole, "steps": None} if whole else {"epochs": None, "steps": most}
    return spec.model_copy(update={"training": spec.training.model_copy(update=short)})


BUILT_IN = {preset.name: preset.spec for preset in list_presets() if not hasattr(preset.spec.dataset, "dataset")}

AMPLIFYING = {"sine-regression"}
"""Deep networks that make a difference in rounding between Keras's Adam and the run's grow to 1 % within epochs."""


@pytest.mark.parametrize("name", BUILT_IN)
def test_program_of_a_preset_trains_the_same(name, compare, monkeypatch):
    if name in AMPLIFYING:
        monkeypatch.setattr(keras.optimizers, "Adam", FusedAdam)

    spec = BUILT_IN[name]
    fewer = {field: min(size, 400) for field, size in spec.dataset.sizes_asked().items()}
    spec = spec.model_copy(update={"dataset": spec.dataset.model_copy(update=fewer)})

    compare(shortened(spec, spec.dataset.shape().num_train))


def network(*layers, kind="mlp"):
    return {"kind": kind, "layers": list(layers)}


def spec_of(dataset, model, seed=3, **training):
    training = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "epochs": 2, **training}
    return {"name": "written", "dataset": dataset, "model": model, "training": training, "seed": seed}


SOFTMAX = {"units": 3, "activation": "softmax"}


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy_of(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def idx_of(array):
    codes = {"uint8": 8, "float32": 13}
    head = bytes([0, 0, codes[str(array.dtype)], array.ndim])
    return head + np.array(array.shape, ">u4").tobytes() + array.astype(array.dtype.newbyteorder(">")).tobytes()


RANDOM = np.random.default_rng(5)


def test_program_reads_arrays_of_numbers(compare, upload):
    table = RANDOM.normal(50, 9, (60, 4))
    given, named = upload(npy_of(table), "tafel \"'\n.npy")
    dataset = {"name": "arrays", **named, "target_column": -1, "scaling": "standardize"}
    dataset["split"] = {"validation": 0.2, "test": 10}

    compare(
        spec_of(dataset, network({"units": 4}, {"units": 1}), loss="mse", metrics=["mae", "r2_score", "mape"]),
        given=given,
    )


def test_program_reads_arrays_of_an_archive(compare, upload):
    images, labels = RANDOM.integers(0, 256, (50, 6, 5), np.uint8), RANDOM.integers(3, 6, 50).astype(np.uint8)
    files = {"data/x_train.npy": npy_of(images), "data/y_train.idx.gz": gzip.compress(idx_of(labels))}
    files |= {"data/x_test.npy": npy_of(images[:9]), "data/y_test.npy": npy_of(labels[:9])}
    given, named = upload(tar_of(files), "digits.tar")
    dataset = {"name": "arrays", **named, "split": {"validation": 0.2, "stratify": True}}
    layers = network({"type": "conv2d", "filters": 2, "kernel_size": 3}, {"type": "dense", **SOFTMAX}, kind="cnn")

    compare(spec_of(dataset, layers, class_weight={"4": 3}), given=given)


def test_program_reads_mnist_and_augments_it(compare, mnist):
    datasets_dir, named = mnist
    folder = DatasetFolder.of(datasets_dir, named["sha256"])
    given = Upload("mnist", str(folder.original), 1, named["sha256"], folder.read_description())
    augmentation = {"horizontal_flip": True, "vertical_flip": True, "shift": 0.1, "rotation": 20.0, "crop": 2}
    dataset = {**named, "max_train_samples": 60, "split": {"validation": 0.2}, "augmentation": augmentation}
    layers = network({"units": 10, "activation": "softmax"})

    compare(spec_of(dataset, layers), given=given, datasets_dir=datasets_dir)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_program_reads_images(resize, compare, upload):
    def png(mode, size, form="PNG"):
        shape = (size[1], size[0], len(mode)) if len(mode) > 1 else (size[1], size[0])
        buffer = io.BytesIO()
        Image.fromarray(RANDOM.integers(0, 256, shape, np.uint8)).save(buffer, form)
        return buffer.getvalue()

    files = {
        f"set/{split}/{label}/{n}.{'png' if n % 2 else 'jpg'}": png(
            ("RGB", "RGBA", "RGB", "L")[n % 4], (8 + n, 12), "PNG" if n % 2 else "JPEG"
        )
        for split, count in (("train", 14), ("test", 5))
        for label in ("b", 'a"""')
        for n in range(count)
    }
    given, named = upload(zip_of(files), "images.zip")
    dataset = {"name": "images", **named, "height": 6, "width": 7, "resize": resize, "max_train_samples": 20}
    dataset["split"] = {"validation": 0.25}

    compare(spec_of(dataset, network({"units": 2, "activation": "softmax"})), given=given)


def people(num_rows):
    """A CSV file in which most things occur that tables hold."""
    lines = ['id;age;size;member;born;zip;name with "quotes";species']
    for n in range(num_rows):
        age = "" if n % 7 == 3 else f"{RANDOM.integers(20, 70)},{RANDOM.integers(0, 10)}"
        size = ["small", "large", " medium ", "NA"][RANDOM.integers(0, 4)]
        member = ["true", "false", ""][RANDOM.integers(0, 3)]
        born = "" if n % 11 == 5 else f"{1 + n % 28:02}.{1 + n % 12:02}.{1990 + n % 9}"
        many = f"z{RANDOM.integers(0, 60)}"
        lines.append(f'{n};{age};{size};{member};{born};{many};"a;{n % 3}";{"cat" if n % 13 == 0 else "dog"}')
    return "\r\n".join(lines).encode("utf-16")


def test_program_reads_a_table_with_everything(compare, upload):
    given, named = upload(people(90), "people.csv")
    dataset = {"name": "table", **named, "target": "species", "exclude": ["id"]}
    dataset |= {"split": {"validation": 0.2, "test": 0.2, "stratify": True}}
    dataset["columns"] = {"zip": {"encoding": "embedding", "embedding_dim": 3}, "size": {"max_categories": 2}}

    compared = compare(
        spec_of(
            dataset, network({"units": 4, "activation": "relu"}, {"units": 1, "activation": "sigmoid"}), loss="bce"
        ),
        given=given,
    )

    assert "Reshape" in {type(layer).__name__ for layer in compared.found["model"].layers}


def test_program_fills_and_scales_as_asked(compare, upload):
    given, named = upload(people(80), "people.csv")
    dataset = {
        "name": "table",
        **named,
        "target": "age",
        "scaling": "min_max",
        "split": {"validation": 10, "shuffle": False, "order_by": "born"},
    }
    dataset["columns"] = {
        "born": {"missing": "constant", "fill_value": "01.02.1995"},
        "size": {"missing": "most_frequent"},
        "member": {"missing": "constant", "fill_value": 1},
        "zip": {"missing": "constant", "fill_value": "z3", "encoding": "embedding", "embedding_dim": 2},
        "species": {"encoding": "embedding", "embedding_dim": 2},
        "id": {"type": "category", "max_categories": 5},
    }

    compare(
        spec_of(dataset, network({"units": 1}), loss="mse", metrics=["mse", "mape", "cosine_similarity"]), given=given
    )


def test_program_reads_tables_of_an_archive_with_their_splits(compare, upload):
    rows = [f"{RANDOM.integers(1, 9) * 1000:,}|{RANDOM.normal():.3f}|{n % 3}" for n in range(60)]
    files = {"data/train.csv": "\n".join(["big|x|y", *rows[:45]]).encode()}
    shuffled = [f"{row.split('|')[2]}|{row.split('|')[0]}|{row.split('|')[1]}" for row in rows[45:]]
    files |= {"data/test.csv": "\n".join(["y|big|x", *shuffled]).encode(), "README.md": b"words"}
    given, named = upload(zip_of(files), "tables.zip")
    dataset = {"name": "table", **named, "target": "y", "split": {"validation": 0.2}}

    compare(spec_of(dataset, network(SOFTMAX)), given=given)


def test_program_reads_json_lines_and_splits_by_a_column(compare, upload):
    lines = [
        json.dumps(
            {
                "mixed": [1.0, "x", True][n % 3],
                "when": f"2024-0{1 + n % 9}-03T0{n % 7}:30:00+02:00",
                "part": ["train", "train", "dev"][n % 3],
                "y": n % 2 == 0,
            }
        )
        for n in range(40)
    ]
    given, named = upload("\n".join(lines).encode(), "rows.jsonl")
    dataset = {"name": "table", **named, "target": "y", "split": {"column": "part"}}

    compare(spec_of(dataset, network({"units": 1, "activation": "sigmoid"}), loss="bce"), given=given)


@pytest.mark.parametrize("targets", ["last", "every_step"])
def test_program_cuts_windows_of_series(targets, compare, upload):
    lines = ["place,hour,kind,value"]
    lines += [f"{'ab'[n % 2]},{99 - n // 2},{'xyz'[n % 3]},{RANDOM.normal(7, 2):.4f}" for n in range(80)]
    given, named = upload("\n".join(lines).encode(), "series.csv")
    dataset = {"name": "series", **named, "target": "value", "order_by": "hour", "group_by": "place", "window": 5}
    dataset |= {"horizon": 2, "targets": targets}
    layers = network(
        {"type": "recurrent", "cell": "gru", "units": 3, "return_sequences": targets == "every_step"},
        {"type": "dense", "units": 1},
        kind="rnn",
    )

    compare(spec_of(dataset, layers, loss="huber", metrics=["mae"]), given=given)


def test_program_reads_a_parquet_file(compare, upload, tmp_path):
    columns = "i % 3 AS y, i * 1.5 AS x, DATE '2024-01-01' + i::INT AS d"
    query = f"SELECT {columns}, CASE WHEN i % 4 = 0 THEN NULL ELSE 'k' || i % 2 END AS k"
    duckdb.sql(f"COPY ({query} FROM range(40) t(i)) TO '{tmp_path / 'rows.parquet'}' (FORMAT parquet)")
    given, named = upload((tmp_path / "rows.parquet").read_bytes(), "table.parquet")

    compare(spec_of({"name": "table", **named, "target": "y", "split": {"test": 0.2}}, network(SOFTMAX)), given=given)


def test_program_reads_a_workbook(compare, upload):
    rows = [["y", None, "x"], *([["ab"[n % 2], None, n * 0.5 if n % 5 else None] for n in range(30)])]
    given, named = upload(make_workbook({"Data": rows}), "book.xlsx")
    dataset = {"name": "table", **named, "target": "y", "split": {"validation": 0.2}}

    compare(spec_of(dataset, network({"units": 1, "activation": "sigmoid"}), loss="bce"), given=given)


CONVOLUTIONS = (
    {
        "type": "conv2d",
        "filters": 4,
        "kernel_size": 3,
        "padding": [1, 2],
        "activation": "leaky_relu",
        "batch_normalization": {"position": "before_activation", "momentum": 0.9, "center": False},
        "pooling": {"kind": "average", "pool_size": 2, "strides": 1, "padding": "same"},
        "dropout": 0.1,
        "kernel_regularizer": {"l2": 0.01},
        "bias_initializer": {"name": "random_normal", "stddev": 0.1},
    },
    {
        "type": "parallel",
        "branches": [
            [
                {
                    "type": "conv2d",
                    "filters": 2,
                    "kernel_size": [1, 3],
                    "padding": "same",
                    "groups": 2,
                    "use_bias": False,
                }
            ],
            [],
            [
                {
                    "type": "residual",
                    "layers": [
                        {"type": "conv2d", "filters": 4, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}
                    ],
                    "activation": "gelu",
                },
                {"type": "pooling2d", "kind": "max", "pool_size": 3, "strides": 1, "padding": "same"},
            ],
        ],
    },
    {
        "type": "residual",
        "layers": [{"type": "conv2d", "filters": 3, "kernel_size": 1}],
        "shortcut": [{"type": "conv2d", "filters": 3, "kernel_size": 1}],
    },
    {"type": "global_pooling2d", "kind": "max"},
    {"type": "dropout", "rate": 0.2},
    {"type": "dense", "units": 10, "activation": "softmax", "batch_normalization": "after_activation"},
)


def test_program_of_every_layer_over_images(compare):
    dataset = {"name": "digits", "split": {"validation": 60, "test": 1600, "stratify": True}}
    training = {"optimizer": {"name": "sgd", "learning_rate": 0.01}, "class_weight": "balanced", "batch_size": 50}
    training |= {"metrics": ["accuracy", "top_k_categorical_accuracy", "precision", "auc"], "steps_per_epoch": 2}
    training |= {
        "early_stopping": {"monitor": "val_loss", "patience": 1, "restore_best_weights": True},
        "validation_freq": 2,
    }

    compare(spec_of(dataset, network(*CONVOLUTIONS, kind="cnn"), **training, epochs=4))


def test_program_of_every_recurrent_layer(compare):
    layers = [
        {
            "type": "recurrent",
            "cell": "lstm",
            "units": 3,
            "bidirectional": True,
            "merge_mode": "sum",
            "return_sequences": True,
        },
        {
            "type": "recurrent",
            "cell": "gru",
            "units": 2,
            "go_backwards": True,
            "reset_after": False,
            "return_sequences": True,
        },
        {
            "type": "recurrent",
            "cell": "simple_rnn",
            "units": 2,
            "dropout": 0.2,
            "recurrent_dropout": 0.2,
            "use_bias": False,
            "return_sequences": True,
            "unroll": True,
        },
        {"type": "dense", "units": 1},
    ]
    dataset = {
        "name": "time_series",
        "num_points": 60,
        "noise": 0.1,
        "window": 6,
        "horizon": 2,
        "targets": "every_step",
    }
    dataset["split"] = {"validation": 0.2, "test": 0.2}
    spec = spec_of(dataset, network(*layers, kind="rnn"), loss="half_mean_squared_error", metrics=["r2_score", "mae"])
    spec["training"] |= {"epochs": None, "steps": 3, "optimizer": {"name": "sgd", "momentum": 0.9}}
    spec["initial_weights"] = {"bidirectional_1": {"backward_bias": [0.5] * 12}, "dense_1": {"bias": [0.25]}}

    compare(spec)


@pytest.fixture
def learn(tmp_path):
    """A function that trains a spec as a run, and saves its file where a program of another looks for it."""

    def run(spec, run_id="0192f4a0-7c1e-7d3b-9a55-0242ac120002"):
        folder = tmp_path / "learned"
        folder.mkdir()
        train(parse_spec(spec), datasets_dir=tmp_path, output_dir=folder, reporter=SilentReporter())
        path = (folder / "model.keras").rename(tmp_path / f"{run_id}.keras")
        return path, {"run": run_id, "sha256": sha256(path.read_bytes()).hexdigest()}

    return run


def test_program_starts_from_the_weights_of_a_run_and_trains_a_new_head(compare, learn, tmp_path):
    convolution = {"type": "conv2d", "filters": 3, "kernel_size": 3, "strides": 2, "activation": "relu"}
    layers = [
        convolution | {"batch_normalization": "before_activation", "dropout": 0.2},
        {"type": "conv2d", "filters": 2, "kernel_size": 2},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ]
    dataset = {"name": "digits", "split": {"validation": 20, "test": 1740}}
    spec = spec_of(dataset, network(*layers, kind="cnn"), plan="step", epochs=1)
    path, weights = learn(spec)
    spec["initial_weights"] = weights | {"new_layers": ["dense_*"], "numbers": {"dense_1": {"bias": [0.5] * 10}}}
    spec["training"] |= {
        "frozen_layers": ["conv2d_1", "batch_normalization_1"],
        "optimizer": {"name": "adamw", "weight_decay": 0.1},
        "epochs": 2,
    }
    spec["seed"] = 4

    found = compare(spec, weights_path=path)

    trained = found.found["model"]
    assert [layer.name for layer in trained.layers if layer.weights and not layer.trainable] == [
        "conv2d_1",
        "batch_normalization_1",
    ]
    assert f"GET /v1/runs/{weights['run']}/artifacts/model.keras" in found.program.text
    path.write_bytes(b"another file")
    with pytest.raises(SystemExit, match="is not the file that the run has started from"):
        run_program(found.program.text, tmp_path)


def test_program_starts_from_recurrent_weights_with_scaled_targets(compare, learn):
    layers = [{"type": "recurrent", "cell": "lstm", "units": 2, "bidirectional": True}, {"type": "dense", "units": 1}]
    dataset = {"name": "time_series", "num_points": 60, "window": 4, "split": {"validation": 0.2, "test": 0.2}}
    spec = spec_of(dataset, network(*layers, kind="rnn"), loss="mean_squared_error", metrics=[], plan="step", epochs=1)
    path, weights = learn(spec)
    spec["initial_weights"] = weights
    spec["training"]["frozen_layers"] = ["bidirectional_1"]

    compare(spec, weights_path=path)


def test_program_weighs_rows_and_reads_logits(compare):
    inputs = RANDOM.normal(size=(50, 3)).round(3)
    dataset = {"name": "inline", "inputs": inputs.tolist(), "targets": [int(row[0] > row[1]) for row in inputs]}
    dataset |= {
        "class_labels": ["no", "yes"],
        "sample_weight": RANDOM.integers(0, 3, 50).tolist(),
        "scaling": "standardize",
    }
    dataset["split"] = {"validation": 0.2, "test": 5, "shuffle": False}
    training = {"loss": {"name": "squared_hinge"}, "metrics": ["accuracy", "precision", "recall", "mse"]}

    compare(spec_of(dataset, network({"units": 1}), **training, optimizer={"name": "ftrl", "learning_rate": 0.1}))


@pytest.mark.parametrize(
    "family",
    [
        {"family": "resnet", "depth": 8, "width": 2},
        {"family": "vgg", "width": 1, "hidden_units": 4},
        {"family": "alexnet", "width": 2, "hidden_units": 4},
        {"family": "googlenet", "width": 4},
    ],
    ids=lambda family: family["family"],
)
def test_program_of_a_family_starts_with_the_same_network(family, compare):
    dataset = {"name": "digits", "split": {"test": 1790}}

    compare(spec_of(dataset, {"kind": "cnn_family", **family}), is_trained=False)


def test_program_in_16_bits_stays_close(compare):
    dataset = {"name": "iris", "scaling": "standardize", "split": {"test": 30}}
    layers = network({"units": 8, "activation": "relu", "dropout": 0.1}, SOFTMAX)

    compare(spec_of(dataset, layers, precision="mixed_bfloat16"), tolerance=0.03)


def test_program_needs_nothing_but_its_packages(tmp_path):
    """In a process of its own, which has no path to Trainyard."""
    spec = parse_spec(
        spec_of({"name": "truth_table", "operation": "xor"}, network({"units": 2, "activation": "softmax"}))
    )
    text = (
        "import sys\nsys.modules |= dict.fromkeys(('core', 'models', 'api', 'trainyard'))\n" + write_program(spec).text
    )
    (tmp_path / "train.py").write_text(text)

    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        env={"PATH": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert "Epoch 2/2" in done.stdout
    assert (tmp_path / "written.keras").stat().st_size > 0
