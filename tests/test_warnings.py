"""Every warning has a code that people can look up."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

TABLE = (ROOT / "docs" / "specs.md").read_text(encoding="utf-8").split("\n## Warnings\n")[1].split("\n## ")[0]

DOCUMENTED = [code for line in re.findall(r"^\| (`[^|]*) \|", TABLE, re.M) for code in re.findall(r"`([a-z_]+)`", line)]


def codes_of(path):
    """Codes of the notices that a module makes: every text in the first argument of `Notice(…)` and `….notice(…)`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            texts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
            if name == "Notice" and not texts and path.name != "text_columns.py":
                yield f"unknown in {path.name}"
            if name in {"Notice", "notice"}:
                yield from texts


def test_the_codes_of_warnings_are_those_of_the_documentation():
    modules = [path for package in ("core", "ingest", "models", "worker") for path in (ROOT / package).rglob("*.py")]
    modules.remove(ROOT / "core" / "notices.py")
    made = {code for path in modules for code in codes_of(path)} | {"warning"}
    assert made == set(DOCUMENTED)


def test_no_code_is_documented_twice():
    assert len(DOCUMENTED) == len(set(DOCUMENTED))
