import json

import pytest

A = "01920000-0000-7000-8000-000000000001"
B = "01920000-0000-7000-8000-000000000002"
C = "01920000-0001-7000-8000-000000000003"


def ranked(run_id, rank, value, seed, **changes):
    times = dict.fromkeys(("created_at", "started_at", "ended_at"), "2026-01-02T03:04:05Z")
    fields = {"state": "succeeded", "experiment": "e", "model": "m", "preset": None, "tags": {}, "metrics": {}}
    run = {"run_id": run_id, "rank": rank, "unranked": None, "value": value, "step": 3, "seed": seed}
    return run | fields | times | changes


def group(run_ids, seeds, rank, mean, half, **changes):
    ends = {"low": None, "high": None} if half is None else {"low": mean - half, "high": mean + half}
    about = {"group": "a" * 64, "run_ids": run_ids, "seeds": seeds, "left_out": [], "n": len(seeds), "rank": rank}
    return about | {"mean": mean, "stddev": None} | ends | changes


def differing(path, values, *, long=None):
    ids = {*values, *(long or {})}
    return {"path": path, "values": values, "long": long or {}, "missing": sorted({A, B, C} - ids)}


@pytest.fixture
def comparison():
    return {
        "metric": {"key": "test/accuracy", "statistic": "best", "direction": "max", "is_default": False},
        "confidence": 0.95,
        "items": [ranked(B, 1, 0.9, 2), ranked(A, 2, 0.75, 1), ranked(C, None, "NaN", 1, unranked="not_finite")],
        "differences": [
            differing("seed", {A: 1, B: 2, C: 1}),
            differing("training.optimizer.learning_rate", {A: 0.1, B: 0.1, C: 0.5}),
            differing("training.optimizer.momentum", {C: 0.9}),
        ],
        "num_differences": 3,
        "groups": [group([A, B], [1, 2], 1, 0.825, 0.05), group([C], [1], None, "NaN", None)],
        "warnings": [],
        "missing": [],
    }


@pytest.fixture
def compared(fake, comparison):
    fake.on("POST", "/v1/runs:compare", comparison)
    return comparison


@pytest.mark.usefixtures("compared")
def test_runs_are_ranked_with_the_fields_that_differ(invoke, fake):
    result = invoke("compare", A, B, C, "--metric", "test/accuracy")
    assert result.exit_code == 0
    assert fake.requests[-1].body["runs"] == [A, B, C]
    assert fake.requests[-1].body["metric"] == "test/accuracy"
    assert [line.split("  ") for line in collapse(result.stdout)] == [
        ["Best test/accuracy; more is better."],
        ["RANK", "RUN", "seed", "learning_rate", "momentum", "test/accuracy", "WITHOUT A RANK"],
        ["1", B, "2", "0.1", "–", "0.9"],
        ["2", A, "1", "0.1", "–", "0.75"],
        ["–", C, "1", "0.5", "0.9", "nan", "not a finite value"],
    ]


@pytest.mark.usefixtures("compared")
def test_seeds_are_averaged(invoke):
    result = invoke("compare", A, B, C, "--seeds")
    assert [line.split("  ") for line in collapse(result.stdout)] == [
        ["Best test/accuracy; more is better."],
        ["RANK", "N", "SEEDS", "learning_rate", "momentum", "MEAN", "± 95%"],
        ["1", "2", "1, 2", "0.1", "–", "0.825", "0.05"],
        ["–", "1", "1", "0.5", "0.9", "nan", "–"],
    ]


def test_last_values_and_the_direction_are_asked_for(invoke, fake, compared):
    result = invoke("compare", A, B, "--last", "--direction", "min", "--json")
    assert json.loads(result.stdout) == compared
    assert (fake.requests[-1].body["statistic"], fake.requests[-1].body["direction"]) == ("last", "min")


def test_a_run_that_does_not_exist_is_named_and_the_others_compared(invoke, fake, comparison):
    gap = {"run_id": C, "code": "unknown_run", "detail": f"There is no run {C}."}
    warning = {"code": "losses_differ", "pointer": "/metric", "detail": "The runs differ in the loss."}
    fake.on("POST", "/v1/runs:compare", comparison | {"missing": [gap], "warnings": [warning]})
    result = invoke("compare", A, B, C)
    assert result.exit_code == 1
    assert "0.9" in result.stdout
    assert result.stderr == (
        f"Warning: The runs differ in the loss. (losses_differ at /metric)\nError: There is no run {C}.\n"
    )


def test_fields_beyond_the_table_are_counted(invoke, fake, comparison):
    many = [differing(f"a.b{number}", {A: number, B: 0, C: 0}) for number in range(8)]
    fake.on("POST", "/v1/runs:compare", comparison | {"differences": many})
    result = invoke("compare", A, B, C)
    assert "b5" in result.stdout
    assert "b6" not in result.stdout
    assert "2 more fields differ" in result.stdout


@pytest.mark.usefixtures("compared")
def test_beginnings_of_ids_are_looked_up_once(invoke, fake, run_document):
    items = [run_document(run_id=run_id) for run_id in (C, B, A)]
    fake.on("GET", "/v1/runs", {"items": items, "next_cursor": None})
    assert invoke("compare", A, C[:13], B).exit_code == 0
    assert fake.requests[-1].body["runs"] == [A, C, B]
    assert fake.count("GET", "/v1/runs") == 1


def test_diff_shows_what_differs_and_ends_with_1(invoke, fake, comparison):
    layers = {"sha256": "f" * 64, "length": 2000, "start": '[{"units": 1'}
    found = [
        differing("training.epochs", {A: 3, B: "3"}),
        differing("training.shuffle", {A: None}),
        differing("name", {A: "true", B: "adam"}),
        differing("dataset.rows", {A: 1}, long={B: layers}),
    ]
    fake.on("POST", "/v1/runs:compare", comparison | {"differences": found})
    result = invoke("diff", A, B)
    assert result.exit_code == 1
    assert [line.split("  ") for line in collapse(result.stdout)][1:] == [
        ["training.epochs", "3", '"3"'],
        ["training.shuffle", "null", "–"],
        ["name", '"true"', "adam"],
        ["dataset.rows", "1", f'[{{"units": 1… (2,000 characters, sha256 {"f" * 12})'],
    ]
    result = invoke("diff", A, B, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "runs": [A, B],
        "differences": [
            {"path": "training.epochs", "values": {A: 3, B: "3"}},
            {"path": "training.shuffle", "values": {A: None}},
            {"path": "name", "values": {A: "true", B: "adam"}},
            {"path": "dataset.rows", "values": {A: 1, B: layers}},
        ],
    }


def test_diff_of_equal_runs_is_silent_and_ends_with_0(invoke, fake, comparison):
    fake.on("POST", "/v1/runs:compare", comparison | {"differences": []})
    result = invoke("diff", A, B)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_diff_ends_with_2_if_a_run_does_not_exist(invoke, fake, comparison):
    gap = {"run_id": B, "code": "unknown_run", "detail": f"There is no run {B}."}
    fake.on("POST", "/v1/runs:compare", comparison | {"differences": [], "missing": [gap]})
    result = invoke("diff", A, B)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: There is no run {B}.\n"


def test_diff_says_its_exit_status(invoke):
    assert "1 if they differ" in " ".join(invoke("diff", "--help").stdout.split())


def test_one_run_is_drawn_to_a_file(invoke, fake, tmp_path):
    fake.on("GET", f"/v1/runs/{A}/plot.png", b"\x89PNG")
    target = tmp_path / "curves.PNG"
    result = invoke("plot", A, "-o", str(target), "--key", "a", "--key", "b/*", "--width", "640", "--y", "log")
    assert (result.exit_code, result.stderr) == (0, f"Saved {target}.\n")
    assert target.read_bytes() == b"\x89PNG"
    query = fake.requests[-1].query
    assert [value for name, value in query if name == "keys"] == ["a", "b/*"]
    assert (dict(query)["width"], dict(query)["y"]) == ("640", "log")
    assert "scale" not in dict(query)


def test_several_runs_or_seeds_are_drawn_together(invoke, fake, tmp_path):
    fake.on("GET", "/v1/runs:plot.svg", "<svg/>")
    target = tmp_path / "curves.svg"
    assert invoke("plot", A, B, "--seeds", "-o", str(target)).exit_code == 0
    assert target.read_text() == "<svg/>"
    assert [entry for entry in fake.requests[-1].query if entry[0] in {"runs", "seeds"}] == [
        ("runs", A),
        ("runs", B),
        ("seeds", "true"),
    ]


@pytest.mark.parametrize("name", ["curves", "curves.gif", "missing/curves.svg"])
def test_files_that_cannot_be_pictures_are_rejected(invoke, fake, tmp_path, name):
    fake.on("GET", f"/v1/runs/{A}/plot.svg", "<svg/>")
    result = invoke("plot", A, "-o", str(tmp_path / name))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def collapse(text):
    """Lines with exactly two spaces between columns."""
    return ["  ".join(part.strip() for part in line.split("  ") if part.strip()) for line in text.splitlines()]
