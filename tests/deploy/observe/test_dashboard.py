"""The dashboard conforms to the classic model of Grafana, provisioned from a file."""

import itertools
from pathlib import Path

import yaml

PROVISIONING = Path(__file__).parents[3] / "deploy" / "observe" / "grafana" / "provisioning"
WIDTH = 24
VARIABLE = {"type": "prometheus", "uid": "${datasource}"}


def cells(panel):
    place = panel["gridPos"]
    columns = range(place["x"], place["x"] + place["w"])
    rows = range(place["y"], place["y"] + place["h"])
    return set(itertools.product(columns, rows))


def shown(dashboard):
    """Return the panels without the rows, which are headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_it_has_a_name_that_links_can_rely_on(dashboard):
    assert (dashboard["uid"], dashboard["title"]) == ("trainyard", "Trainyard")
    # Grafana assigns the id when it loads the file; a fixed one could belong to another dashboard.
    assert "id" not in dashboard
    assert dashboard["schemaVersion"] >= 39


def test_panel_ids_are_unique(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_panels_fit_the_grid_and_do_not_overlap(dashboard):
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0, panel["title"]
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
        for cell in cells(panel):
            assert cell not in taken, (panel["title"], taken.get(cell))
            taken[cell] = panel["title"]


def test_every_panel_says_what_it_shows_and_in_which_unit(dashboard):
    titles = [panel["title"] for panel in shown(dashboard)]
    assert len(titles) == len(set(titles)) >= 25
    for panel in shown(dashboard):
        assert panel["type"] in {"stat", "timeseries"}, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_every_query_goes_to_the_data_source_that_was_chosen(dashboard):
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    for panel in shown(dashboard):
        assert panel["datasource"] == VARIABLE, panel["title"]
        names = [target["refId"] for target in panel["targets"]]
        assert len(names) == len(set(names)) > 0, panel["title"]
        assert all(target["datasource"] == VARIABLE for target in panel["targets"]), panel["title"]


def test_rates_follow_the_interval_of_the_scrapes(dashboard):
    for panel in shown(dashboard):
        for target in panel["targets"]:
            windows = target["expr"].count("[")
            assert target["expr"].count("[$__rate_interval]") == windows, panel["title"]


def test_database_metrics_are_never_summed_over_replicas(dashboard):
    shared = ("trainyard_runs", "trainyard_attempts", "trainyard_queue", "trainyard_worker", "trainyard_model_versions")
    for panel in shown(dashboard):
        for target in panel["targets"]:
            if any(name in target["expr"] for name in shared):
                assert "max" in target["expr"], panel["title"]
                assert "sum" not in target["expr"], panel["title"]


def test_grafana_finds_the_dashboard_and_prometheus():
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "trainyard.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert provider["allowUiUpdates"] is False
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
