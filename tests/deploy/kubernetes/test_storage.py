"""The component object-storage: API and workers have a bucket in common, and no volume."""

from core.settings import GIBIBYTE, Settings

PODS = {"trainyard-api", "trainyard-worker", "trainyard-worker-gpu"}


def templates(rendering):
    return {name: template["spec"] for name, template in rendering.ours() if name in PODS}


def test_no_pod_needs_a_volume_that_another_one_has(object_storage):
    assert object_storage.of_kind("PersistentVolumeClaim") == []
    found = templates(object_storage)
    assert found.keys() == PODS
    for template in found.values():
        assert all("persistentVolumeClaim" not in volume for volume in template["volumes"])
        (data,) = [volume for volume in template["volumes"] if volume["name"] == "data"]
        # It holds the copies, and what is on its way.
        size = data["emptyDir"]["sizeLimit"]
        assert int(size.removesuffix("Gi")) * GIBIBYTE >= 2 * Settings().max_copies_bytes


def test_api_and_workers_have_the_bucket_and_its_keys_and_the_migration_has_no_keys(object_storage):
    (settings,) = [found["data"] for found in object_storage.of_kind("ConfigMap")]
    assert Settings(storage_url=settings["TRAINYARD_STORAGE_URL"]).is_storage_elsewhere
    given = {
        name: {variable["name"] for container in template["spec"]["containers"] for variable in container["env"]}
        for name, template in object_storage.ours()
    }
    with_keys = {name for name, variables in given.items() if "AWS_SECRET_ACCESS_KEY" in variables}
    assert with_keys == PODS == {name for name, variables in given.items() if "AWS_ACCESS_KEY_ID" in variables}
