import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = packages_distributions()
EXTRAS = {
    "base": (),
    "api": ("api",),
    "worker": ("worker",),
    "worker-gpu": ("worker-gpu",),
    "bench": ("bench",),
    "dev": ("api", "worker", "dev"),
}
PARTS = {"base": ["trainyard"], "api": ["api", "launch", "migrations", "ingest"], "worker": ["worker", "launch"]}
"""Packages that run with the pins of a requirements file."""


def read_wanted(extras: tuple[str, ...]) -> list[Requirement]:
    """Return the requirements of the project, with the extras that its extras include."""
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


def find_imported(packages: list[str]) -> dict[str, str]:
    """Return the third-party modules that packages of Trainyard import, late and indirect imports included.

    Each with one of the files that import it.
    """
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    waiting = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    seen: set[Path] = set()
    found: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imported_names(path):
            module = name.partition(".")[0]
            if module in ours:
                waiting += find_files(name)
            elif module not in sys.stdlib_module_names:
                found[module] = str(path.relative_to(ROOT))
    return found


def imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # What is imported from a package may be a module of it.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_files(name: str) -> list[Path]:
    """Return the file of a module, or of the module that defines this name."""
    for candidate in (name, name.rpartition(".")[0]):
        path = ROOT / candidate.replace(".", "/")
        if path.with_suffix(".py").is_file():
            return [path.with_suffix(".py")]
        if (path / "__init__.py").is_file():
            return [path / "__init__.py"]
    return []


def read_pins(name: str) -> dict[str, list[str]]:
    """Return the pinned versions by package; a package has several if they depend on the Python version."""
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


@pytest.mark.parametrize("name", ["base", "api", "worker", "worker-gpu"])
def test_what_runs_in_a_container_does_not_bring_what_builds_the_project(name):
    assert read_pins(name).keys().isdisjoint({"hatchling", "editables"})


def test_the_base_is_the_client_alone():
    services = {"fastapi", "uvicorn", "celery", "sqlalchemy", "alembic", "numpy", "onnxruntime", "duckdb", "orjson"}
    assert read_pins("base").keys().isdisjoint(services)
    assert len(read_pins("base")) < len(read_pins("api")) / 2


def test_the_api_has_no_tensorflow_and_the_worker_no_web_server():
    assert not [name for name in read_pins("api") if name.startswith(("tensorflow", "keras", "scikit-learn"))]
    assert read_pins("worker").keys().isdisjoint({"fastapi", "uvicorn"})


@pytest.mark.parametrize("part", PARTS)
def test_every_part_imports_only_what_its_file_pins(part):
    pins = read_pins(part).keys()
    for module, importer in find_imported(PARTS[part]).items():
        sources = {canonicalize_name(name) for name in DISTRIBUTIONS[module]}
        assert sources & pins, f"{importer} imports {module}, which requirements/{part}.txt has not"


def test_the_client_imports_nothing_but_its_own_dependencies():
    assert find_imported(["trainyard"]).keys() == {requirement.name for requirement in read_wanted(())}


def test_the_smaller_sets_pin_what_the_larger_ones_pin():
    everything = read_pins("dev")
    for name in ("base", "api", "worker", "build"):
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
