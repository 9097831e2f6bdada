import pytest

SPEC = {"preset": "perceptron-or"}


@pytest.fixture
def admin(locked_client, admin_key):
    locked_client.headers["Authorization"] = f"Bearer {admin_key}"
    return locked_client


@pytest.fixture
def make_key(admin):
    """Create a key of these scopes; return the headers that send it."""

    def make(name="ci", scopes=("read", "submit", "predict"), **limits):
        body = {"name": name, "scopes": list(scopes)} | ({"limits": limits} if limits else {})
        made = admin.post("/v1/keys", json=body)
        assert made.status_code == 201, made.text
        return {"Authorization": f"Bearer {made.json()['key']}"}

    return make


def test_a_full_queue_is_refused_with_what_is_used_and_when_to_come_back(admin, make_key):
    key = make_key(queued_runs=2)
    assert [admin.post("/v1/runs", json=SPEC, headers=key).status_code for _ in range(3)] == [202, 202, 429]
    refused = admin.post("/v1/runs", json=SPEC, headers=key)
    assert refused.headers["retry-after"] == "30"
    body = refused.json()
    assert (body["code"], body["quota"]) == ("quota_exceeded", {"name": "queued_runs", "limit": 2, "used": 2})
    assert "2 of 2 runs" in body["detail"]
    # Another key's runs are its own.
    assert admin.post("/v1/runs", json=SPEC, headers=make_key("other")).status_code == 202
    assert 'trainyard_quota_refusals_total{quota="queued_runs"} 2.0' in admin.get("/metrics").text


def test_two_keys_of_one_name_share_a_quota(admin, make_key):
    old, new = make_key(queued_runs=1), make_key()
    assert admin.post("/v1/runs", json=SPEC, headers=old).status_code == 202
    assert admin.post("/v1/runs", json=SPEC, headers=new).status_code == 429


def test_requests_over_the_limit_are_refused_on_each_surface_in_its_form(admin, make_key):
    key = make_key(requests_per_minute=2)
    first = admin.get("/v1/runs", headers=key)
    assert first.headers["ratelimit-policy"] == '"requests";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"requests";r=1;t=')
    missing = admin.post("/v1/models/none:predict", json={"instances": [[1]]}, headers=key)
    assert missing.status_code == 404
    refused = admin.get("/v1/runs", headers=key)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.json()["quota"] == {"name": "requests_per_minute", "limit": 2, "used": 2}
    of_predictions = admin.post("/v1/models/none:predict", json={"instances": [[1]]}, headers=key)
    assert of_predictions.status_code == 429
    assert "2 requests" in of_predictions.json()["error"]
    # What needs no key is not counted, and other keys are not held up.
    assert admin.get("/healthz", headers=key).status_code == 200
    assert "ratelimit" not in admin.get("/v1/runs").headers
    assert 'trainyard_quota_refusals_total{quota="requests_per_minute"} 2.0' in admin.get("/metrics").text


def test_uploads_count_to_the_disk_quota(admin, make_key):
    key = make_key(disk_bytes=40)
    table = b"a,label\n1,x\n2,y\n3,x\n"
    assert admin.post("/v1/datasets/small/versions", content=table, headers=key).status_code == 201
    assert admin.get("/v1/usage", headers=key).json()["use"]["disk_bytes"] == 20
    # The same bytes make no new version, and take no more.
    assert admin.post("/v1/datasets/small/versions", content=table, headers=key).status_code == 200
    refused = admin.post("/v1/datasets/small/versions", content=b"a,label\n1,x\n2,y\n3,z\n9,z\n", headers=key)
    assert refused.status_code == 429
    assert refused.json()["quota"] == {"name": "disk_bytes", "limit": 40, "used": 20}
    assert "retry-after" not in refused.headers
    assert admin.delete("/v1/datasets/small").status_code in {200, 204}
    assert admin.get("/v1/usage", headers=key).json()["use"]["disk_bytes"] == 0


def test_usage_shows_limits_beside_what_is_used(admin, make_key):
    key = make_key(running_runs=3)
    admin.post("/v1/runs", json=SPEC, headers=key)
    usage = admin.get("/v1/usage", headers=key).json()
    assert usage["name"] == "ci"
    assert (usage["limits"]["running_runs"], usage["own_limits"]["queued_runs"]) == (3, None)
    assert usage["use"] == {"queued_runs": 1, "running_runs": 0, "disk_bytes": 0}
    names = [item["name"] for item in admin.get("/v1/quotas").json()["items"]]
    assert names == ["ci"]
    assert admin.get("/v1/quotas", headers=key).status_code == 403


def test_limits_are_changed_one_by_one(admin, make_key):
    key = make_key(queued_runs=1, running_runs=1)
    changed = admin.patch("/v1/quotas/ci", json={"queued_runs": None, "priority": 5})
    assert changed.json()["own_limits"] == {
        "queued_runs": None,
        "running_runs": 1,
        "disk_bytes": None,
        "requests_per_minute": None,
        "priority": 5,
    }
    assert admin.patch("/v1/quotas/ci", json={"requests_per_minute": 1}).status_code == 200
    # This process counts by the new limit at once.
    assert [admin.get("/v1/usage", headers=key).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    "body", [{"queued_runs": -1}, {"queued_runs": 1.5}, {"priority": 101}, {"queued": 1}, {"disk_bytes": 2**60}]
)
def test_limits_that_are_none_are_rejected_at_their_place(admin, make_key, body):
    make_key()
    answer = admin.patch("/v1/quotas/ci", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"


def test_a_name_that_no_key_has_is_unknown(admin, make_key):
    make_key()
    answer = admin.patch("/v1/quotas/cii", json={})
    assert answer.status_code == 404
    assert "Did you mean 'ci'?" in answer.json()["detail"]
    assert admin.patch("/v1/quotas/bootstrap", json={"queued_runs": 9}).status_code == 200


def test_without_keys_everybody_is_one_submitter(make_client, make_settings):
    client = make_client(make_settings(quota_queued_runs=1))
    assert [client.post("/v1/runs", json=SPEC).status_code for _ in range(2)] == [202, 429]
    assert client.get("/v1/usage").json()["name"] is None
    assert "everybody" in client.post("/v1/runs", json=SPEC).json()["detail"]
