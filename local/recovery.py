"""What is put right before an operation: traces of a command that was killed in the middle of one."""

# ruff: noqa: PLC0415 - loaded where needed: boto3 takes 0.3 s and serves only after a crash

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from local.console import say
from local.errors import LocalError
from local.layout import Layout
from local.processes import command_line, started_at

CLOCK_SLACK_S = 2.0


@dataclass(frozen=True)
class PendingCreate:
    """A resource whose creation was begun and not heard of again."""

    urn: str
    type: str
    inputs: Mapping[str, object]


@dataclass(frozen=True)
class Marks:
    """Per stack: whether its last operation ended, and which run of the emulator it was made against."""

    layout: Layout
    stack: str

    @property
    def _unfinished(self) -> Path:
        return self.layout.run / f"{self.stack}.unfinished"

    @property
    def _cloud(self) -> Path:
        return self.layout.run / f"{self.stack}.cloud"

    def unfinished(self) -> bool:
        """Whether the last operation was killed, or failed."""
        return self._unfinished.exists()

    def begin(self) -> None:
        """An operation that changes something begins."""
        self._unfinished.write_text("")

    def end(self, cloud: str) -> None:
        """It ended well."""
        self._unfinished.unlink(missing_ok=True)
        self._cloud.write_text(cloud)

    def cloud_replaced(self, cloud: str) -> bool:
        """Whether the emulator was started anew since the last operation; the first one has nothing to compare."""
        if not self._cloud.exists():
            self._cloud.write_text(cloud)
            return False
        return self._cloud.read_text() != cloud


def clear_stale_locks(layout: Layout, project: str, stack: str) -> None:
    """Remove the engine's own lock files of one stack whose holder is dead.

    Raises:
        LocalError: the holder lives.
    """
    folder = layout.backend / ".pulumi" / "locks" / "organization" / project / stack
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text())
            pid, host = int(content["pid"]), str(content["hostname"])
        except (OSError, ValueError, KeyError, TypeError):
            pid, host = 0, socket.gethostname()  # half written by a process that was killed
        if host != socket.gethostname() or _held(path, pid):
            who = f"pid {pid} ({command_line(pid)[:80]})" if host == socket.gethostname() else f"pid {pid} on {host}"
            raise LocalError(f"stack {stack} is locked by {who}: wait for it to end, or remove {path}")
        path.unlink(missing_ok=True)
        say(f"removed the engine's lock on stack {stack}: pid {pid}, which held it, is gone")


def _held(path: Path, pid: int) -> bool:
    """Whether the process with this pid is the one that wrote the lock: it was there before the file."""
    if pid <= 0 or pid == os.getpid():
        return False
    begun = started_at(pid)
    if begun is None:
        return bool(command_line(pid))
    return begun <= path.stat().st_mtime + CLOCK_SLACK_S


def pending_creates(deployment: Mapping[str, object]) -> Iterator[PendingCreate]:
    """The creations that a stack's exported state calls pending."""
    operations = deployment.get("pending_operations")
    for operation in operations if isinstance(operations, list) else []:
        resource = operation.get("resource", {})
        if operation.get("type") == "creating":
            yield PendingCreate(str(resource.get("urn")), str(resource.get("type")), resource.get("inputs") or {})


def settled(deployment: Mapping[str, object], made: Mapping[str, str]) -> dict[str, object]:
    """The state without pending operations, and with the resources that were made after all (URN to ID).

    Their outputs are left for a refresh to read. They go last: what they depend on is in the state already.
    """
    resources = deployment.get("resources")
    operations = deployment.get("pending_operations")
    taken = [
        {**operation["resource"], "id": made[operation["resource"]["urn"]], "outputs": {}}
        for operation in (operations if isinstance(operations, list) else [])
        if operation["resource"]["urn"] in made
    ]
    kept = resources if isinstance(resources, list) else []
    known = {resource["urn"] for resource in kept}
    new = [resource for resource in taken if resource["urn"] not in known]
    return {
        **{key: value for key, value in deployment.items() if key != "pending_operations"},
        "resources": [*kept, *new],
    }


def id_if_made(pending: PendingCreate, endpoint: str, region: str) -> str | None:
    """The ID of a pending resource that the cloud has made after all, so that it can be taken into the state.

    Only what has a name of its own needs that: making it again is refused. A policy is put again, a key, group or topic
    that nobody knows of costs nothing here, and an image that is there already is adopted by the program.

    Raises:
        LocalError: it can't be told.
    """
    finder = _FINDERS.get(pending.type)
    if finder is None:
        return None
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    make = cast("Callable[..., object]", boto3.client)
    client = make(
        finder.service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )

    def ask(operation: str, **request: str | list[str]) -> Mapping[str, object]:
        return cast("Callable[..., Mapping[str, object]]", getattr(client, operation))(**request)

    try:
        return finder.find(ask, pending.inputs)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("RepositoryNotFoundException", "NoSuchEntity"):
            return None
        raise LocalError(f"cannot tell whether {pending.urn} was made: {error}") from error
    except BotoCoreError as error:
        raise LocalError(f"cannot tell whether {pending.urn} was made: {error}") from error


class _Ask(Protocol):
    """An operation of the finder's service, by its name in boto3."""

    def __call__(self, operation: str, **request: str | list[str]) -> Mapping[str, object]: ...


def _repository(ask: _Ask, inputs: Mapping[str, object]) -> str:
    name = str(inputs["name"])
    ask("describe_repositories", repositoryNames=[name])
    return name


def _role(ask: _Ask, inputs: Mapping[str, object]) -> str:
    name = str(inputs["name"])
    ask("get_role", RoleName=name)
    return name


def _oidc_provider(ask: _Ask, inputs: Mapping[str, object]) -> str | None:
    listed = cast("list[Mapping[str, str]]", ask("list_open_id_connect_providers")["OpenIDConnectProviderList"])
    issuer = str(inputs["url"]).removeprefix("https://")
    return next((one["Arn"] for one in listed if one["Arn"].partition(":oidc-provider/")[2] == issuer), None)


@dataclass(frozen=True)
class _Finder:
    """How a resource is found again: by which service, and by what of its inputs."""

    service: str
    find: Callable[[_Ask, Mapping[str, object]], str | None]


_FINDERS = {
    "aws:ecr/repository:Repository": _Finder("ecr", _repository),
    "aws:iam/role:Role": _Finder("iam", _role),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _Finder("iam", _oidc_provider),
}
