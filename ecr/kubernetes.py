"""What a Kubernetes cluster is told so that it runs an image, named by its digest.

The pods keep to the strictest of the Pod Security Standards, "Restricted", with which a namespace may be closed to all
others (Kubernetes documentation, "Pod Security Standards"). Beyond that, the root file system is read-only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ecr.access.eks import (
    NAMESPACE_RULE,
    SERVICE_ACCOUNT_RULE,
    PodIdentity,
    ServiceAccount,
    is_namespace,
    is_service_account,
)
from ecr.problems import Problem, refused, refused_items
from ecr.reference import ImageReference

Document = Mapping[str, object]

# Kubernetes documentation, "Object Names and IDs" and "Labels and Selectors": the name is a label's value as well.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
NAME_RULE = "1 to 63 lower-case letters, digits and dashes, first a letter, last no dash"

# Kubernetes API reference, "Quantity", as far as processors and memory need it.
_CPU = re.compile(r"[1-9][0-9]{0,5}m?")
CPU_RULE = "a number of processors, such as 1, or of thousandths, such as 100m"
_MEMORY = re.compile(r"[1-9][0-9]{0,8}(?:Ki|Mi|Gi)")
MEMORY_RULE = "an amount with Ki, Mi or Gi, such as 64Mi"

FOLDER_RULE = (
    "an absolute path other than /, without '.' or '..' as a part, ':' or control characters, and without a '/' at its "
    "end or two in a row"
)
PROBE_RULE = "a path that begins with '/', such as /health"

# User IDs of Linux; 0 is root, which "Restricted" keeps out.
USERS = range(1, 2**31 - 1)
PORTS = range(1, 65536)

# A port below is root's, unless the pod's own network says otherwise. The setting is one of those that are safe, and
# that "Restricted" permits (Kubernetes documentation, "Using sysctls", since 1.22).
_FIRST_FREE_PORT = 1024
_FREE_ALL_PORTS = {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}

# EKS user guide, "Assign IAM roles to Kubernetes service accounts".
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is to run.

    Attributes:
        image: by its digest.
        stack: the stack that has published it; noted with the workload.
        tag: what the stack calls it; noted, too.
        name: of the Deployment, its container and the label that its pods have.
        namespace: where it runs.
        replicas: how many pods.
        port: on which the container listens.
        user: the user ID and group ID of its processes; not 0.
        cpu: what each pod reserves.
        memory: what each pod reserves, and may use.
        writable: the folders that it may write to; what is in them goes with the pod.
        probe: the path that tells by HTTP whether it is ready and alive; None when nothing does.
        service_account: whose the pods are; None for the namespace's default.
        role_arn: the role that the service account assumes by the cluster's OIDC provider; None for none.
        makes_account: whether the service account belongs to the documents.
    """

    image: ImageReference
    stack: str
    tag: str | None = None
    name: str
    namespace: str = "default"
    replicas: int = 2
    port: int = 80
    user: int = 101
    cpu: str = "100m"
    memory: str = "64Mi"
    writable: Sequence[str] = ()
    probe: str | None = None
    service_account: str | None = None
    role_arn: str | None = None
    makes_account: bool = False


def default_name(image: ImageReference) -> str:
    """A name for what runs an image: the last part of its repository's name, written as Kubernetes takes it."""
    last = image.repository.name.rpartition("/")[2]
    return re.sub(r"[._]+", "-", last)[:63].rstrip("-")


def problems(workload: Workload) -> tuple[Problem, ...]:
    """What Kubernetes would refuse, by the names of the attributes."""
    return tuple(_problems(workload))


def _problems(workload: Workload) -> Iterator[Problem]:
    texts: tuple[tuple[str, str | None, Callable[[str], object], str], ...] = (
        ("name", workload.name, _NAME.fullmatch, NAME_RULE),
        ("namespace", workload.namespace, is_namespace, NAMESPACE_RULE),
        ("cpu", workload.cpu, _CPU.fullmatch, CPU_RULE),
        ("memory", workload.memory, _MEMORY.fullmatch, MEMORY_RULE),
        ("probe", workload.probe, lambda path: path.startswith("/") and path.isprintable(), PROBE_RULE),
        ("service_account", workload.service_account, is_service_account, SERVICE_ACCOUNT_RULE),
    )
    for field, value, accept, rule in texts:
        if value is not None and not accept(value):
            yield refused(field, value, rule)
    yield from refused_items("writable", workload.writable, _is_folder, FOLDER_RULE)


def _is_folder(text: str) -> bool:
    path = PurePosixPath(text)
    # A colon would divide the path (Kubernetes API reference, VolumeMount, mountPath).
    divided = ".." in path.parts or ":" in text
    return path.root == "/" and str(path) == text != "/" and not divided and text.isprintable()


def needs_account(
    namespace: str, name: str, *, by_provider: Sequence[ServiceAccount], by_agent: Sequence[PodIdentity]
) -> tuple[bool, bool]:
    """Whether a stack's roles are for this service account: that by the OIDC provider, and that of Pod Identity."""
    irsa = any((one.namespace, one.name) == (namespace, name) for one in by_provider)
    agent = any((one.namespace, one.service_account) == (namespace, name) for one in by_agent)
    return irsa, agent


def render(workload: Workload) -> tuple[Document, ...]:
    """The documents in the order in which a cluster takes them, each with its keys in the usual one."""
    documents = [_deployment(workload)]
    if workload.makes_account and workload.service_account is not None:
        documents.insert(0, _account(workload, workload.service_account))
    return tuple(documents)


def _account(workload: Workload, name: str) -> Document:
    annotations = {"annotations": {ROLE_ANNOTATION: workload.role_arn}} if workload.role_arn else {}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": workload.namespace, "labels": _labels(workload), **annotations},
        # Who needs the API's token asks for it in the pod; those of AWS are mounted all the same.
        "automountServiceAccountToken": False,
    }


def _deployment(workload: Workload) -> Document:
    noted = {"container-registry/stack": workload.stack}
    if workload.tag is not None:
        noted["container-registry/tag"] = workload.tag
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": workload.name,
            "namespace": workload.namespace,
            "labels": _labels(workload),
            "annotations": noted,
        },
        "spec": {
            "replicas": workload.replicas,
            "selector": {"matchLabels": _labels(workload)},
            # A pod goes only when another one is ready.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": _labels(workload)}, "spec": _pod(workload)},
        },
    }


def _labels(workload: Workload) -> dict[str, str]:
    return {"app.kubernetes.io/name": workload.name}


def _pod(workload: Workload) -> Document:
    account = {"serviceAccountName": workload.service_account} if workload.service_account else {}
    volumes = [{"name": name, "emptyDir": {}} for name, _ in _volumes(workload)]
    return {
        **account,
        "automountServiceAccountToken": False,
        "securityContext": _pod_security(workload),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": topology,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _labels(workload)},
            }
            for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "containers": [_container(workload)],
        **({"volumes": volumes} if volumes else {}),
    }


def _pod_security(workload: Workload) -> Document:
    sysctls = {"sysctls": [_FREE_ALL_PORTS]} if workload.port < _FIRST_FREE_PORT else {}
    return {
        "runAsNonRoot": True,
        "runAsUser": workload.user,
        "runAsGroup": workload.user,
        "seccompProfile": {"type": "RuntimeDefault"},
        **sysctls,
    }


def _container(workload: Workload) -> Document:
    mounts = [{"name": name, "mountPath": folder} for name, folder in _volumes(workload)]
    return {
        "name": workload.name,
        # The digest: a tag may move between two pods of one Deployment.
        "image": str(workload.image),
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": workload.port, "protocol": "TCP"}],
        **_probes(workload),
        "resources": {
            "requests": {"cpu": workload.cpu, "memory": workload.memory},
            # Of the processor, whatever nobody else needs; memory can't be taken back.
            "limits": {"memory": workload.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _probes(workload: Workload) -> dict[str, Document]:
    if workload.probe is None:
        return {}
    get = {"httpGet": {"path": workload.probe, "port": "http"}}
    return {
        "readinessProbe": {**get, "periodSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {**get, "periodSeconds": 10, "failureThreshold": 6},
    }


def _volumes(workload: Workload) -> list[tuple[str, str]]:
    """A volume's name and its folder, for each."""
    return [(f"writable-{number}", folder) for number, folder in enumerate(workload.writable, start=1)]
