"""A new stack: its services, their permissions and their limits."""

import json

import pytest

from benchmarks.cold_start import BASE_IMAGE, measure_image_megabytes
from benchmarks.stack import OWN_IMAGES

OURS = ("api", "worker", "migrate", "proxy")
SERVERS = ("postgres", "redis")
CAPABILITIES_OF_SERVERS = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
MEBIBYTE = 2**20


def inspect(stack, service):
    containers = stack.containers(service)
    assert containers, f"{service} has no container"
    return json.loads(stack.engine.run("inspect", *containers))[0]


def python_in(stack, service, code):
    return stack.engine.run("exec", stack.containers(service)[0], "python", "-c", code).strip()


def test_it_trains_and_predicts_over_http(stack, wait_until):
    run_id = stack.submit("iris-keras")
    wait_until(lambda: stack.show(run_id)["state"] == "succeeded")
    flowers = {"instances": [[5.0, 3.4, 1.5, 0.2], [5.7, 2.8, 4.1, 1.3], [6.9, 3.1, 5.4, 2.1]]}
    answer = stack.http.post("/v1/models/iris-keras:predict", params={"labels": "true"}, json=flowers)
    assert [row["label"] for row in answer.raise_for_status().json()["predictions"]] == [
        "setosa",
        "versicolor",
        "virginica",
    ]


def test_nothing_but_health_is_answered_without_a_key(stack):
    stranger = stack.client()
    assert stranger.get("/healthz").status_code == 200
    for method, path in [
        ("GET", "/v1/runs"),
        ("POST", "/v1/runs"),
        ("POST", "/v1/models/iris-keras:predict"),
        ("GET", "/metrics"),
        ("GET", "/v1/keys"),
    ]:
        assert stranger.request(method, path, json={}).status_code == 401, path


def test_the_metrics_key_reads_metrics_and_nothing_else(stack):
    prometheus = stack.client(stack.settings["TRAINYARD_METRICS_KEY"])
    assert "trainyard_runs{" in prometheus.get("/metrics").raise_for_status().text
    assert prometheus.get("/v1/runs").status_code == 403


def test_keys_can_be_made_and_revoked_with_the_command_in_the_container(stack):
    api = stack.containers("api")[0]
    key = f"TRAINYARD_KEY={stack.settings['TRAINYARD_BOOTSTRAP_KEY']}"
    output = stack.engine.run("exec", "--env", key, api, "trainyard", "keys", "create", "ci", "--scope", "read")
    made = next(word for word in output.split() if word.startswith("ty_"))
    assert stack.client(made).get("/v1/runs").status_code == 200
    assert stack.client(made).post("/v1/runs", json={"preset": "iris-keras"}).status_code == 403
    stack.engine.run("exec", "--env", key, api, "trainyard", "keys", "revoke", made.split("_")[1])


@pytest.mark.parametrize("service", [*OURS, *SERVERS])
def test_a_container_has_no_more_rights_than_it_needs(stack, service):
    container = inspect(stack, service)
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert any("no-new-privileges" in option for option in host["SecurityOpt"])
    assert not host["Privileged"]
    assert 0 < host["Memory"] <= 4096 * MEBIBYTE
    assert 0 < host["PidsLimit"] <= 1024
    allowed = CAPABILITIES_OF_SERVERS if service in SERVERS else set()
    # /proc tells what holds: effective, permitted, inheritable, bounding and ambient.
    if container["State"]["Running"]:
        status = stack.engine.run("exec", stack.containers(service)[0], "cat", "/proc/1/status")
        lines = dict(line.split(":", 1) for line in status.splitlines())
        bounding = int(lines["CapBnd"], 16)
        assert bounding.bit_count() == len(allowed)
        assert lines["NoNewPrivs"].strip() == "1"
        user_ids = set(lines["Uid"].split())
        assert "0" not in user_ids, f"{service} runs as root"
        assert int(lines["CapEff"], 16) == 0


@pytest.mark.parametrize("service", ["api", "worker"])
def test_our_containers_can_write_nowhere_but_to_their_data_and_tmp(stack, service):
    code = """
import os
folders = "/", "/opt/trainyard", "/opt/venv", "/etc", "/usr/local/bin", "/var/lib/trainyard", "/tmp"
print([folder for folder in folders if os.access(folder, os.W_OK)])
"""
    assert python_in(stack, service, code) == "['/var/lib/trainyard', '/tmp']"


def test_only_the_proxy_is_published_and_on_loopback_alone(stack):
    for service in (*OURS, *SERVERS):
        bindings = inspect(stack, service)["HostConfig"]["PortBindings"] or {}
        addresses = {entry["HostIp"] for entries in bindings.values() for entry in entries or ()}
        assert addresses == ({"127.0.0.1"} if service == "proxy" else set()), service


@pytest.mark.parametrize("service", ["postgres", "redis", "worker"])
def test_what_is_behind_the_api_reaches_no_other_network(stack, service):
    names = inspect(stack, service)["NetworkSettings"]["Networks"]
    assert [name.removeprefix(stack.name) for name in names] == ["_back"]
    internal = stack.engine.run("network", "inspect", f"{stack.name}_back").lower()
    assert '"internal": true' in internal


def test_redis_keeps_doorbells_asks_for_a_password_and_evicts_nothing(stack):
    redis = stack.containers("redis")[0]

    def ask(*command):
        return stack.engine.run("exec", redis, "redis-cli", *command).split()

    assert ask("config", "get", "appendonly") == ["appendonly", "yes"]
    assert ask("config", "get", "maxmemory-policy") == ["maxmemory-policy", "noeviction"]
    assert "NOAUTH" in stack.engine.run("exec", "--env", "REDISCLI_AUTH=", redis, "redis-cli", "ping")


@pytest.mark.parametrize("service", OURS)
def test_an_image_has_no_tools_to_build_or_install_with(stack, service):
    image = inspect(stack, service)["Image"]
    shell = ("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c")
    found = stack.engine.run(*shell, "for tool in pip pip3 gcc cc make; do command -v $tool; done; true")
    assert found == ""
    if service != "proxy":
        assert "no pip" in stack.engine.run(*shell, 'python -c "import pip" 2>/dev/null || echo no pip')


def test_the_api_has_no_tensorflow_and_is_small(stack):
    code = "import importlib.util as u; print([n for n in ('tensorflow', 'keras', 'sklearn') if u.find_spec(n)])"
    assert python_in(stack, "api", code) == "[]"
    base = measure_image_megabytes(stack.engine, BASE_IMAGE)
    assert measure_image_megabytes(stack.engine, "trainyard-api") - base <= 400


@pytest.mark.parametrize("image", OWN_IMAGES)
def test_an_image_says_what_it_is(stack, image):
    labels = json.loads(stack.engine.run("image", "inspect", "--format", "{{json .Config.Labels}}", image))
    assert labels["org.opencontainers.image.title"].startswith("Trainyard")
    assert labels["org.opencontainers.image.description"]


@pytest.mark.parametrize("service", ["api", "worker"])
def test_the_health_check_of_an_image_finds_the_container_well(stack, service, wait_until):
    kind, *command = inspect(stack, service)["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD"

    def is_well():
        return "well" in stack.engine.run(
            "exec", stack.containers(service)[0], "sh", "-c", f"{' '.join(command)} && echo well || true"
        )

    wait_until(is_well)


@pytest.mark.parametrize("service", ["api", "worker", "proxy"])
def test_process_1_ends_at_once_and_with_success_when_it_is_stopped(stack, service):
    # The last test that needs the stack whole: it takes parts of it down.
    container = stack.containers(service)[0]
    stack.engine.run("stop", "--time", "50", container)
    assert stack.engine.run("inspect", "--format", "{{.State.ExitCode}}", container).strip() in {"0", "143"}


def test_down_leaves_nothing_behind(stack):
    stack.down()
    assert stack.containers() == []
    assert stack.volumes() == []
