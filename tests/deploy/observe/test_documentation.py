"""The tables of docs/monitoring.md list every metric and alert."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text()


def rows(heading):
    """Return the cells of the table under a heading."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_lists_every_metric_with_its_type_and_labels(measured):
    documented = {
        name.strip("`"): (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, *_ in rows("Metrics")
    }
    assert {name: kind for name, (kind, _) in documented.items()} == measured.types
    for name, (kind, labels) in documented.items():
        sample = f"{name}_count" if kind == "histogram" else name
        assert labels == set(measured.labels[sample]) - {"instance", "job"}, name


def test_the_table_lists_every_alert_with_its_severity(rules):
    documented = {name.strip("`"): severity for name, severity, *_ in rows("Alerts")}
    assert documented == {rule["alert"]: rule["labels"]["severity"] for rule in rules}


def test_every_alert_says_what_is_wrong_and_what_to_do(rules):
    for rule in rules:
        annotations = rule["annotations"]
        assert annotations["summary"].endswith("."), rule["alert"]
        assert annotations["description"].endswith("."), rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
