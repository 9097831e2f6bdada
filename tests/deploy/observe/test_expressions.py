"""Every expression of the dashboard and the alerts uses metrics that the service exports."""

import re

import pytest


def test_every_panel_uses_exported_metrics(dashboard, measured, check_expression):
    complaints = {
        f"{panel['title']}: {complaint}"
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        for complaint in check_expression(target["expr"], measured)
    }
    assert complaints == set()


def test_every_alert_uses_exported_metrics(rules, measured, check_expression):
    complaints = {
        f"{rule['alert']}: {complaint}" for rule in rules for complaint in check_expression(rule["expr"], measured)
    }
    assert complaints == set()


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("max(trainyard_run)", "there is no trainyard_run"),
        ("sum(rate(trainyard_http_requests[5m]))", "there is no trainyard_http_requests"),
        ('max(trainyard_runs{status="queued"})', "trainyard_runs has no label status"),
        ('max(trainyard_runs{state="waiting"})', "trainyard_runs never has state = waiting"),
        ('max(trainyard_runs{state=~"queued|waiting"})', "trainyard_runs never has state =~ queued|waiting"),
        ("sum by (status, path) (rate(trainyard_http_requests_total[5m]))", "nothing has the label path"),
        ("vector(1)", "names no metric: vector(1)"),
    ],
)
def test_a_mistake_in_an_expression_is_found(expression, complaint, measured, check_expression):
    assert check_expression(expression, measured) == [complaint]


def test_legends_show_labels_that_the_expression_keeps(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            grouping = re.search(r" by \(([^)]*)\)", target["expr"])
            # Without grouping every label is kept; only the name of the replica is useful.
            kept = set(grouping[1].split(", ")) if grouping else {"instance", "process"}
            assert shown <= kept, (panel["title"], target["legendFormat"])
