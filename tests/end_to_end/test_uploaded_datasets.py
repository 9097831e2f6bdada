"""Uploaded datasets: upload, training and prediction over HTTP, without manual preparation."""

import base64
import csv
import io
import json
import math
import random
import zipfile
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.ingest.workbook_files import DAY, Styled, make_workbook

TRAINING = {"optimizer": {"name": "adam", "learning_rate": 0.01}, "epochs": 30, "batch_size": 32}


def upload(service, name, content, status=201):
    answer = service.http.post("/v1/datasets", params={"name": name}, content=content, timeout=120)
    assert answer.status_code == status, answer.text
    return answer.json()


def layers(*units, last, activation):
    return [*({"units": number, "activation": "relu"} for number in units), {"units": last, "activation": activation}]


def write_csv(rows):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def make_customers(count=600):
    """Customers who stay or leave by rule, with gaps; the last fifth is marked as test."""
    draw = random.Random(7)  # noqa: S311 - rows for a test
    rows = []
    for number in range(count):
        plan = draw.choice(["basic", "plus", "família"])
        age = draw.randint(18, 80)
        since = date(2020, 1, 1) + timedelta(days=draw.randint(0, 1500))
        stays = plan != "basic" or (age > 50 and since.year < 2022)
        rows.append(
            {
                "customer": f"C{number:05}",
                "plan": plan if draw.random() > 0.05 else "",
                "age": age if draw.random() > 0.05 else "",
                "since": since.isoformat(),
                "newsletter": draw.choice(["true", "false"]),
                "part": "test" if number >= count * 4 // 5 else "train",
                "outcome": "stays" if stays else "leaves",
            }
        )
    return rows


@pytest.fixture(scope="module")
def customers(service):
    """The rows, the response to their upload, and the run that trained on them."""
    rows = make_customers()
    shown = upload(service, "customers", write_csv(rows))
    dataset = {
        "name": "table",
        "dataset": "customers",
        "target": "outcome",
        "exclude": ["customer"],
        "split": {"column": "part", "validation": 0.2, "test": 0, "stratify": True},
    }
    spec = {
        "name": "churn",
        "dataset": dataset,
        "model": {"kind": "mlp", "layers": layers(32, last=2, activation="softmax")},
        "training": TRAINING | {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    }
    return rows, shown, service.train(spec=spec)


def test_an_upload_shows_what_is_in_it(customers):
    _, shown, _ = customers
    columns = {column["name"]: column for column in shown["description"]["columns"]}
    assert {name: column["type"] for name, column in columns.items()} == {
        "customer": "text", "plan": "text", "age": "integer", "since": "date", "newsletter": "boolean",
        "part": "text", "outcome": "text",
    }  # fmt: skip
    assert columns["plan"]["num_distinct"] == 3
    assert columns["plan"]["num_missing"] > 0
    assert {entry["value"] for entry in columns["outcome"]["values"]} == {"stays", "leaves"}


def test_a_model_trains_on_a_table_of_text_dates_and_gaps(customers):
    _, _, run = customers
    assert run["latest_metrics"]["test/accuracy"] > 0.85
    assert run["spec"]["dataset"]["version"] == 1
    assert len(run["spec"]["dataset"]["sha256"]) == 64


def test_raw_rows_are_answered_with_the_labels_of_the_table(service, customers):
    rows, _, run = customers
    test_rows = [row for row in rows if row["part"] == "test"]
    instances = [
        {
            "plan": row["plan"] or None,
            "age": row["age"] if row["age"] != "" else None,
            "since": row["since"],
            "newsletter": row["newsletter"] == "true",
        }
        for row in test_rows
    ]
    predictions = service.predict("churn", instances=instances)["predictions"]
    assert {prediction["label"] for prediction in predictions} == {"stays", "leaves"}
    right = sum(prediction["label"] == row["outcome"] for prediction, row in zip(predictions, test_rows, strict=True))
    # The served model is right exactly as often as the trained one was on the same rows.
    assert right / len(test_rows) == pytest.approx(run["latest_metrics"]["test/accuracy"], abs=1e-6)


@pytest.mark.usefixtures("customers")
def test_a_value_never_seen_in_training_is_answered_too(service):
    row = {"plan": "platinum", "age": None, "since": "2031-05-01", "newsletter": None}
    (prediction,) = service.predict("churn", instances=[row])["predictions"]
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.usefixtures("customers")
def test_a_misspelt_column_of_an_uploaded_table_is_reported(service):
    row = {"plna": "plus", "age": 30, "since": "2021-01-01", "newsletter": True}
    answer = service.http.post("/v1/models/churn:predict", json={"instances": [row]})
    assert answer.status_code == 400
    assert "Did you mean 'plan'?" in answer.json()["error"]


def test_a_run_reports_the_precision_of_each_class(service, customers):
    _, _, run = customers
    report = service.http.get(f"/v1/runs/{run['id']}/evaluation").raise_for_status().json()
    known = report["test"]["classification"]
    matrix = np.array(known["confusion_matrix"])
    assert matrix.sum() == 120
    assert np.trace(matrix) / 120 == pytest.approx(run["latest_metrics"]["test/accuracy"], abs=1e-6)
    assert [entry["label"] for entry in known["classes"]] == ["leaves", "stays"]


def test_the_same_bytes_are_the_same_version(service, customers):
    rows, shown, _ = customers
    again = upload(service, "customers", write_csv(rows), status=200)
    assert again["version"] == shown["version"]
    assert again["sha256"] == shown["sha256"]


def test_a_parquet_file_makes_a_regression(service, tmp_path):
    path = tmp_path / "homes.parquet"
    duckdb.sql(
        "SELECT 40 + (i * 37) % 160 AS area, (i * 13) % 5 AS rooms, ['north', 'south'][1 + i % 2] AS side, "
        "2.5 * (40 + (i * 37) % 160) + 20 * ((i * 13) % 5) + 30 * (i % 2) AS price FROM range(500) AS t(i)"
    ).write_parquet(str(path))
    upload(service, "homes", path.read_bytes())
    run = service.train(
        spec={
            "name": "prices",
            "dataset": {"name": "table", "dataset": "homes", "target": "price", "task": "regression"},
            "model": {"kind": "mlp", "layers": layers(32, last=1, activation="linear")},
            "training": TRAINING | {"loss": "mse", "metrics": ["r2_score"], "epochs": 150},
        }
    )
    assert run["latest_metrics"]["test/r2_score"] > 0.95
    report = service.http.get(f"/v1/runs/{run['id']}/evaluation").raise_for_status().json()
    assert report["test"]["regression"]["r2_score"] == pytest.approx(run["latest_metrics"]["test/r2_score"], abs=1e-4)
    ((price,),) = service.predict("prices", instances=[{"area": 100, "rooms": 2, "side": "south"}])["predictions"]
    # 2.5 · 100 + 20 · 2 + 30.
    assert price == pytest.approx(320, rel=0.15)


def test_a_sheet_that_was_not_read_at_first_trains_without_another_upload(service):
    # 45292 is 2024-01-01; costs are 3 for each item, in any month.
    rows = [["order", "day", "items", "cost"]]
    rows += [[f"{number:03}", Styled(45292 + number, DAY), number % 7, 3.0 * (number % 7)] for number in range(200)]
    first = upload(service, "orders", make_workbook({"Notes": [["see"], ["below"]], "Orders": rows}))
    path = f"/v1/datasets/orders/versions/{first['version']}"
    second = service.http.post(f"{path}:reread", json={"sheet": "Orders"}, timeout=120).raise_for_status().json()
    assert [column["type"] for column in second["description"]["columns"]] == ["text", "date", "integer", "integer"]
    service.http.delete(path).raise_for_status()
    run = service.train(
        spec={
            "name": "costs",
            "dataset": {"name": "table", "dataset": "orders", "target": "cost", "exclude": ["order", "day"]}
            | {"task": "regression"},
            "model": {"kind": "mlp", "layers": layers(last=1, activation="linear")},
            "training": TRAINING | {"loss": "mse", "optimizer": {"name": "adam", "learning_rate": 0.1}},
        }
    )
    assert run["spec"]["dataset"]["reading"] == second["reading"]
    ((cost,),) = service.predict("costs", instances=[{"items": 4}])["predictions"]
    assert cost == pytest.approx(12, rel=0.1)


def draw_shape(kind, size, place):
    image = Image.new("RGB", size, (20, 20, 20))
    box = (place, place, size[0] - place, size[1] - place)
    draw = ImageDraw.Draw(image)
    (draw.ellipse if kind == "disc" else draw.rectangle)(box, fill=(220, 60, 60) if kind == "disc" else (60, 60, 220))
    return image


def encode(image, form):
    content = io.BytesIO()
    image.save(content, form)
    return content.getvalue()


def test_a_model_trains_on_a_folder_of_images_and_predicts_files_of_any_size(service):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(60):
            for kind in ("disc", "square"):
                for part, count in (("train", 60), ("test", 12)):
                    if number < count:
                        image = draw_shape(kind, (24 + number % 9, 24 + number % 5), 3 + number % 4)
                        form = "PNG" if number % 2 else "JPEG"
                        archive.writestr(f"shapes/{part}/{kind}/{number}.{form.lower()}", encode(image, form))
    shown = upload(service, "shapes", content.getvalue())
    assert shown["description"]["splits"] == {"train": 120, "test": 24}
    assert [entry["value"] for entry in shown["description"]["classes"]] == ["disc", "square"]
    run = service.train(
        spec={
            "name": "shapes",
            "dataset": {
                "name": "images",
                "dataset": "shapes",
                "height": 16,
                "width": 16,
                "augmentation": {"horizontal_flip": True, "shift": 0.1},
            },
            "model": {
                "kind": "cnn",
                "layers": [
                    {"type": "conv2d", "filters": 8, "kernel_size": 3, "activation": "relu", "pooling": {}},
                    {"type": "flatten"},
                    {"type": "dense", "units": 2, "activation": "softmax"},
                ],
            },
            "training": TRAINING | {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
        }
    )
    assert run["latest_metrics"]["test/accuracy"] > 0.9
    picture = base64.b64encode(encode(draw_shape("square", (300, 200), 40), "PNG")).decode()
    (prediction,) = service.predict("shapes", instances=[{"b64": picture}])["predictions"]
    assert prediction["label"] == "square"


def test_a_time_series_is_forecast_from_raw_windows(service):
    days = [
        {
            "day": (date(2022, 1, 1) + timedelta(days=number)).isoformat(),
            "load": round(50 + 20 * math.sin(2 * math.pi * number / 7), 3),
            "weekend": str((date(2022, 1, 1) + timedelta(days=number)).weekday() >= 5).lower(),
        }
        for number in range(400)
    ]
    turned = days[200:] + days[:200]  # The order comes from the column, not from the file.
    upload(service, "load", write_csv(turned))
    run = service.train(
        spec={
            "name": "load",
            "dataset": {
                "name": "series",
                "dataset": "load",
                "target": "load",
                "order_by": "day",
                "features": ["load", "weekend"],
                "window": 7,
            },
            "model": {
                "kind": "rnn",
                "layers": [{"type": "recurrent", "cell": "gru", "units": 16}, {"type": "dense", "units": 1}],
            },
            "training": TRAINING | {"loss": "mse", "metrics": ["mae"], "epochs": 60},
        }
    )
    report = service.http.get(f"/v1/runs/{run['id']}/evaluation").raise_for_status().json()
    assert report["test"]["regression"]["r2_score"] > 0.9
    window = [{"load": row["load"], "weekend": row["weekend"] == "true"} for row in days[-7:]]
    ((answer,),) = service.predict("load", instances=[window])["predictions"]
    assert answer == pytest.approx(50 + 20 * math.sin(2 * math.pi * 400 / 7), abs=6)


def test_a_dataset_in_use_stays_and_one_that_is_not_goes(service):
    upload(service, "passing", b"x,y\n" + b"".join(b"%d,%d\n" % (number, 2 * number) for number in range(50)))
    spec = {
        "name": "passing",
        "dataset": {"name": "table", "dataset": "passing", "target": "y", "task": "regression"},
        "model": {"kind": "mlp", "layers": [{"units": 1}]},
        # Long enough to be asked about while it runs.
        "training": {"optimizer": "sgd", "loss": "mse", "epochs": 100_000, "plan": "step"},
    }
    run = service.submit(spec=spec)
    rejected = service.http.delete("/v1/datasets/passing")
    assert rejected.status_code == 409
    assert run["id"] in rejected.text
    service.http.post(f"/v1/runs/{run['id']}:cancel")
    service.wait_for_end(run)
    assert service.http.delete("/v1/datasets/passing").status_code == 204
    assert service.http.get("/v1/datasets/passing").status_code == 404
    answer = service.http.post("/v1/runs", json={"spec": spec})
    assert answer.status_code == 422
    assert "trainyard data add passing" in answer.text


BAD_UPLOADS = {
    "nothing": (b"", "empty"),
    "ragged rows": (b"a,b\n1,2\n1,2,3\n4,5\n", "3"),
    "a pickled array": (None, "object"),
    "a cut-off image archive": (None, ""),
    "mixed encodings": ("a,b\nå,1\n".encode() * 50 + "a,ø\n".encode("latin-1"), ""),
}


@pytest.mark.parametrize("what", BAD_UPLOADS)
def test_a_bad_upload_is_rejected_and_leaves_nothing(service, what):
    content, word = BAD_UPLOADS[what]
    if what == "a pickled array":
        file = io.BytesIO()
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        content = file.getvalue()
    if what == "a cut-off image archive":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a/x.png", encode(draw_shape("disc", (20, 20), 2), "PNG"))
        content = file.getvalue()[:-40]
    before = {path for path in (service.data_dir / "datasets").rglob("*") if path.is_file()}
    answer = service.http.post("/v1/datasets", params={"name": "bad"}, content=content, timeout=60)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]
    assert service.http.get("/v1/datasets/bad").status_code == 404
    assert {path for path in (service.data_dir / "datasets").rglob("*") if path.is_file()} == before


def test_warnings_reach_the_run_its_log_and_the_command_line(service, tmp_path):
    # Class c has one row, which this seed puts into the test rows; a third of the rows says None.
    labels = ["common"] * 28 + ["b", "c"] + ["None"] * 15
    rows = [{"x": number, "label": label} for number, label in enumerate(labels)]
    upload(service, "rare", write_csv(rows))
    spec = {
        "name": "rare",
        "dataset": {"name": "table", "dataset": "rare", "target": "label", "split": {"validation": 0.2, "test": 0.2}},
        "model": {"kind": "mlp", "layers": layers(last=3, activation="softmax")},
        "training": TRAINING | {"loss": "sparse_categorical_crossentropy", "epochs": 1},
        "seed": 2,
    }
    path = tmp_path / "rare.json"
    path.write_text(json.dumps(spec))
    watched = service.command("run", str(path), "--watch")
    assert watched.returncode == 0, watched.stderr
    run_id = watched.stderr.split()[1]
    run = service.http.get(f"/v1/runs/{run_id}").json()
    codes = {warning["code"] for warning in run["warnings"]}
    assert {"rows_dropped", "few_rows_in_class", "class_not_trained"} <= codes
    log = service.http.get(f"/v1/runs/{run_id}/logs").text
    shown = service.command("show", run_id).stdout
    for warning in run["warnings"]:
        text = f"{warning['detail']} ({warning['code']} at {warning['pointer']})"
        assert text in log
        assert f"Warning: {text}" in watched.stderr
        assert text in " ".join(shown.split())
