"""containerd as on a node of a cluster: a daemon with folders of its own, which pulls images and runs them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from local.errors import Unavailable
from local.processes import spawn, wait_until
from tests.registries import servers

READY_DEADLINE_S = 30.0
STOP_GRACE_S = 10.0
# It copies what a file system that lies on another one, as in a container, can't stack.
SNAPSHOTTER = "native"

Pod = Mapping[str, object]


@dataclass(frozen=True)
class Node:
    """A containerd that runs."""

    ctr: str
    folder: Path
    _numbers: Iterator[int]

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What containerd's own client says."""
        return subprocess.run(
            [self.ctr, "--address", str(self.socket), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def pull(self, image: str) -> subprocess.CompletedProcess[str]:
        return self("images", "pull", "--plain-http", "--snapshotter", SNAPSHOTTER, image)

    def digest(self, image: str) -> str:
        """What an image that was pulled is."""
        listed = self("images", "list", f"name=={image}").stdout.splitlines()[1:]
        (line,) = listed
        return line.split()[2]

    def run(self, image: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of the image, in a network of its own."""
        name = f"run-{next(self._numbers)}"
        return self("run", "--rm", "--snapshotter", SNAPSHOTTER, image, name, *command)

    def run_as(self, pod: Pod, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the pod's image, under the restrictions that its spec names."""
        name = f"pod-{next(self._numbers)}"
        (container,) = cast("list[Pod]", pod["containers"])
        root, spec = self.folder / name, self.folder / f"{name}.json"
        root.mkdir()
        mounted = self("images", "mount", "--rw", "--snapshotter", SNAPSHOTTER, str(container["image"]), str(root))
        assert mounted.returncode == 0, mounted.stderr
        try:
            spec.write_text(json.dumps(_runtime_spec(self._default_spec(), pod, container, root, command)))
            return self("run", "--rm", "--config", str(spec), name)
        finally:
            self("images", "unmount", "--rm", str(root))

    def _default_spec(self) -> dict[str, object]:
        return cast("dict[str, object]", json.loads(self("oci", "spec").stdout))


def _runtime_spec(
    spec: dict[str, object], pod: Pod, container: Pod, root: Path, command: Sequence[str]
) -> dict[str, object]:
    """What a kubelet has the runtime do with a pod (OCI runtime specification; all capabilities are dropped)."""
    everybody, own = cast("Pod", pod["securityContext"]), cast("Pod", container["securityContext"])
    assert own["capabilities"] == {"drop": ["ALL"]}
    user = {"uid": everybody["runAsUser"], "gid": everybody["runAsGroup"]}
    process = cast("dict[str, object]", spec["process"])
    process |= {
        "terminal": False,
        "user": user,
        "args": list(command),
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "capabilities": {},
        "noNewPrivileges": not own["allowPrivilegeEscalation"],
    }
    mounts = cast("list[Pod]", container.get("volumeMounts", []))
    places = [str(mount["mountPath"]) for mount in mounts]
    others = [mount for mount in cast("list[Pod]", spec["mounts"]) if mount["destination"] not in places]
    volumes = [_empty_dir(root.parent / f"{root.name}-{number}", place) for number, place in enumerate(places)]
    sysctls = cast("list[Mapping[str, str]]", everybody.get("sysctls", []))
    linux = cast("dict[str, object]", spec["linux"])
    linux["sysctl"] = {sysctl["name"]: sysctl["value"] for sysctl in sysctls}
    return {
        **spec,
        "process": process,
        "root": {"path": str(root), "readonly": own["readOnlyRootFilesystem"]},
        "mounts": [*others, *volumes],
    }


def _empty_dir(source: Path, destination: str) -> Pod:
    """A folder of the node that everybody may write to, as a kubelet makes it (its package `volume/emptydir`)."""
    source.mkdir()
    source.chmod(0o777)
    return {"destination": destination, "type": "bind", "source": str(source), "options": ["rbind", "rw"]}


@contextmanager
def containerd(folder: Path) -> Iterator[Node]:
    """containerd with everything that it keeps in `folder`.

    Raises:
        Unavailable: it can't be installed, or may not run here.
    """
    if os.geteuid() != 0:
        raise Unavailable("containerd needs root")
    # Debian's docker.io brings the three.
    command, ctr, _ = (servers.have(name, package, folder / "apt.log") for name, package in TOOLS.items())
    node = Node(ctr, folder, itertools.count(1))
    config, log = folder / "config.toml", folder / "containerd.log"
    config.write_text(
        f"""version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{node.socket}"
[ttrpc]
address = "{node.socket}.ttrpc"
"""
    )
    process = spawn([*servers.ends_with_us(), command, "--config", str(config)], servers.passed_on(), log)
    try:
        ready = wait_until(lambda: node("version").returncode == 0 or not process.alive(), READY_DEADLINE_S)
        assert ready, f"containerd does not answer: {log.read_text()[-2000:]}"
        assert process.alive(), f"containerd did not start: {log.read_text()[-2000:]}"
        yield node
    finally:
        process.stop(grace_s=STOP_GRACE_S)
        wait_until(lambda: not servers.naming(folder), STOP_GRACE_S)
        left = servers.naming(folder)
    assert not left, f"left running: {left}"


TOOLS = {"containerd": "containerd", "ctr": "containerd", "runc": "runc"}
