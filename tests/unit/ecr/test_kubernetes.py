from __future__ import annotations

import copy
from dataclasses import replace
from typing import cast

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr import kubernetes
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.kubernetes import Document, Workload
from tests.unit.ecr import pod_security
from tests.unit.ecr.pod_security import items, part
from tests.unit.ecr.workloads import BREACHES, DIGEST, FULL, IMAGE, PLAIN, ROLE, SHAPES, deployment, put

VERSIONS = ["1.29", "1.32", kubernetes_validate.latest_version()]


def pod(workload: Workload) -> Document:
    return cast("Document", part(deployment(workload), "spec", "template", "spec"))


def container(workload: Workload) -> Document:
    (only,) = items(pod(workload), "containers")
    return only


# -- what a cluster takes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("workload", "kinds"), SHAPES)
def test_kubernetes_knows_every_field(workload: Workload, kinds: list[str], version: str) -> None:
    documents = kubernetes.render(workload)
    assert [document["kind"] for document in documents] == kinds
    for document in documents:
        kubernetes_validate.validate(dict(document), version, strict=True)


@pytest.mark.parametrize(("workload", "_kinds"), SHAPES)
def test_the_pods_keep_to_the_restricted_standard(workload: Workload, _kinds: list[str]) -> None:
    assert pod_security.violated(pod(workload)) == set()


@pytest.mark.parametrize(("control", "path", "value"), BREACHES)
def test_the_controls_would_notice(control: str, path: list[str], value: object) -> None:
    spec = copy.deepcopy(dict(pod(FULL)))
    put(spec, path, value)
    assert pod_security.violated(spec) == {control}


def test_every_control_has_a_breach() -> None:
    assert {control for control, _, _ in BREACHES} == set(pod_security.CONTROLS)


# -- what reaches which place -----------------------------------------------------------------------------------------


def test_the_image_is_named_by_its_digest() -> None:
    assert container(PLAIN)["image"] == f"{IMAGE.repository}@{DIGEST}"


def test_what_is_selected_is_what_the_pods_are_labelled_with() -> None:
    spec = cast("Document", deployment(FULL)["spec"])
    labels = part(spec, "template", "metadata", "labels")
    assert labels == part(spec, "selector", "matchLabels") == {"app.kubernetes.io/name": "yoon-app"}


@pytest.mark.parametrize(
    ("workload", "path", "expected"),
    [
        (FULL, ("metadata", "namespace"), "shop"),
        (FULL, ("spec", "replicas"), 3),
        (FULL, ("metadata", "annotations"), {"container-registry/stack": "prod", "container-registry/tag": "v1.0.0"}),
        (PLAIN, ("metadata", "annotations"), {"container-registry/stack": "prod"}),
        (FULL, ("spec", "template", "spec", "serviceAccountName"), "builder"),
        (PLAIN, ("spec", "template", "spec", "serviceAccountName"), None),
        (PLAIN, ("spec", "template", "spec", "volumes"), None),
        (replace(PLAIN, user=7), ("spec", "template", "spec", "securityContext", "runAsUser"), 7),
        (replace(PLAIN, user=7), ("spec", "template", "spec", "securityContext", "runAsGroup"), 7),
    ],
)
def test_a_setting_reaches_the_deployment(workload: Workload, path: tuple[str, ...], expected: object) -> None:
    assert part(deployment(workload), *path) == expected


@pytest.mark.parametrize(("port", "freed"), [(1, True), (1023, True), (1024, False), (8080, False)])
def test_a_port_of_roots_is_freed(port: int, freed: bool) -> None:  # noqa: FBT001 - a column of the table
    workload = replace(PLAIN, port=port)
    assert items(container(workload), "ports")[0]["containerPort"] == port
    names = [sysctl["name"] for sysctl in items(pod(workload), "securityContext", "sysctls")]
    assert names == (["net.ipv4.ip_unprivileged_port_start"] if freed else [])


def test_each_writable_folder_is_a_volume_of_its_own() -> None:
    mounts = {mount["name"]: mount["mountPath"] for mount in items(container(FULL), "volumeMounts")}
    assert list(mounts.values()) == ["/var", "/run"]
    assert [volume["name"] for volume in items(pod(FULL), "volumes")] == list(mounts)


def test_probes_ask_the_containers_port() -> None:
    for probe in ("readinessProbe", "livenessProbe"):
        assert part(container(FULL), probe, "httpGet") == {"path": "/", "port": "http"}
        assert part(container(PLAIN), probe) is None


@pytest.mark.parametrize(
    ("role", "expected"), [(ROLE, {"eks.amazonaws.com/role-arn": ROLE}), (None, None)], ids=["irsa", "pod-identity"]
)
def test_the_service_account_is_told_its_role(role: str | None, expected: object) -> None:
    account = kubernetes.render(replace(FULL, role_arn=role))[0]
    assert part(account, "metadata", "name") == "builder"
    assert part(account, "metadata", "namespace") == "shop"
    assert part(account, "metadata", "annotations") == expected


def test_rendering_twice_is_the_same() -> None:
    assert repr(kubernetes.render(FULL)) == repr(kubernetes.render(copy.deepcopy(FULL)))


# -- which roles ------------------------------------------------------------------------------------------------------

IRSA = ServiceAccount(oidc_provider="arn", namespace="shop", name="builder")
AGENT = PodIdentity(cluster="blue", namespace="shop", service_account="scanner")


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("shop", "builder", (True, False)),
        ("shop", "scanner", (False, True)),
        ("shop", "other", (False, False)),
        ("default", "builder", (False, False)),
    ],
)
def test_an_account_has_a_role_when_the_stack_names_it(namespace: str, name: str, expected: tuple[bool, bool]) -> None:
    assert kubernetes.needs_account(namespace, name, by_provider=[IRSA], by_agent=[AGENT]) == expected


# -- what is refused --------------------------------------------------------------------------------------------------


def refused(**changes: object) -> list[str]:
    return [problem.path for problem in kubernetes.problems(replace(FULL, **changes))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "accepted", "wrong"),
    [
        ("name", ["a", "yoon-app", "a" * 63], ["", "a" * 64, "A", "1e3", "-a", "a-", "a.b", "a\n"]),
        ("namespace", ["shop", "9"], ["", "Shop", "a.b", "a" * 64]),
        ("cpu", ["1", "100m", "16"], ["", "0", "0m", "1.5", "-1", "1k", "100M"]),
        ("memory", ["64Mi", "1Gi", "900Ki"], ["", "64", "0Mi", "64MB", "1.5Gi", "64mi"]),
        ("probe", [None, "/", "/health?x=1"], ["", "health", "/\n"]),
        ("service_account", [None, "builder", "a.b"], ["", "Builder", "a..b", "a/b"]),
    ],
)
def test_values_at_the_border(field: str, accepted: list[str | None], wrong: list[str]) -> None:
    for value in accepted:
        assert refused(**{field: value}) == [], value
    for text in wrong:
        assert refused(**{field: text}) == [field], text


@pytest.mark.parametrize(
    "folder",
    ["", "/", "tmp", "/run/", "/a/../b", "/a/./b", "//a", "/a//b", "/a:b", ".", "/a\x1b[31m", "/a\n", "/\udcff"],
)
def test_a_folder_that_is_none_is_refused(folder: str) -> None:
    assert refused(writable=("/run", folder)) == ["writable[1]"]


def test_what_is_told_of_a_folder_that_is_refused() -> None:
    (problem,) = kubernetes.problems(replace(FULL, writable=("/run/",)))
    assert problem.reason == (
        "\"/run/\" is not accepted; accepted: an absolute path other than /, without '.' or '..' as a part, ':' or "
        "control characters, and without a '/' at its end or two in a row"
    )


def test_a_folder_that_stands_twice_is_refused() -> None:
    assert refused(writable=("/run", "/run")) == ["writable[1]"]


@given(st.from_regex(r"[a-z0-9]{1,9}([._-]{1,2}[a-z0-9]{1,40}){0,5}", fullmatch=True))
def test_the_default_name_is_one_unless_it_begins_with_a_digit(last: str) -> None:
    repository = replace(IMAGE.repository, name=f"prod/{last}")
    name = kubernetes.default_name(replace(IMAGE, repository=repository))
    assert (refused(name=name) == []) is name[0].isalpha()
