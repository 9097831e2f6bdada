import json
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn

from core.settings import Settings
from jobs.celery_app import LOG_FORMAT
from launch.commands import LOGGING_FILE, api_command, worker_command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path, port=8123, log_level="debug")


def test_uvicorn_understands_every_option(settings):
    command = api_command(settings)
    options = uvicorn.main.make_context("uvicorn", command[command.index("uvicorn") + 1 :]).params
    assert options["app"] == "api.app:create_app"
    assert options["factory"] is True
    assert (options["host"], options["port"]) == ("127.0.0.1", 8123)
    assert options["timeout_graceful_shutdown"] > 0
    assert options["access_log"] is False


def test_celery_understands_every_option(settings):
    ended = subprocess.run([*worker_command(settings), "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Start worker instance" in ended.stdout


def test_api_and_worker_log_in_one_format():
    assert json.loads(LOGGING_FILE.read_text())["formatters"]["line"]["format"] == LOG_FORMAT


def test_api_logs_from_the_level_of_the_settings_up(tmp_path):
    program = (
        "import json, logging, logging.config, sys\n"
        f"logging.config.dictConfig(json.load(open({str(LOGGING_FILE)!r})))\n"
        "logging.getLogger('trainyard.api').info('quiet')\n"
        "logging.getLogger('trainyard.api').warning('loud')\n"
    )
    environment = {"PYTHONPATH": str(ROOT), "TRAINYARD_LOG_LEVEL": "warning", "TRAINYARD_DATA_DIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ended.stderr.endswith("WARNING trainyard.api: loud\n")
    assert "quiet" not in ended.stderr
