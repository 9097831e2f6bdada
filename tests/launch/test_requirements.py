import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
EXTRAS = {"base": (), "worker": ("worker",), "worker-gpu": ("worker-gpu",), "dev": ("worker", "dev")}


def read_wanted(extras: tuple[str, ...]) -> list[Requirement]:
    """What the project asks for, with what its extras take from one another."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    for extra in extras:
        for line in project["optional-dependencies"][extra]:
            requirement = Requirement(line)
            if requirement.name == project["name"]:
                wanted += read_wanted(tuple(requirement.extras))
            else:
                wanted.append(requirement)
    return wanted


def read_pins(name: str) -> dict[str, list[str]]:
    """Pinned versions by package; one that depends on the Python version has several."""
    pins: dict[str, list[str]] = {}
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    for package, version in re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", text, re.MULTILINE):
        pins.setdefault(package, []).append(version)
    return pins


@pytest.mark.parametrize("name", EXTRAS)
def test_every_dependency_of_the_project_is_pinned_to_a_version_it_allows(name):
    pins = read_pins(name)
    for requirement in read_wanted(EXTRAS[name]):
        versions = pins.get(requirement.name.lower(), [])
        assert versions, f"{requirement.name} is not in requirements/{name}.txt; run make lock"
        for version in versions:
            assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}; run make lock"


@pytest.mark.parametrize("name", ["build", "dev"])
def test_what_builds_the_project_is_pinned_too(name):
    assert {"hatchling", "editables"} <= read_pins(name).keys()


@pytest.mark.parametrize("name", ["base", "worker", "worker-gpu"])
def test_what_runs_in_a_container_does_not_bring_what_builds_the_project(name):
    assert read_pins(name).keys().isdisjoint({"hatchling", "editables"})


def test_the_base_has_no_tensorflow():
    assert not [name for name in read_pins("base") if name.startswith(("tensorflow", "keras", "scikit-learn"))]


def test_the_smaller_sets_pin_what_the_larger_ones_pin():
    everything = read_pins("dev")
    for name in ("base", "worker", "build"):
        assert read_pins(name).items() <= everything.items()


def test_workers_with_a_gpu_differ_in_what_it_needs_alone():
    gpu, cpu = read_pins("worker-gpu"), read_pins("worker")
    added = {name for name in gpu.keys() - cpu.keys() if not name.startswith("nvidia-")}
    assert added <= {"tensorflow"}
    assert {name: gpu[name] for name in gpu.keys() & cpu.keys()} == {
        name: cpu[name] for name in gpu.keys() & cpu.keys()
    }
    assert gpu["tensorflow"] == cpu["tensorflow-cpu"]


@pytest.mark.parametrize("name", [*EXTRAS, "build"])
def test_every_pin_has_hashes_and_no_line_names_an_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "index-url" not in text
