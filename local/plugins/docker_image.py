"""`docker:index/image:Image` of the `docker` stand-in: built by the classic builder, pushed, never deleted.

Behaviour follows pulumi-docker 5.x (provider/image.go and provider/provider.go of github.com/pulumi/pulumi-docker).
"""

from __future__ import annotations

import contextlib
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, ClassVar, Protocol

from typing_extensions import override

from local.plugins.docker_context import resolve
from local.plugins.errors import StandInError
from local.plugins.resource import Found, ResourceType, Tell
from local.plugins.schema import NOT_IMPLEMENTED, Change, Field, Kind, Problem, changes
from local.plugins.values import UNKNOWN, Props, props_of, text_of, texts_of

Entry = Mapping[str, object]  # one line of the daemon's log of a build or a push
DIGEST = "digest: sha256:"  # the last line of a push: "v1.0.0: digest: sha256:... size: 1234"
TOLD_OF_A_FAILURE = 20  # lines of a failed step's output
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class DockerClient(Protocol):
    """The part of `docker.APIClient` that is used; tests have a fake."""

    def build(
        self,
        *,
        fileobj: IO[bytes],
        custom_context: bool,
        dockerfile: str,
        tag: str,
        buildargs: dict[str, str],
        platform: str,
        target: str,
        rm: bool,
        forcerm: bool,
        pull: bool,
        decode: bool,
    ) -> Iterable[Entry]:
        """Builds an image; the log."""

    def push(
        self, repository: str, *, stream: bool, decode: bool, auth_config: dict[str, str] | None
    ) -> Iterable[Entry]:
        """Pushes a tag; the log."""

    def inspect_image(self, image: str) -> Mapping[str, object]:
        """What the daemon knows of an image."""

    def close(self) -> None:
        """Closes the connections."""


class Image(ResourceType):
    """`docker:index/image:Image`. Any difference, save credentials, is an update: a rebuild and a push."""

    type_name = "docker:index/image:Image"
    fields: ClassVar[Mapping[str, Field]] = {
        "imageName": Field(kind=Kind.TEXT, required=True),
        "build": Field(
            kind=Kind.OBJECT,
            fields={
                "context": Field(kind=Kind.TEXT),
                "dockerfile": Field(kind=Kind.TEXT),
                "args": Field(kind=Kind.TEXTS),
                "platform": Field(kind=Kind.TEXT),
                "target": Field(kind=Kind.TEXT),
                "builderVersion": Field(kind=Kind.TEXT),
                "contextDigest": Field(kind=Kind.TEXT),  # set by check, as the official plugin does
            },
        ),
        "registry": Field(
            kind=Kind.OBJECT,
            fields={
                "server": Field(kind=Kind.TEXT),
                "username": Field(kind=Kind.TEXT, unwatched=True),  # ECR's are new on every run
                "password": Field(kind=Kind.TEXT, unwatched=True),
            },
        ),
        "skipPush": Field(kind=Kind.BOOL),
        "buildOnPreview": Field(kind=Kind.BOOL),
    }
    compares_inputs = True
    derived: ClassVar[Mapping[str, str]] = {
        "baseImageName": "imageName",
        "repoDigest": "imageName",
        "context": "build.context",
        "dockerfile": "build.dockerfile",
        "platform": "build.platform",
        "registryServer": "registry.server",
    }

    def __init__(self, connect: Callable[[], DockerClient]) -> None:
        self.connect = connect

    @override
    def check(self, given: Props) -> tuple[Props, list[Problem]]:
        """Also computes the context's digest, and the platform where none is given."""
        checked, problems = super().check(given)
        if checked.get("build") is not UNKNOWN:
            build = props_of(checked.get("build"))
            if build.get("builderVersion") not in (None, "BuilderV1", UNKNOWN):
                reason = f"build.builderVersion {build['builderVersion']} {NOT_IMPLEMENTED}, or use BuilderV1"
                problems.append(Problem("build.builderVersion", reason))
            if not problems:
                checked["build"], found = _with_digest(build)
                problems += found
        if checked.get("buildOnPreview") is True:
            problems.append(Problem("buildOnPreview", f"buildOnPreview {NOT_IMPLEMENTED}, or leave it false"))
        name = text_of(checked.get("imageName"))
        if name and checked.get("skipPush") is not True and not _names_a_registry(name):
            reason = f"imageName {name} names no registry to push to; write it as HOST/REPOSITORY:TAG, or set skipPush"
            problems.append(Problem("imageName", reason))
        return checked, problems

    @override
    def changes(self, state: Props, inputs: Props, wanted: Props) -> list[Change]:
        """Inputs are compared: the daemon's side is never looked at (pulumi-docker issue 593)."""
        return list(changes(self.fields, inputs, wanted))

    @override
    def preview(self, state: Props, wanted: Props) -> Props:
        """Everything but the digest, which only the build can tell."""
        return self._outputs(wanted) | ({} if wanted.get("skipPush") is True else {"repoDigest": UNKNOWN})

    @override
    def create(self, wanted: Props, tell: Tell) -> tuple[str, Props]:
        """Builds and pushes; the ID is the image's name."""
        return text_of(wanted["imageName"]), self._make(wanted, tell)

    @override
    def update(self, resource_id: str, state: Props, wanted: Props, tell: Tell) -> Props:
        """Builds and pushes."""
        return self._make(wanted, tell)

    @override
    def read(self, resource_id: str, state: Props, inputs: Props) -> Found | None:
        """What is recorded, unseen, as the official plugin does. An import has nothing to echo, so it is refused."""
        if not state:
            raise StandInError(f"import of {resource_id} {NOT_IMPLEMENTED}")
        return Found(resource_id, state, inputs)

    @override
    def delete(self, resource_id: str, state: Props) -> None:
        """Nothing: an image is deleted with its repository, or by its lifecycle policy."""

    def _outputs(self, wanted: Props) -> Props:
        build, registry = props_of(wanted.get("build")), props_of(wanted.get("registry"))
        located = UNKNOWN not in (wanted.get("build"), build.get("context"), build.get("dockerfile"))
        return {
            "baseImageName": wanted.get("imageName"),
            "context": build.get("context") or ".",
            "dockerfile": resolve(build).dockerfile_name if located else UNKNOWN,
            "imageName": wanted.get("imageName"),
            "platform": build.get("platform"),
            "registryServer": registry.get("server") or "",
        }

    def _make(self, wanted: Props, tell: Tell) -> Props:
        name = text_of(wanted["imageName"])
        with contextlib.closing(self.connect()) as client:
            build_image(client, name, props_of(wanted.get("build")), tell)
            outputs = self._outputs(wanted)
            if wanted.get("skipPush") is True:
                return outputs
            push_image(client, name, props_of(wanted.get("registry")), tell)
            digests = client.inspect_image(name).get("RepoDigests")
        # The first one, as the official plugin takes: with several repositories it may name another of them.
        return outputs | ({"repoDigest": str(digests[0])} if isinstance(digests, list) and digests else {})


def build_image(client: DockerClient, name: str, build: Props, tell: Tell) -> None:
    """Builds and tags; tells each step. Raises: StandInError with the one that failed, after its last output."""
    file, dockerfile = resolve(build).archive()
    step, output = "", deque[str](maxlen=TOLD_OF_A_FAILURE)
    with contextlib.closing(file):
        entries = client.build(
            fileobj=file,
            custom_context=True,
            dockerfile=dockerfile,
            tag=name,
            buildargs=texts_of(build.get("args")),
            platform=text_of(build.get("platform")),
            target=text_of(build.get("target")),
            rm=True,
            forcerm=True,
            pull=False,
            decode=True,
        )
        for line, error in _lines(entries):
            if error:
                for last in output:
                    tell(last)
                raise StandInError(f"build of {name} failed at {step or 'its start'}: {error}")
            if line.startswith("Step "):
                step = line
                output.clear()
                tell(line)
            elif line and not line.startswith("--->"):
                output.append(line)


def push_image(client: DockerClient, name: str, registry: Props, tell: Tell) -> None:
    """Pushes the tag, and tells its digest; credentials go with the request only, never to a file.

    Raises:
        StandInError: refused.
    """
    user, password = text_of(registry.get("username")), text_of(registry.get("password"))
    credentials = {"username": user, "password": password, "serveraddress": text_of(registry.get("server"))}
    for line, error in _lines(
        client.push(name, stream=True, decode=True, auth_config=credentials if user and password else None)
    ):
        if error:
            raise StandInError(f"push of {name} failed: {error}")
        if DIGEST in line:  # the other lines are layers on their way, many times a second
            tell(line)


def _lines(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Each log entry as a line of text, and its error if it is one."""
    for entry in entries:
        error = str(entry.get("error") or "")
        text = str(entry.get("stream") or entry.get("status") or "").strip()
        if entry.get("id") and text:
            text = f"{entry['id']}: {text}"
        if text or error:
            yield text, error


def _with_digest(build: Props) -> tuple[Props, list[Problem]]:
    filled = {**build, "platform": build.get("platform") or host_platform()}
    if UNKNOWN in (build.get("context"), build.get("dockerfile")):
        return filled | {"contextDigest": UNKNOWN}, []
    try:
        return filled | {"contextDigest": resolve(build).digest()}, []
    except (StandInError, OSError) as exc:
        return filled, [Problem("build", str(exc))]


def _names_a_registry(name: str) -> bool:
    """Whether a name starts with a host, by Docker's rule: a dot, a port, or localhost before the first slash."""
    host, slash, _ = name.partition("/")
    return bool(slash) and ("." in host or ":" in host or host == "localhost")


def host_platform() -> str:
    """The platform that is built for when none is given: Linux on the host's architecture."""
    machine = platform.machine().lower()
    return f"linux/{_ARCHITECTURES.get(machine, machine)}"
