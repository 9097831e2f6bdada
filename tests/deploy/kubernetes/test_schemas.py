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
    """An object of these fields and no others."""
    properties = {**required, **optional}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


METADATA = record({"name": TEXT, "namespace": TEXT}, labels={"type": "object"})

# KEDA's definitions come with no package. These are the fields used here, by its reference: keda.sh, "ScaledObject
# specification", "Metrics API" and "Authentication".
KEDA = {
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
    """The versions of Kubernetes that there are schemas of."""
    folders = files("kubernetes_validate").joinpath("kubernetes-json-schema").iterdir()
    return {tuple(map(int, folder.name[1:].split("-")[0].split(".")[:2])) for folder in folders}


NEWEST = max(list_versions())


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_has_the_form_that_kubernetes_knows(rendering, version):
    for found in rendering.objects:
        if not found["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(found, ".".join(map(str, version)), strict=True)


def test_the_oldest_version_that_is_promised_is_the_one_looked_at():
    assert f"Kubernetes {OLDEST[0]}.{OLDEST[1]}" in (ROOT / "docs" / "kubernetes.md").read_text()


def test_every_keda_object_has_the_fields_of_its_reference(rendering):
    for found in rendering.objects:
        if found["apiVersion"].startswith("keda.sh/"):
            assert found["apiVersion"] == "keda.sh/v1alpha1"
            form = record({"apiVersion": TEXT, "kind": TEXT, "metadata": METADATA, "spec": KEDA[found["kind"]]})
            jsonschema.validate(found, form)


def test_a_field_that_kubernetes_does_not_know_is_noticed(trial):
    deployment = trial.get("Deployment", "trainyard-api")
    misspelt = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(misspelt, ".".join(map(str, NEWEST)), strict=True)


def test_no_object_comes_twice(rendering):
    names = [(found["kind"], found["metadata"]["name"]) for found in rendering.objects]
    assert len(names) == len(set(names))
