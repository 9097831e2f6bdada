"""Every report in docs/compatibility.md is tried, each with the smallest input that shows it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compatibility import reading, serving, training, types
from tests.compatibility.bench import CASES, Bench

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
TRIED, EARLIER = PAGE.split("## Earlier reports")
LINK = re.compile(r"\[([\w.-]+/[\w.-]+)#([0-9]+)\]\((https://github\.com/([\w.-]+/[\w.-]+)/(?:issues|pull)/([0-9]+))\)")


NAMES: dict[Callable[[Bench], None], list[str]] = {}
for name, case in CASES.items():
    NAMES.setdefault(case, []).append(name)


@pytest.mark.parametrize("case", NAMES, ids=map(", ".join, NAMES.values()))
def test_report(bench: Bench, case: Callable[[Bench], None]) -> None:
    case(bench)


def test_every_report_of_the_page_has_a_test_and_every_test_a_report() -> None:
    assert {f"{link[0]}#{link[1]}" for link in LINK.findall(TRIED)} == CASES.keys()


def test_the_reports_of_a_row_have_one_test_and_each_test_one_row() -> None:
    rows = [LINK.findall(line) for line in TRIED.splitlines() if line.startswith("| [")]
    cases = [{CASES[f"{link[0]}#{link[1]}"] for link in row} for row in rows]
    assert all(len(found) == 1 for found in cases)
    modules = (reading, types, training, serving)
    assert [case.__module__ for (case,) in cases] == sorted(
        (case.__module__ for case in set(CASES.values())), key=[module.__name__ for module in modules].index
    )


def test_links_lead_where_they_say() -> None:
    for name, number, _, there, issue in LINK.findall(PAGE):
        assert (name, number) == (there, issue)
    assert PAGE.count("](https://") == len(LINK.findall(PAGE))


def test_the_page_counts_its_rows_and_reports() -> None:
    rows = [line for line in TRIED.splitlines() if line.startswith("| [")]
    verdicts = [row.rstrip(" |").rsplit("| ", 1)[1] for row in rows]
    counts = {word: verdicts.count(word) for word in ("right at first", "in part", "mended")}
    assert sum(counts.values()) == len(rows)
    said = (
        f"{len(CASES)} reports, of {len(rows)} kinds: {counts['right at first']} were right at first, "
        f"{counts['in part']} in part, and {counts['mended']} were mended."
    )
    assert said in " ".join(PAGE.split())
