import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
EXTRAS = {"base": (), "worker": ("worker",), "dev": ("worker", "dev")}


def read_pins(name: str) -> dict[str, list[str]]:
    """Pinned versions by package; one that depends on the Python version has several."""
    pins: dict[str, list[str]] = {}
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    for package, version in re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", text, re.MULTILINE):
        pins.setdefault(package, []).append(version)
    return pins


@pytest.mark.parametrize("name", EXTRAS)
def test_every_dependency_of_the_project_is_pinned_to_a_version_it_allows(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in EXTRAS[name]:
        wanted += project["optional-dependencies"][extra]
    pins = read_pins(name)
    for line in wanted:
        requirement = Requirement(line)
        versions = pins.get(requirement.name.lower(), [])
        assert versions, f"{requirement.name} is not in requirements/{name}.txt; run make lock"
        for version in versions:
            assert requirement.specifier.contains(version), f"{line} is pinned to {version}; run make lock"


@pytest.mark.parametrize("name", EXTRAS)
def test_what_builds_the_project_is_pinned_too(name):
    assert {"hatchling", "editables"} <= read_pins(name).keys()


def test_the_smaller_sets_pin_what_the_larger_ones_pin():
    everything = read_pins("dev")
    for name in ("base", "worker"):
        assert read_pins(name).items() <= everything.items()


@pytest.mark.parametrize("name", EXTRAS)
def test_every_pin_has_hashes_and_no_line_names_an_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "index-url" not in text
