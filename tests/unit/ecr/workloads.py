"""Deployments for tests: of every shape, and what would break them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecr import kubernetes
from ecr.kubernetes import Document, Workload
from ecr.reference import ImageReference

DIGEST = f"sha256:{'ab' * 32}"
IMAGE = ImageReference.parse(f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/prod/yoon-app@{DIGEST}")
ROLE = "arn:aws:iam::123456789012:role/prod-service-accounts"
PLAIN = Workload(image=IMAGE, stack="prod", name="yoon-app")
FULL = replace(
    PLAIN, tag="v1.0.0", namespace="shop", replicas=3, writable=("/var", "/run"), probe="/", service_account="builder",
    role_arn=ROLE, makes_account=True,
)  # fmt: skip
SHAPES = [
    pytest.param(PLAIN, ["Deployment"], id="plain"),
    pytest.param(FULL, ["ServiceAccount", "Deployment"], id="full"),
    pytest.param(replace(FULL, role_arn=None), ["ServiceAccount", "Deployment"], id="pod-identity"),
    pytest.param(replace(FULL, makes_account=False), ["Deployment"], id="account-of-somebody-else"),
    pytest.param(replace(PLAIN, port=8080, user=65532, replicas=0), ["Deployment"], id="high-port"),
]

# A control of the Pod Security Standards, where a value stands in a pod's spec, and one that breaks the control.
BREACHES: list[tuple[str, list[str], object]] = [
    ("Host Namespaces", ["hostNetwork"], True),
    ("Host Namespaces", ["hostPID"], True),
    ("Privileged Containers", ["containers", "securityContext", "privileged"], True),
    ("Capabilities", ["containers", "securityContext", "capabilities"], {"drop": ["NET_RAW"]}),
    ("Capabilities", ["containers", "securityContext", "capabilities"], {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    ("Capabilities", ["containers", "securityContext", "capabilities"], None),
    ("Volume Types", ["volumes"], [{"name": "x", "hostPath": {"path": "/"}}]),
    ("Host Ports", ["containers", "ports"], [{"containerPort": 80, "hostPort": 80}]),
    ("Privilege Escalation", ["containers", "securityContext", "allowPrivilegeEscalation"], None),
    ("Running as Non-root", ["securityContext", "runAsNonRoot"], None),
    ("Running as Non-root user", ["securityContext", "runAsUser"], 0),
    ("Seccomp", ["securityContext", "seccompProfile"], None),
    ("Seccomp", ["securityContext", "seccompProfile"], {"type": "Unconfined"}),
    ("Sysctls", ["securityContext", "sysctls"], [{"name": "kernel.msgmax", "value": "1"}]),
    ("HostProcess", ["securityContext", "windowsOptions"], {"hostProcess": True}),
    ("AppArmor", ["containers", "securityContext", "appArmorProfile"], {"type": "Unconfined"}),
    ("SELinux", ["securityContext", "seLinuxOptions"], {"type": "spc_t"}),
    ("SELinux", ["containers", "securityContext", "seLinuxOptions"], {"user": "root"}),
    ("/proc Mount Type", ["containers", "securityContext", "procMount"], "Unmasked"),
    ("Host Probes / Lifecycle Hooks", ["containers", "livenessProbe", "httpGet", "host"], "10.0.0.1"),
]


def deployment(workload: Workload) -> Document:
    return kubernetes.render(workload)[-1]


def put(spec: object, path: list[str], value: object) -> None:
    """Put a value into a pod's spec; of the containers, into the first one."""
    place = spec
    for key in path[:-1]:
        assert isinstance(place, dict)
        place = place[key][0] if key == "containers" else place[key]
    assert isinstance(place, dict)
    place[path[-1]] = value
