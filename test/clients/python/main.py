"""What programs do with Python's client; prints what came of it: the same lines on every server."""

import json
import sys

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

namespace = sys.argv[1]
config.load_kube_config()
core = client.CoreV1Api()
custom = client.CustomObjectsApi()
widgets = dict(group="conform.roster.dev", version="v1", namespace=namespace, plural="widgets")


def show(value):
    """Keys come in the order in which a server keeps them."""
    return json.dumps(value, sort_keys=True)


def widget(name, size):
    return {
        "apiVersion": "conform.roster.dev/v1",
        "kind": "Widget",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "py"}},
        "spec": {"size": size},
    }


def refused(what, call):
    try:
        call()
        print(what, "was not refused")
    except ApiException as error:
        status = json.loads(error.body)
        print(what, error.status, status["reason"], status["message"])


def typed():
    print("version", client.VersionApi().get_code().major)
    made = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="py"), data={"a": "b"}), field_manager="py"
    )
    print("created", made.data, made.metadata.creation_timestamp is not None, made.metadata.managed_fields[0].manager)
    refused("again", lambda: core.create_namespaced_config_map(namespace, {"metadata": {"name": "py"}}))
    stale = made.metadata.resource_version
    made.data = {"a": "c"}
    print("replaced", core.replace_namespaced_config_map("py", namespace, made).data)
    made.metadata.resource_version = stale
    refused("stale", lambda: core.replace_namespaced_config_map("py", namespace, made))
    # A dict goes as a strategic merge patch, a list as a JSON patch.
    print("patched", core.patch_namespaced_config_map("py", namespace, {"data": {"x": "y"}}).data)
    patch = [{"op": "remove", "path": "/data/x"}]
    print("patched", core.patch_namespaced_config_map("py", namespace, patch).data)
    listed = core.list_namespaced_config_map(namespace, field_selector="metadata.name=py", limit=1)
    print("listed", len(listed.items))
    secret = client.V1Secret(metadata=client.V1ObjectMeta(name="py"), string_data={"p": "q"})
    print("secret", core.create_namespaced_secret(namespace, secret).data)
    account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="py"))
    print("account", core.create_namespaced_service_account(namespace, account).metadata.name)
    refused("none", lambda: core.read_namespaced_config_map("none", namespace))
    review = client.V1SelfSubjectAccessReview(
        spec=client.V1SelfSubjectAccessReviewSpec(
            resource_attributes=client.V1ResourceAttributes(verb="get", resource="secrets", namespace=namespace)
        )
    )
    print("allowed", client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed)
    print("deleted", core.delete_namespaced_config_map("py", namespace, propagation_policy="Foreground").status)


def custom_objects():
    print("created", show(custom.create_namespaced_custom_object(body=widget("a", 1), **widgets)["spec"]))
    refused("too large", lambda: custom.create_namespaced_custom_object(body=widget("b", 1000), **widgets))
    patched = custom.patch_namespaced_custom_object(name="a", body={"spec": {"size": 2}}, **widgets)
    print("patched", show(patched["spec"]))
    status = {"status": {"phase": "Done"}}
    print("status", custom.patch_namespaced_custom_object_status(name="a", body=status, **widgets)["status"])
    found = custom.list_namespaced_custom_object(label_selector="app=py", **widgets)
    print("listed", [one["metadata"]["name"] for one in found["items"]])
    print("scale", custom.get_namespaced_custom_object_scale(name="a", **widgets)["spec"])


def dynamic_client():
    found = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="conform.roster.dev/v1", kind="Widget")
    print("discovered", found.name, found.singular_name, found.namespaced, sorted(found.subresources))
    # Debian's version cannot send apply patches: its HTTP layer knows no such content type.
    found.create(body=widget("dynamic", 1), namespace=namespace)
    merge = "application/merge-patch+json"
    body = {"metadata": {"name": "dynamic"}, "spec": {"size": 3}}
    print("patched", found.patch(body=body, namespace=namespace, content_type=merge).spec.size)
    replaced = found.get(name="dynamic", namespace=namespace).to_dict()
    replaced["spec"]["color"] = "red"
    print("replaced", found.replace(body=replaced, namespace=namespace).spec.color)
    items = found.get(namespace=namespace, field_selector="spec.color=red").items
    print("by field", len(items))
    found.delete(name="dynamic", namespace=namespace)


def watched():
    since = custom.list_namespaced_custom_object(**widgets)["metadata"]["resourceVersion"]
    custom.create_namespaced_custom_object(body=widget("watched", 1), **widgets)
    custom.delete_namespaced_custom_object(name="watched", **widgets)
    stream = watch.Watch()
    for event in stream.stream(custom.list_namespaced_custom_object, resource_version=since, timeout_seconds=20, **widgets):
        print("watched", event["type"], event["object"]["metadata"]["name"])
        if event["type"] == "DELETED":
            stream.stop()


def from_yaml():
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "yaml"}, "data": {"a": "b"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "yaml"}},
    ]
    for one in objects:
        made = utils.create_from_dict(client.ApiClient(), one, namespace=namespace)
        print("from a file", made[0].kind, made[0].metadata.name)


def elected():
    class Done(Exception):
        pass

    def lead():
        print("leads", core.read_namespaced_config_map("elected", namespace).metadata.name)

    lock = ConfigMapLock("elected", namespace, "py")
    leaderelection.LeaderElection(
        electionconfig.Config(lock, lease_duration=3, renew_deadline=2, retry_period=1, onstarted_leading=lead, onstopped_leading=None)
    ).acquire()
    lead()


for part in [typed, custom_objects, dynamic_client, watched, from_yaml, elected]:
    print("##", part.__name__, flush=True)
    part()
