from core.settings import Settings
from launch.commands import API_STOP_SECONDS
from launch.service import STOP_SECONDS

UNITS = {"Mi": 2**20, "Gi": 2**30}


def in_bytes(quantity):
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def longest_start(container):
    probe = container["startupProbe"]
    return probe["periodSeconds"] * probe["failureThreshold"]


def start_timeout(rendering):
    (config,) = rendering.of_kind("ConfigMap")
    name = "start_timeout_seconds"
    return Settings.model_validate({name: config["data"][f"TRAINYARD_{name.upper()}"]}).start_timeout_seconds


def workers(rendering):
    return [template for name, template in rendering.ours() if name.startswith("trainyard-worker")]


def test_a_worker_has_time_to_return_its_runs(production_gpu):
    pods = workers(production_gpu)
    assert len(pods) == 2
    for template in pods:
        assert template["spec"]["terminationGracePeriodSeconds"] >= STOP_SECONDS + 10


def test_the_api_leaves_the_service_before_it_stops_and_has_time_to_answer(production):
    pod = production.get("Deployment", "trainyard-api")["spec"]["template"]["spec"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause >= 5
    assert pod["terminationGracePeriodSeconds"] >= pause + API_STOP_SECONDS + 5


def test_no_start_is_cut_off_while_it_waits_for_database_and_broker(production_gpu):
    for name, template in production_gpu.ours():
        if "migrate" not in name:
            assert longest_start(template["spec"]["containers"][0]) > start_timeout(production_gpu), name


def test_the_migration_may_wait_for_the_database_more_than_once(production):
    (job,) = production.of_kind("Job")
    assert job["spec"]["backoffLimit"] >= 2
    assert job["spec"]["activeDeadlineSeconds"] > 2 * start_timeout(production)
    assert job["spec"]["ttlSecondsAfterFinished"] > 0


def test_traffic_follows_readiness_and_restarts_follow_liveness(production):
    (container,) = production.get("Deployment", "trainyard-api")["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"


def test_a_worker_has_a_health_probe(production_gpu):
    for template in workers(production_gpu):
        (container,) = template["spec"]["containers"]
        for probe in ("startupProbe", "livenessProbe"):
            assert container[probe]["exec"]["command"] == ["python", "-m", "launch", "healthy", "worker"]


def test_a_new_version_of_the_api_never_leaves_fewer_pods_than_before(production):
    update = production.get("Deployment", "trainyard-api")["spec"]["strategy"]["rollingUpdate"]
    assert update["maxUnavailable"] == 0


def test_a_gpu_is_released_before_the_next_pod_requests_it(production_gpu):
    update = production_gpu.get("Deployment", "trainyard-worker-gpu")["spec"]["strategy"]["rollingUpdate"]
    assert (update["maxSurge"], update["maxUnavailable"]) == (0, 1)


def test_gpu_requests_equal_limits_and_their_nodes_are_tolerated(production_gpu):
    pod = production_gpu.get("Deployment", "trainyard-worker-gpu")["spec"]["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] >= 1
    assert {toleration["key"] for toleration in pod["tolerations"]} == {"nvidia.com/gpu"}


def test_a_worker_has_room_for_the_largest_spec_that_is_accepted(production_gpu):
    for template in workers(production_gpu):
        limit = in_bytes(template["spec"]["containers"][0]["resources"]["limits"]["memory"])
        assert limit >= Settings().max_memory_bytes + 2 * 2**30
