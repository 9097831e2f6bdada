"""docker-compose.observe.yml and prometheus.yml: the added services are as hardened as the stack."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def overlay():
    return yaml.safe_load((ROOT / "docker-compose.observe.yml").read_text())


@pytest.fixture(scope="module")
def stack():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def prometheus():
    return yaml.safe_load((ROOT / "deploy" / "observe" / "prometheus.yml").read_text())


@pytest.fixture(params=["prometheus", "grafana"])
def service(request, overlay):
    return overlay["services"][request.param]


def test_images_are_pinned_to_a_version(service):
    assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])


def test_containers_are_hardened(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - in the container, in memory.
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "privileged" not in service
    assert "cap_add" not in service


def test_each_has_a_health_check(service):
    assert service["healthcheck"]["test"][0] == "CMD"


def test_mounts_exist_and_are_read_only(service, overlay):
    for mount in service["volumes"]:
        source, _, *mode = mount.split(":")
        if source.startswith("./"):
            assert (ROOT / source).exists(), mount
            assert mode == ["ro"], mount
        else:
            assert source in overlay["volumes"], mount


def test_only_grafana_is_published_and_only_on_this_machine(overlay):
    published = {name: service["ports"] for name, service in overlay["services"].items() if "ports" in service}
    assert list(published) == ["grafana"]
    assert all(port.startswith("127.0.0.1:") for port in published["grafana"])


def test_no_password_or_key_has_a_default(overlay):
    grafana = overlay["services"]["grafana"]["environment"]
    prometheus = overlay["services"]["prometheus"]["environment"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")
    assert prometheus["TRAINYARD_METRICS_KEY"].startswith("${TRAINYARD_METRICS_KEY:?")
    # .env.example has a variable for each, which deploy/new-env fills.
    example = (ROOT / ".env.example").read_text()
    assert {"GRAFANA_PASSWORD=", "TRAINYARD_METRICS_KEY="} <= set(example.splitlines())


def test_grafana_sends_no_telemetry(overlay):
    environment = overlay["services"]["grafana"]["environment"]
    off = {name for name, value in environment.items() if value == "false"}
    assert {
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_NEWS_NEWS_FEED_ENABLED",
        "GF_PLUGINS_PREINSTALL_AUTO_UPDATE",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED",
    } <= off
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"


def test_prometheus_reaches_the_api_and_grafana_only_prometheus(overlay, stack):
    networks = {name: set(service["networks"]) for name, service in (overlay["services"] | stack["services"]).items()}
    assert networks["prometheus"] & networks["api"]
    assert not networks["prometheus"] & networks["postgres"]
    assert networks["grafana"] & networks["prometheus"]
    assert not networks["grafana"] & networks["api"]


def test_every_replica_is_scraped_with_the_metrics_key(prometheus, overlay):
    job = next(job for job in prometheus["scrape_configs"] if job["job_name"] == "trainyard")
    assert job["dns_sd_configs"] == [{"names": ["api"], "type": "A", "port": 8000, "refresh_interval": "10s"}]
    path = job["authorization"]["credentials_file"]
    assert f"> {path}" in overlay["services"]["prometheus"]["entrypoint"][-1]
    assert "metrics_path" not in job


def test_files_of_prometheus_are_where_it_looks_for_them(prometheus, overlay):
    mounts = {mount.split(":")[1] for mount in overlay["services"]["prometheus"]["volumes"]}
    assert set(prometheus["rule_files"]) <= mounts
    assert "--config.file=/etc/prometheus/prometheus.yml" in overlay["services"]["prometheus"]["entrypoint"][-1]
