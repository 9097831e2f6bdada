"""docker-compose.s3.yml: API and workers have a bucket in common and no folder."""

import re
from pathlib import Path

import pytest
import yaml

from core.settings import Settings
from worker.child_process import WITHHELD

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def overlay():
    return yaml.safe_load((ROOT / "docker-compose.s3.yml").read_text())


@pytest.fixture(scope="module")
def stack():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def folder(service):
    """The volume at the data directory."""
    (volume,) = [mount.split(":")[0] for mount in service["volumes"] if mount.split(":")[1] == "/var/lib/trainyard"]
    return volume


def test_api_and_workers_share_no_folder(overlay, stack):
    # Compose lets the volume of a later file take the place of that at the same path.
    assert folder(overlay["services"]["worker"]) != folder(stack["services"]["api"])
    assert folder(overlay["services"]["worker"]) in overlay["volumes"]


def test_api_and_workers_use_the_same_bucket_with_the_same_keys(overlay):
    given = [overlay["services"][name]["environment"] for name in ("api", "worker")]
    assert given[0] == given[1]
    settings = Settings(
        storage_url=given[0]["TRAINYARD_STORAGE_URL"], storage_endpoint=given[0]["TRAINYARD_STORAGE_ENDPOINT"]
    )
    assert settings.is_storage_elsewhere
    assert {name for name in given[0] if name.startswith("AWS_") and name != "AWS_REGION"} <= set(WITHHELD)
    server = overlay["services"]["storage"]["environment"]
    assert server.items() <= given[0].items()


def test_the_server_can_be_reached_by_the_service_alone(overlay, stack):
    server = overlay["services"]["storage"]
    assert "ports" not in server
    assert server["networks"] == ["back"]
    assert all("back" in stack["services"][name]["networks"] for name in ("api", "worker"))
    assert "storage:8333" in overlay["services"]["api"]["environment"]["TRAINYARD_STORAGE_ENDPOINT"]


def test_the_server_is_as_hardened_as_the_others(overlay, stack):
    server, other = overlay["services"]["storage"], stack["services"]["postgres"]
    for name in ("read_only", "cap_drop", "cap_add", "security_opt", "restart", "logging"):
        assert server[name] == other[name], name
    assert server["mem_limit"]
    assert server["pids_limit"]
    assert re.search(r":\d+\.\d+$", server["image"])


def test_the_key_has_no_default_and_is_drawn_with_the_others(overlay):
    key = overlay["services"]["storage"]["environment"]["AWS_SECRET_ACCESS_KEY"]
    assert key.startswith("${STORAGE_PASSWORD:?")
    assert "STORAGE_PASSWORD=" in (ROOT / ".env.example").read_text().splitlines()
