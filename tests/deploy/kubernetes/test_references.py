import re
import subprocess
import tomllib
from pathlib import Path

import yaml

from core.api_keys import is_weak, read_key
from core.run_state import RunState
from core.settings import Settings

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "kubernetes.md"
NEW_SECRET = ROOT / "deploy" / "kubernetes" / "new-secret"
SETTINGS = {f"TRAINYARD_{name.upper()}" for name in Settings.model_fields}
KEYS_OF_STORAGE = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def draw_secret():
    text = subprocess.run([NEW_SECRET], capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def is_selected(selector, labels):
    return selector.items() <= labels.items()


def environment(template):
    for container in template["spec"]["containers"]:
        yield from container.get("env", [])


def test_everything_is_in_one_namespace(rendering):
    (namespace,) = rendering.of_kind("Namespace")
    for found in rendering.objects:
        if found is not namespace:
            assert found["metadata"]["namespace"] == namespace["metadata"]["name"], found["metadata"]["name"]


def test_each_service_finds_pods_and_a_port_of_theirs(rendering):
    for service in rendering.of_kind("Service"):
        chosen = [
            template
            for _, template in rendering.workloads()
            if is_selected(service["spec"]["selector"], template["metadata"]["labels"])
        ]
        assert len(chosen) == 1, service["metadata"]["name"]
        ports = {port["name"] for container in chosen[0]["spec"]["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_each_deployment_selects_its_own_pods_and_no_others(rendering):
    for deployment in rendering.of_kind("Deployment", "StatefulSet"):
        selector = deployment["spec"]["selector"]["matchLabels"]
        chosen = [
            name for name, template in rendering.workloads() if is_selected(selector, template["metadata"]["labels"])
        ]
        assert chosen == [deployment["metadata"]["name"]]


def test_probes_use_a_port_of_their_container(rendering):
    for _, template in rendering.workloads():
        for container in template["spec"]["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            probes = [container[name] for name in container if name.endswith("Probe")]
            asked = {probe[kind]["port"] for probe in probes for kind in ("httpGet", "tcpSocket") if kind in probe}
            assert asked <= ports


def test_each_disruption_budget_is_about_one_deployment(rendering):
    budgets = rendering.of_kind("PodDisruptionBudget")
    for budget in budgets:
        selector = budget["spec"]["selector"]["matchLabels"]
        chosen = [
            name for name, template in rendering.workloads() if is_selected(selector, template["metadata"]["labels"])
        ]
        assert chosen == [budget["metadata"]["name"]]
    ours = {name for name, _ in rendering.ours() if "migrate" not in name}
    assert {budget["metadata"]["name"] for budget in budgets} == ours


def test_pods_spread_by_their_own_labels(rendering):
    for _, template in rendering.ours():
        for constraint in template["spec"].get("topologySpreadConstraints", []):
            assert is_selected(constraint["labelSelector"]["matchLabels"], template["metadata"]["labels"])


def test_each_autoscaler_scales_a_deployment_that_leaves_the_number_to_it(rendering):
    targets = []
    for scaler in rendering.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        target = scaler["spec"]["scaleTargetRef"]
        assert target.get("kind", "Deployment") == "Deployment"
        assert "replicas" not in rendering.get("Deployment", target["name"])["spec"]
        targets.append(target["name"])
    assert len(targets) == len(set(targets))


def test_an_autoscaler_by_use_has_a_request_to_compare_with(rendering):
    for scaler in rendering.of_kind("HorizontalPodAutoscaler"):
        template = rendering.get("Deployment", scaler["spec"]["scaleTargetRef"]["name"])["spec"]["template"]
        for metric in scaler["spec"]["metrics"]:
            if metric["type"] == "Resource":
                for container in template["spec"]["containers"]:
                    assert metric["resource"]["name"] in container["resources"]["requests"]


def test_keda_sends_the_metrics_key_to_the_service(production):
    scaled = production.get("ScaledObject", "trainyard-worker")
    service = production.get("Service", "trainyard-api")
    namespace = service["metadata"]["namespace"]
    authentication = production.get("TriggerAuthentication", "trainyard-metrics")
    assert authentication["metadata"]["namespace"] == scaled["metadata"]["namespace"] == namespace
    assert authentication["spec"]["secretTargetRef"] == [
        {"parameter": "token", "name": "trainyard", "key": "TRAINYARD_METRICS_KEY"}
    ]
    for trigger in scaled["spec"]["triggers"]:
        assert trigger["metadata"]["url"] == f"http://trainyard-api.{namespace}.svc:8000/metrics"
        assert trigger["authenticationRef"]["name"] == "trainyard-metrics"
        assert all(isinstance(value, str) for value in trigger["metadata"].values())
    names = [trigger["name"] for trigger in scaled["spec"]["triggers"]]
    assert scaled["spec"]["advanced"]["scalingModifiers"]["formula"] == " + ".join(names)
    for trigger in scaled["spec"]["triggers"]:
        state = RunState(trigger["name"])
        assert trigger["metadata"]["valueLocation"] == f'trainyard_runs{{state="{state}"}}'


def test_the_ingress_leads_to_the_service_under_a_name_that_its_certificate_is_for(production):
    (ingress,) = production.of_kind("Ingress")
    (rule,) = ingress["spec"]["rules"]
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    service = production.get("Service", backend["name"])
    assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_route_leads_to_a_port_of_the_service(gateway):
    (route,) = gateway.of_kind("HTTPRoute")
    (backend,) = route["spec"]["rules"][0]["backendRefs"]
    assert backend["port"] in {port["port"] for port in gateway.get("Service", backend["name"])["spec"]["ports"]}


def test_volumes_and_config_maps_that_are_used_exist(rendering):
    for _, template in rendering.workloads():
        mounted = {mount["name"] for container in template["spec"]["containers"] for mount in container["volumeMounts"]}
        for volume in template["spec"]["volumes"]:
            mounted.remove(volume["name"])
            if "persistentVolumeClaim" in volume:
                rendering.get("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
        claimed = {
            claim["metadata"]["name"]
            for found in rendering.of_kind("StatefulSet")
            for claim in found["spec"]["volumeClaimTemplates"]
        }
        assert mounted <= claimed
        rendering.get("ServiceAccount", template["spec"]["serviceAccountName"])
        for container in template["spec"]["containers"]:
            for source in container.get("envFrom", []):
                rendering.get("ConfigMap", source["configMapRef"]["name"])


def test_api_and_workers_share_one_volume_that_many_nodes_write_to(production_gpu):
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for _, template in production_gpu.ours()
        for volume in template["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    (name,) = claims
    assert production_gpu.get("PersistentVolumeClaim", name)["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_secret_is_named_and_never_included(rendering):
    assert rendering.of_kind("Secret") == []
    # Those of a service elsewhere cannot be drawn; pods may have a role in place of them.
    keys = draw_secret().keys() | KEYS_OF_STORAGE
    for _, template in rendering.workloads():
        for variable in environment(template):
            if "valueFrom" in variable:
                assert variable["valueFrom"]["secretKeyRef"]["name"] == "trainyard"
                key = variable["valueFrom"]["secretKeyRef"]["key"]
                assert key in keys
                assert variable["valueFrom"]["secretKeyRef"].get("optional", False) == (key in KEYS_OF_STORAGE)


def test_each_pod_gets_the_secrets_it_needs_and_no_others(production_gpu):
    connections = {"TRAINYARD_DATABASE_URL", "TRAINYARD_BROKER_URL"}
    given = {name: {variable["name"] for variable in environment(template)} for name, template in production_gpu.ours()}
    assert given == {
        "trainyard-api": connections | {"TRAINYARD_BOOTSTRAP_KEY", "TRAINYARD_METRICS_KEY"},
        "trainyard-worker": connections,
        "trainyard-worker-gpu": connections,
        "trainyard-migrate-0-1-0": {"TRAINYARD_DATABASE_URL"},
    }


def test_every_variable_is_a_setting(rendering):
    for _, template in rendering.ours():
        assert {variable["name"] for variable in environment(template)} <= SETTINGS | KEYS_OF_STORAGE
    for found in rendering.of_kind("ConfigMap"):
        assert found["data"].keys() <= SETTINGS | {"AWS_REGION"}
        Settings.model_validate({name.removeprefix("TRAINYARD_").lower(): text for name, text in found["data"].items()})


def test_a_new_secret_has_keys_of_the_right_form_and_is_never_the_same():
    first, second = draw_secret(), draw_secret()
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first)
    for name in ("TRAINYARD_BOOTSTRAP_KEY", "TRAINYARD_METRICS_KEY"):
        key = read_key(first[name])
        assert key is not None
        assert not is_weak(key)


def test_the_addresses_of_a_new_secret_are_those_of_the_trial_backends(trial):
    secret = draw_secret()
    for name, password, service in (
        ("TRAINYARD_DATABASE_URL", "POSTGRES_PASSWORD", "trainyard-postgres"),
        ("TRAINYARD_BROKER_URL", "REDIS_PASSWORD", "trainyard-redis"),
    ):
        port = trial.get("Service", service)["spec"]["ports"][0]["port"]
        assert f":{secret[password]}@{service}:{port}/" in secret[name]


def test_images_and_the_migration_carry_the_version_of_this_checkout(rendering):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, template in rendering.ours():
        for container in template["spec"]["containers"]:
            assert re.fullmatch(rf"(\S+/)?trainyard-(api|worker|worker-gpu):{re.escape(version)}", container["image"])
        if "migrate" in name:
            assert name == f"trainyard-migrate-{version.replace('.', '-')}"


def test_the_trial_runs_the_database_and_broker_of_compose(trial):
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("postgres", "redis"):
        chosen = [
            container["image"]
            for _, template in trial.workloads()
            for container in template["spec"]["containers"]
            if container["name"] == name
        ]
        assert [f"docker.io/library/{image}" for image in chosen] == [services[name]["image"]]


def test_the_guide_documents_every_overlay_and_component_and_the_rule_of_prometheus_adapter():
    guide = GUIDE.read_text()
    folders = [path.parent for path in GUIDE.parents[1].glob("deploy/kubernetes/*/*/kustomization.yaml")]
    assert len(folders) >= 11
    assert [folder for folder in folders if f"`{folder.parent.name}/{folder.name}`" not in guide] == []
    scaler = yaml.safe_load(
        (ROOT / "deploy/kubernetes/components/autoscale-workers-adapter/autoscaler.yaml").read_text()
    )
    (metric,) = scaler["spec"]["metrics"]
    (rule,) = yaml.safe_load(guide.split("```yaml\n")[1].split("```")[0])
    assert rule["name"]["as"] == metric["external"]["metric"]["name"]
    assert rule["seriesQuery"].startswith("trainyard_runs{")
