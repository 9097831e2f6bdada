"""Our packages have plain names; none may be taken for a dependency's."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_of_ours_is_the_one_of_this_repository(name):
    assert Path(import_module(name).__file__).is_relative_to(ROOT)


def test_every_folder_of_code_is_a_package_that_is_installed():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(PACKAGES)


def test_every_package_is_given_to_the_images():
    named = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    assert set(PACKAGES) <= named
