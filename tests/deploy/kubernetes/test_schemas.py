from importlib.resources import files
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

ROOT = Path(__file__).parents[3]
OLDEST = (1, 30)

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}


def record(required, **optional):
    """Return a schema of an object with exactly these fields."""
    properties = {**required, **optional}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


METADATA = record({"name": TEXT, "namespace": TEXT}, labels={"type": "object"})

# Objects that are not part of Kubernetes have no packaged schema. These are the fields used here, by their references:
# keda.sh, "ScaledObject specification", "Metrics API" and "Authentication"; gateway-api.sigs.k8s.io, "HTTPRoute".
VERSIONS = {
    "ScaledObject": "keda.sh/v1alpha1",
    "TriggerAuthentication": "keda.sh/v1alpha1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
}
ADDED = {
    "ScaledObject": record(
        {
            "scaleTargetRef": record({"name": TEXT}),
            "triggers": {
                "type": "array",
                "minItems": 1,
                "items": record(
                    {
                        "type": {"const": "metrics-api"},
                        "name": TEXT,
                        "metadata": record(
                            {
                                "url": {"type": "string", "pattern": "^http"},
                                "format": {"enum": ["json", "xml", "yaml", "prometheus"]},
                                "valueLocation": TEXT,
                                "targetValue": {"type": "string", "pattern": "^[0-9.]+$"},
                                "authMode": {"enum": ["apiKey", "basic", "tls", "bearer"]},
                            }
                        ),
                        "authenticationRef": record({"name": TEXT}),
                    }
                ),
            },
        },
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        pollingInterval=COUNT,
        advanced=record(
            {},
            scalingModifiers=record({"formula": TEXT, "target": {"type": "string", "pattern": "^[0-9.]+$"}}),
            # As in an autoscaler of Kubernetes.
            horizontalPodAutoscalerConfig=record({}, behavior={"type": "object"}),
        ),
    ),
    "HTTPRoute": record(
        {
            "parentRefs": {"type": "array", "items": record({"name": TEXT}, namespace=TEXT, sectionName=TEXT)},
            "hostnames": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": r"^[a-z0-9.-]+$"}},
            "rules": {
                "type": "array",
                "items": record(
                    {
                        "matches": {
                            "type": "array",
                            "items": record({"path": record({"type": {"const": "PathPrefix"}, "value": TEXT})}),
                        },
                        # A Service is referenced with the number of its port, not its name.
                        "backendRefs": {"type": "array", "items": record({"name": TEXT, "port": {"type": "integer"}})},
                        "timeouts": record({"request": {"type": "string", "pattern": "^[0-9]+(h|m|s|ms)$"}}),
                    }
                ),
            },
        }
    ),
    "TriggerAuthentication": record(
        {
            "secretTargetRef": {
                "type": "array",
                "minItems": 1,
                "items": record({"parameter": TEXT, "name": TEXT, "key": TEXT}),
            }
        }
    ),
}


def list_versions():
    """Return the versions of Kubernetes with schemas."""
    folders = files("kubernetes_validate").joinpath("kubernetes-json-schema").iterdir()
    return {tuple(map(int, folder.name[1:].split("-")[0].split(".")[:2])) for folder in folders}


NEWEST = max(list_versions())


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_conforms_to_the_schema_of_kubernetes(rendering, version):
    for found in rendering.objects:
        if found["kind"] not in ADDED:
            kubernetes_validate.validate(found, ".".join(map(str, version)), strict=True)


def test_the_oldest_supported_version_is_checked():
    assert f"Kubernetes {OLDEST[0]}.{OLDEST[1]}" in (ROOT / "docs" / "kubernetes.md").read_text()


def test_every_object_of_an_addition_has_the_fields_of_its_reference(rendering):
    for found in rendering.objects:
        if found["kind"] in ADDED:
            version = {"const": VERSIONS[found["kind"]]}
            form = record({"apiVersion": version, "kind": TEXT, "metadata": METADATA, "spec": ADDED[found["kind"]]})
            jsonschema.validate(found, form)


def test_a_field_unknown_to_kubernetes_is_reported(trial):
    deployment = trial.get("Deployment", "trainyard-api")
    misspelt = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(misspelt, ".".join(map(str, NEWEST)), strict=True)


def test_no_object_comes_twice(rendering):
    names = [(found["kind"], found["metadata"]["name"]) for found in rendering.objects]
    assert len(names) == len(set(names))
