import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import InvalidSetup
from core.settings import Settings
from jobs.celery_app import create_celery_app
from jobs.doorbell import ring_doorbell

# Long enough that only a hang reaches it.
HANG_SECONDS = 60

WORKER_MODULE = """
from pathlib import Path

from core.settings import load_settings
from jobs.celery_app import create_celery_app
from jobs.doorbell import DOORBELL_TASK

app = create_celery_app(load_settings())


@app.task(name=DOORBELL_TASK)
def answer():
    with Path("answered").open("a") as file:
        file.write("rung\\n")
"""


def wait_for_answers(worker: subprocess.Popen, answered: Path, count: int) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while not answered.exists() or len(answered.read_text().splitlines()) < count:
        assert worker.poll() is None, worker.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_worker_answers_every_ring_and_stops_on_sigterm_without_a_warning(settings, app, tmp_path):
    (tmp_path / "answering.py").write_text(WORKER_MODULE)
    environment = {
        "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
        "TRAINYARD_BROKER_URL": settings.broker_url,
        "TRAINYARD_QUEUE_NAME": settings.queue_name,
        "TRAINYARD_DATA_DIR": str(settings.data_dir),
        # Celery warns root, which a container often runs as.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
    }
    flags = "-P threads -c 1 --without-gossip --without-mingle --without-heartbeat --loglevel WARNING"
    command = [sys.executable, "-m", "celery", "-A", "answering", "--quiet", "worker", *flags.split()]
    answered = tmp_path / "answered"
    ring_doorbell(app)
    ring_doorbell(app)
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            wait_for_answers(worker, answered, 2)
            ring_doorbell(app)
            wait_for_answers(worker, answered, 3)
        finally:
            worker.terminate()
            _, logged = worker.communicate(timeout=HANG_SECONDS)
    assert answered.read_text() == "rung\n" * 3
    assert worker.returncode == 0
    assert logged == ""


def test_tasks_are_acknowledged_before_they_run_and_leave_no_result(app):
    assert app.conf.task_acks_late is False
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.result_backend is None
    assert app.conf.accept_content == ["json"]
    assert app.conf.worker_enable_remote_control is False
    assert app.conf.worker_send_task_events is False


def test_importing_the_module_reads_no_settings():
    program = "import jobs.celery_app; print('imported'); jobs.celery_app.app"
    environment = {"TRAINYARD_PORT": "not-a-number", "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "imported\n"
    assert "TRAINYARD_PORT" in ended.stderr


def test_unsupported_broker_is_rejected_naming_the_supported_ones(tmp_path):
    with pytest.raises(InvalidSetup, match=r"begins with 'sqs:'\. Expected redis://, rediss://, amqp:// or amqps://"):
        create_celery_app(Settings(broker_url="sqs://key@", data_dir=tmp_path))


def test_data_directory_that_cannot_be_created_is_rejected_naming_the_setting(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidSetup, match="TRAINYARD_DATA_DIR"):
        create_celery_app(Settings(data_dir=tmp_path / "file"))


def test_apps_of_two_data_directories_do_not_share_messages(tmp_path):
    apps = [create_celery_app(Settings(data_dir=tmp_path / name)) for name in ("one", "two")]
    ring_doorbell(apps[0])
    assert len(list((tmp_path / "one/broker/messages").iterdir())) == 1
    assert list((tmp_path / "two/broker/messages").iterdir()) == []
    for app in apps:
        app.close()
