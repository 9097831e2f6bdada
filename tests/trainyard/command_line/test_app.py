"""Behaviour of every command: errors in words, exit codes, quick help."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from trainyard.command_line.app import app

RUN_ID = "01920000-0000-7000-8000-000000000001"
COMMANDS = [
    "run",
    "run-batch",
    "retry",
    "clone",
    "continue",
    "runs",
    "show",
    "metrics",
    "evaluation",
    "compare",
    "diff",
    "plot",
    "tag",
    "note",
    "logs",
    "code",
    "pause",
    "resume",
    "checkpoints",
    "cancel",
    "delete",
    "predict",
    "explain",
    "drift",
    "batch-predict",
    "presets",
    "validate",
    "prune",
    "backup",
    "restore",
    "doctor",
    "models",
    "data",
    "export",
    "dead-letters",
    "keys",
    "quotas",
    "webhooks",
]
GROUPS = {"export", "keys", "models", "webhooks"}
WITHOUT_HTTP = {"backup", "restore", "doctor"}
"""They become another program, which tests/operations/test_main.py has."""
SUBCOMMANDS = [
    ["export", "tensorboard"],
    ["export", "mlflow"],
    ["data", "add"],
    ["dead-letters", "retry"],
    ["keys", "create"],
    ["keys", "list"],
    ["keys", "revoke"],
    *[["webhooks", name] for name in ("list", "make", "show", "deliveries", "enable", "delete")],
    *[
        ["models", name]
        for name in (
            "add",
            "versions",
            "show",
            "compare",
            "aliases",
            "promote",
            "rollback",
            "history",
            "delete-alias",
            "delete",
        )
    ],
]


@pytest.fixture
def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_help_names_every_command(invoke):
    result = invoke("--help")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.partition("Commands:")[2].split("\n") if line] == COMMANDS


@pytest.mark.parametrize(
    "command", [*[[name] for name in COMMANDS if name not in {*GROUPS, *WITHOUT_HTTP}], *SUBCOMMANDS]
)
def test_every_command_has_help(invoke, command):
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    assert "--url" in result.stdout


def test_help_loads_neither_http_nor_rich():
    program = "import sys, trainyard.command_line.app; print(sorted({'httpx', 'rich', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_version_is_printed(invoke):
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, "0.1.0\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs"],
        ["run", "binary-adder"],
        ["run", "binary-adder", "--set", "seed=1"],
        ["show", RUN_ID],
        ["logs", RUN_ID],
        ["code", RUN_ID],
        ["cancel", RUN_ID],
        ["delete", RUN_ID],
        ["predict", "m", "[1]"],
        ["explain", "m", "[1]"],
        ["drift", "m", "1"],
        ["presets"],
        ["validate", "binary-adder"],
        ["data"],
        ["models"],
    ],
)
def test_missing_service_is_one_line_and_exit_code_2(closed_port, arguments):
    url = f"http://127.0.0.1:{closed_port}"
    result = CliRunner().invoke(app, [*arguments, "--url", url])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (f"Error: No Trainyard answers at {url} (Connection refused); start one with `make up`.\n")


def test_url_option_wins_over_the_environment(invoke, fake, closed_port):
    fake.on("GET", "/v1/runs", {"items": [], "next_cursor": None})
    environment = {"TRAINYARD_URL": f"http://127.0.0.1:{closed_port}"}
    assert invoke("runs", "--url", fake.url, environment=environment).exit_code == 0


def test_host_and_port_of_the_environment_are_used(invoke, fake):
    fake.on("GET", "/v1/runs", {"items": [], "next_cursor": None})
    environment = {"TRAINYARD_URL": "", "TRAINYARD_HOST": "127.0.0.1", "TRAINYARD_PORT": str(fake.port)}
    assert invoke("runs", environment=environment).exit_code == 0


def test_wrong_address_is_reported_in_words(invoke):
    result = invoke("runs", "--url", "ftp://x")
    assert result.exit_code == 1
    assert result.stderr == "Error: 'ftp://x' is not the address of a service. Write it as http://127.0.0.1:8000.\n"


def test_problems_are_printed_with_their_pointers(invoke, fake, answer):
    problems = [
        {"pointer": "/spec/training/epochs", "detail": "Must be at least 1.", "code": "too_small"},
        {"pointer": "/spec/model/unitz", "detail": "There is no field 'unitz' here.", "code": "unknown_field"},
    ]
    body = {"status": 422, "detail": "The spec has 2 problems.", "code": "invalid_spec", "errors": problems}
    fake.on("POST", "/v1/runs", answer(body, 422))
    result = invoke("run", "binary-adder")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "Error: The spec has 2 problems.\n"
        "  at /spec/training/epochs: Must be at least 1.\n"
        "  at /spec/model/unitz: There is no field 'unitz' here.\n"
    )


def test_problem_that_repeats_the_detail_is_printed_once(invoke, fake, answer):
    problem = {"pointer": "/spec/training/epochs", "detail": "Too many epochs.", "code": "over_limit"}
    fake.on("POST", "/v1/runs", answer({"detail": "Too many epochs.", "errors": [problem]}, 422))
    assert invoke("run", "binary-adder").stderr == "Error: Too many epochs.\n  at /spec/training/epochs\n"


def test_problem_of_no_place_in_the_body_is_printed_without_one(invoke, fake, answer):
    problems = [{"pointer": "", "detail": detail, "code": "invalid_parameter"} for detail in ("One.", "Two.")]
    fake.on("GET", "/v1/runs", answer({"detail": "One. Two.", "errors": problems}, 422))
    assert invoke("runs").stderr == "Error: One. Two.\n  One.\n  Two.\n"
    fake.on("GET", "/v1/runs", answer({"detail": "One.", "errors": problems[:1]}, 422))
    assert invoke("runs").stderr == "Error: One.\n"


def test_another_programs_answer_is_reported_in_words(invoke, fake, answer):
    fake.on("GET", "/v1/runs", answer("<html>"))
    result = invoke("runs")
    assert result.exit_code == 1
    assert "Check the address" in result.stderr


def test_misspelled_command_gets_a_suggestion(invoke):
    result = invoke("evalution")
    assert result.exit_code == 2
    assert "Did you mean 'evaluation'?" in result.stderr


def test_terminal_that_is_not_utf8_gets_question_marks_instead_of_a_traceback(fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document(experiment="漢字")], "next_cursor": None})
    done = run_command(fake, "runs", PYTHONIOENCODING="latin-1")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, "")
    assert "  ??  " in out


def test_reader_that_stops_early_is_no_error(fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document()] * 5000, "next_cursor": None})
    process = run_command(fake, "runs", "--limit", "5000")
    process.stdout.readline()
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()


def test_interrupt_while_watching_leaves_the_run_going(fake, answer, run_document, progress_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    fake.on("GET", f"/v1/runs/{RUN_ID}", run_document("running", progress=progress_document(1)))
    process = run_command(fake, "run", "binary-adder", "--watch")
    seen = [process.stderr.readline(), process.stderr.readline()]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert seen[0] == f"Run {RUN_ID}\n"
    assert seen[1].startswith("running")
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == f"The run continues. Cancel it with: trainyard cancel {RUN_ID}"
    assert fake.count("POST", f"/v1/runs/{RUN_ID}:cancel") == 0


def run_command(fake, *arguments, **variables):
    program = "from trainyard.command_line.app import app; app()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TRAINYARD_URL": fake.url} | variables,
    )
