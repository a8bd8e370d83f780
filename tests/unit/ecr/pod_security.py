"""The Pod Security Standard "Restricted", with what it takes over from "Baseline": what a pod may not be.

Kubernetes documentation, "Pod Security Standards". Each control is a function: pod's spec -> whether it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

Spec = Mapping[str, object]

# Safe settings, as "Baseline" has them: "Sysctls".
SAFE = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
SECCOMP = {"RuntimeDefault", "Localhost"}


def part(value: Mapping[str, object], *keys: str) -> object:
    found: object = value
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def items(value: Mapping[str, object], *keys: str) -> list[Spec]:
    return cast("list[Spec]", part(value, *keys) or [])


def containers(pod: Spec) -> Iterator[Spec]:
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        yield from items(pod, kind)


def _host_namespaces(pod: Spec) -> bool:
    return not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))


def _privileged(pod: Spec) -> bool:
    return not any(part(each, "securityContext", "privileged") for each in containers(pod))


def _capabilities(pod: Spec) -> bool:
    return all(
        "ALL" in (part(each, "securityContext", "capabilities", "drop") or [])  # type: ignore[operator]
        and set(part(each, "securityContext", "capabilities", "add") or []) <= {"NET_BIND_SERVICE"}  # type: ignore[call-overload]
        for each in containers(pod)
    )


def _volume_types(pod: Spec) -> bool:
    return all(set(volume) - {"name"} <= VOLUMES for volume in items(pod, "volumes"))


def _host_ports(pod: Spec) -> bool:
    return not any(port.get("hostPort") for each in containers(pod) for port in items(each, "ports"))


def _escalation(pod: Spec) -> bool:
    return all(part(each, "securityContext", "allowPrivilegeEscalation") is False for each in containers(pod))


def _non_root(pod: Spec) -> bool:
    own = part(pod, "securityContext", "runAsNonRoot")
    return all((part(each, "securityContext", "runAsNonRoot") or own) is True for each in containers(pod))


def _non_root_user(pod: Spec) -> bool:
    users = [part(pod, "securityContext", "runAsUser")]
    users += [part(each, "securityContext", "runAsUser") for each in containers(pod)]
    return 0 not in users


def _seccomp(pod: Spec) -> bool:
    own = part(pod, "securityContext", "seccompProfile", "type")
    return all((part(each, "securityContext", "seccompProfile", "type") or own) in SECCOMP for each in containers(pod))


def _sysctls(pod: Spec) -> bool:
    return {sysctl["name"] for sysctl in items(pod, "securityContext", "sysctls")} <= SAFE


def _everywhere(pod: Spec, *keys: str) -> Iterator[object]:
    """A security setting of the pod itself and of each container."""
    for each in (pod, *containers(pod)):
        yield part(each, "securityContext", *keys)


def _host_process(pod: Spec) -> bool:
    return not any(_everywhere(pod, "windowsOptions", "hostProcess"))


def _app_armor(pod: Spec) -> bool:
    return set(_everywhere(pod, "appArmorProfile", "type")) <= {None, "RuntimeDefault", "Localhost"}


def _se_linux(pod: Spec) -> bool:
    types = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
    return set(_everywhere(pod, "seLinuxOptions", "type")) <= types and not any(
        value for key in ("user", "role") for value in _everywhere(pod, "seLinuxOptions", key)
    )


def _proc_mount(pod: Spec) -> bool:
    return set(_everywhere(pod, "procMount")) <= {None, "Default"}


def _probe_hosts(pod: Spec) -> bool:
    probes = ("livenessProbe", "readinessProbe", "startupProbe")
    hooks = (("lifecycle", "postStart"), ("lifecycle", "preStop"))
    places = [*((probe,) for probe in probes), *hooks]
    return not any(
        part(each, *place, kind, "host")
        for each in containers(pod)
        for place in places
        for kind in ("httpGet", "tcpSocket")
    )


CONTROLS: Mapping[str, Callable[[Spec], bool]] = {
    "Host Namespaces": _host_namespaces,
    "Privileged Containers": _privileged,
    "Capabilities": _capabilities,
    "Volume Types": _volume_types,
    "Host Ports": _host_ports,
    "Privilege Escalation": _escalation,
    "Running as Non-root": _non_root,
    "Running as Non-root user": _non_root_user,
    "Seccomp": _seccomp,
    "Sysctls": _sysctls,
    "HostProcess": _host_process,
    "AppArmor": _app_armor,
    "SELinux": _se_linux,
    "/proc Mount Type": _proc_mount,
    "Host Probes / Lifecycle Hooks": _probe_hosts,
}


def violated(pod: Spec) -> set[str]:
    """The controls that a pod's spec does not keep to."""
    return {name for name, holds in CONTROLS.items() if not holds(pod)}
