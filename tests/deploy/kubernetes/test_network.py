"""Allowed connections, computed from the rendered policies as Kubernetes does.

A connection passes if some policy on each side allows it; a side that no policy of that direction selects is open
(kubernetes.io, "Network Policies").
"""

import pytest

API = {"app.kubernetes.io/name": "trainyard", "app.kubernetes.io/component": "api"}
WORKER = {**API, "app.kubernetes.io/component": "worker"}
WORKER_GPU = {**API, "app.kubernetes.io/component": "worker-gpu"}
MIGRATE = {**API, "app.kubernetes.io/component": "migrate"}
POSTGRES = {"app.kubernetes.io/name": "postgres", "app.kubernetes.io/component": "database"}
REDIS = {"app.kubernetes.io/name": "redis", "app.kubernetes.io/component": "broker"}
KEDA = {"app.kubernetes.io/name": "keda-operator"}
PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
STRANGER = {"app.kubernetes.io/name": "stranger"}
HERE = "trainyard"
NUMBERS = {"http": 8000, "postgres": 5432, "redis": 6379}


def matches(selector, labels):
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(
        labels.get(expression["key"]) in expression["values"] for expression in selector.get("matchExpressions", [])
    )


def is_peer(peer, namespace, labels):
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        at_home = matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace})
    else:
        at_home = namespace == HERE
    return at_home and matches(peer.get("podSelector", {}), labels)


def allows(rule, side, namespace, labels, port):
    numbers = {NUMBERS.get(entry["port"], entry["port"]) for entry in rule["ports"]}
    peers = rule.get(side)
    return port in numbers and (peers is None or any(is_peer(peer, namespace, labels) for peer in peers))


def passes_one_side(rendering, direction, labels, other_namespace, other_labels, port):
    selecting = [
        policy["spec"]
        for policy in rendering.of_kind("NetworkPolicy")
        if direction in policy["spec"]["policyTypes"] and matches(policy["spec"]["podSelector"], labels)
    ]
    side = "from" if direction == "Ingress" else "to"
    rules = [rule for policy in selecting for rule in policy.get(direction.lower(), [])]
    return not selecting or any(allows(rule, side, other_namespace, other_labels, port) for rule in rules)


def may_connect(rendering, caller, called, port, *, from_namespace=HERE, to_namespace=HERE):
    leaves = from_namespace != HERE or passes_one_side(rendering, "Egress", caller, to_namespace, called, port)
    enters = to_namespace != HERE or passes_one_side(rendering, "Ingress", called, from_namespace, caller, port)
    return leaves and enters


@pytest.mark.parametrize("caller", [API, WORKER, WORKER_GPU, MIGRATE])
def test_api_workers_and_migration_reach_the_database(trial, caller):
    assert may_connect(trial, caller, POSTGRES, 5432)


@pytest.mark.parametrize(("caller", "may"), [(API, True), (WORKER, True), (WORKER_GPU, True), (MIGRATE, False)])
def test_api_and_workers_alone_reach_the_broker(trial, caller, may):
    assert may_connect(trial, caller, REDIS, 6379) is may


@pytest.mark.parametrize("caller", [API, WORKER, WORKER_GPU, MIGRATE])
def test_database_and_broker_may_be_elsewhere(production, caller):
    assert may_connect(production, caller, STRANGER, 5432, to_namespace="databases")
    assert may_connect(production, caller, STRANGER, 5672, to_namespace="databases") is (caller != MIGRATE)


@pytest.mark.parametrize("caller", [API, WORKER, WORKER_GPU, MIGRATE])
def test_names_can_be_looked_up_and_nothing_else_of_the_cluster_is_reached(rendering, caller):
    assert may_connect(rendering, caller, STRANGER, 53, to_namespace="kube-system")
    assert not may_connect(rendering, caller, STRANGER, 53, to_namespace="elsewhere")
    assert not may_connect(rendering, caller, STRANGER, 443, to_namespace="default")


@pytest.mark.parametrize(
    ("namespace", "caller"),
    [("haproxy-controller", STRANGER), ("ingress-nginx", STRANGER), ("keda", KEDA), ("monitoring", PROMETHEUS)],
)
def test_ingress_keda_and_prometheus_reach_the_api_and_nothing_else(production, namespace, caller):
    assert may_connect(production, caller, API, 8000, from_namespace=namespace)
    assert not may_connect(production, caller, WORKER, 8000, from_namespace=namespace)
    assert not may_connect(production, caller, API, 22, from_namespace=namespace)


def test_the_proxies_of_a_gateway_reach_the_api_where_they_are_configured(gateway, production):
    assert may_connect(gateway, STRANGER, API, 8000, from_namespace="envoy-gateway-system")
    assert not may_connect(production, STRANGER, API, 8000, from_namespace="envoy-gateway-system")


@pytest.mark.parametrize("called", [API, WORKER, POSTGRES, REDIS])
def test_other_pods_reach_nothing(rendering, called):
    for namespace in (HERE, "default", "monitoring", "keda"):
        for port in (8000, 5432, 6379):
            assert not may_connect(rendering, STRANGER, called, port, from_namespace=namespace)


def test_pods_of_the_same_kind_do_not_talk_among_themselves(rendering):
    assert not may_connect(rendering, WORKER, API, 8000)
    assert not may_connect(rendering, WORKER, WORKER, 8000)
    assert not may_connect(rendering, REDIS, POSTGRES, 5432)
