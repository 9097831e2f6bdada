import inspect
import re
from pathlib import Path

import pytest

from core import errors
from core.errors import TrainyardError
from core.retry_policy import LONGEST_PAUSE_SECONDS, NOT_RETRIED, POLICIES, find_policy

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"

OF_TRAINERS = {"out_of_memory", "trainer_error", "storage_failed", "memory_limit"}
"""Codes that no exception has."""


def test_policies_are_of_codes_that_exist():
    known = {kind.code for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TrainyardError)}
    assert POLICIES.keys() <= known | OF_TRAINERS


@pytest.mark.parametrize(
    "code", ["invalid_spec", "loss_not_finite", "export_mismatch", "run_timeout", "training_failed"]
)
def test_what_the_spec_is_at_fault_for_is_neither_retried_nor_a_dead_letter(code):
    policy = find_policy(code)
    assert not policy.is_retried
    assert not policy.is_dead_letter
    assert not policy.has_another(1, 3)


def test_a_lost_trainer_is_retried_at_once_and_then_after_pauses_that_double():
    policy = find_policy("trainer_lost")
    assert [policy.has_another(num_errors, 3) for num_errors in (1, 2, 3)] == [True, True, False]
    assert [policy.pause_after(num_errors) for num_errors in (1, 2, 3, 4)] == [0.0, 2.0, 4.0, 8.0]
    assert policy.pause_after(10_000) == LONGEST_PAUSE_SECONDS


def test_a_full_disk_is_waited_for():
    policy = find_policy("storage_failed")
    assert [policy.pause_after(num_errors) for num_errors in (1, 2, 3)] == [30.0, 60.0, 120.0]


def test_a_lack_of_memory_is_retried_once_whatever_the_run_allows():
    policy = find_policy("out_of_memory")
    assert [policy.has_another(num_errors, 10) for num_errors in (1, 2)] == [True, False]
    assert not policy.has_another(1, 1)


def test_the_documentation_has_the_same_table():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert {code: rows.get(code) for code in POLICIES} == {
        code: f"{_describe(policy)} | {policy.reason}" for code, policy in POLICIES.items()
    }
    assert NOT_RETRIED.reason in DOCS.read_text(encoding="utf-8").replace("\n", " ")


def _describe(policy):
    if not policy.is_retried:
        return "no | -"
    attempts = "`max_attempts`" if policy.max_attempts is None else f"{policy.max_attempts} attempts"
    first = "at once, then " if policy.is_first_at_once else ""
    return f"{attempts} | {first}{policy.pause_seconds:g} s, doubled"
