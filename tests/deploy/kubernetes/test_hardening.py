def containers(rendering):
    for name, template in rendering.workloads():
        for container in template["spec"].get("initContainers", []) + template["spec"]["containers"]:
            yield name, template["spec"], container


def test_no_container_runs_as_root_or_may_become_it(rendering):
    for name, pod, container in containers(rendering):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["runAsGroup"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_our_pods_run_as_the_user_of_the_images(rendering):
    for name, template in rendering.ours():
        context = template["spec"]["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (10001, 10001, 10001), name


def test_no_pod_uses_host_namespaces_or_gets_a_kubernetes_token(rendering):
    for name, template in rendering.workloads():
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod.keys().isdisjoint({"hostNetwork", "hostPID", "hostIPC", "hostUsers"}), name
        assert all("hostPath" not in volume for volume in pod["volumes"]), name


def test_every_container_has_requests_and_a_memory_limit(rendering):
    for name, _, container in containers(rendering):
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name


def test_temporary_storage_is_limited_too(rendering):
    for name, template in rendering.workloads():
        for volume in template["spec"]["volumes"]:
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], (name, volume)


def test_every_image_has_a_fixed_tag(rendering):
    for name, _, container in containers(rendering):
        _, _, tag = container["image"].rpartition(":")
        assert tag not in {"", "latest"}, name
        assert "/" not in tag, name


def test_the_namespace_rejects_pods_that_are_not_hardened(rendering):
    (namespace,) = rendering.of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
