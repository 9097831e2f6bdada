import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / "examples" / "github-actions").iterdir())


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def path(request):
    return request.param


@pytest.fixture
def workflow(path):
    # YAML 1.1, as PyYAML has it, reads the key `on` as true.
    return yaml.safe_load(path.read_text())


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_is_a_workflow():
    assert [path.name for path in WORKFLOWS] == ["integration-test.yml"]


def test_a_workflow_conforms_to_the_schema_of_github(path):
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_actions_of_others_are_pinned_to_a_commit_with_its_version_beside_it(path):
    uses = re.findall(r"uses: (.*)", path.read_text())
    assert uses
    for line in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9.]+", line), line


def test_a_workflow_may_only_read_and_has_a_timeout(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert "permissions" not in job
    for step in steps(workflow):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_commands_hold_no_expressions_and_pass_shellcheck(workflow, tmp_path):
    shellcheck = Path(sys.executable).with_name("shellcheck")
    for number, step in enumerate(steps(workflow)):
        if "run" in step:
            # Expressions are pasted into the script, with whatever the author of a pull request wrote.
            assert "${{" not in step["run"]
            script = tmp_path / f"{number}.sh"
            script.write_text(step["run"])
            checked = subprocess.run([shellcheck, "--shell=bash", script], capture_output=True, text=True, check=False)
            assert checked.returncode == 0, checked.stdout


def test_the_programs_of_a_workflow_exist(workflow):
    programs = {
        word
        for step in steps(workflow)
        for line in step.get("run", "").splitlines()
        for word in line.split()[:1]
        if "/" in word and "=" not in word
    }
    assert programs == {"deploy/new-env", "examples/integration-test.sh"}
    for program in programs:
        assert os.access(ROOT / program, os.X_OK)


def test_the_stack_is_removed_and_its_logs_shown_in_any_case(workflow):
    conditions = {step["if"]: step["run"] for step in steps(workflow) if "if" in step}
    assert "docker compose logs" in conditions["failure()"]
    assert "docker compose down --volumes" in conditions["always()"]
