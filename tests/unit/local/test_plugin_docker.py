"""The `docker` stand-in with a fake daemon: what triggers a build, what is sent, what the user reads when it fails."""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import docker
import docker.errors
import pytest
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.docker import DockerProvider
from local.plugins.docker_context import resolve
from local.plugins.docker_image import Entry, host_platform
from local.plugins.errors import StandInError
from local.plugins.resource import DiffRequest
from local.plugins.values import UNKNOWN, Props, plain, plain_map, wrap_map

URN = "urn:pulumi:dev::project::t:index:Component$docker:index/image:Image::app"
NAME = "localhost:4566/dev/app:v1"
PASSWORD = "hunter22"
DIGEST = "localhost:4566/dev/app@sha256:" + "a" * 64
Wrapped = dict[str, PropertyValue]


@dataclass
class FakeDaemon:
    """Answers with the given logs and records what it was asked."""

    build_log: list[Entry] = field(default_factory=lambda: [{"stream": "Step 1/1 : FROM scratch\n"}])
    push_log: list[Entry] = field(default_factory=lambda: [{"status": "Pushed", "id": "abc"}])
    digests: list[str] = field(default_factory=lambda: [DIGEST, "localhost:4566/other@sha256:" + "b" * 64])
    asked: list[Mapping[str, object]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    closed: int = 0

    def build(self, *, fileobj: IO[bytes], **options: object) -> Iterable[Entry]:
        self.asked.append(options)
        with tarfile.open(fileobj=fileobj) as archive:
            self.sent = archive.getnames()
        return self.build_log

    def push(self, repository: str, **options: object) -> Iterable[Entry]:
        self.asked.append({"push": repository, **options})
        return self.push_log

    def inspect_image(self, _image: str) -> Mapping[str, object]:
        return {"RepoDigests": self.digests}

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_STAND_IN_ROOT", str(tmp_path))
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "Dockerfile").write_text("FROM scratch\nCOPY a /a\n")
    (tmp_path / "img" / "a").write_text("1")
    return tmp_path


def inputs(**build: object) -> Wrapped:
    given = wrap_map({"imageName": NAME, "build": {"context": "img", "builderVersion": "BuilderV1", **build}})  # type: ignore[dict-item]
    registry = wrap_map({"server": "localhost:4566", "username": "AWS"})
    registry["password"] = PropertyValue(PASSWORD, is_secret=True)
    return given | {"registry": PropertyValue(registry)}


def provider(daemon: FakeDaemon | None = None) -> DockerProvider:
    fake = daemon or FakeDaemon()
    return DockerProvider(lambda: fake)


def check(given: Wrapped) -> sdk.CheckResponse:
    return asyncio.run(provider().check(sdk.CheckRequest(URN, {}, given, b"")))


def checked(given: Wrapped) -> Wrapped:
    answer = check(given)
    assert not answer.failures, answer.failures[0].reason
    return answer.inputs or {}


def create(daemon: FakeDaemon, given: Wrapped, *, preview: bool = False) -> sdk.CreateResponse:
    return asyncio.run(provider(daemon).create(sdk.CreateRequest(URN, checked(given), 0, preview)))


def differences(old: Wrapped, new: Wrapped) -> dict[str, str]:
    asked = DiffRequest(URN, NAME, {}, checked(new), [])
    asked.old_inputs = old
    answer = asyncio.run(provider().diff(asked))
    assert not answer.replaces
    return {path: one.kind.name for path, one in answer.detailed_diff.items()}


@pytest.mark.usefixtures("project")
def test_an_image_is_built_pushed_and_known_by_its_first_digest() -> None:
    daemon = FakeDaemon()
    made = create(daemon, inputs(args={"V": "1"}))
    assert made.resource_id == NAME
    assert plain_map(made.properties) == {
        "baseImageName": NAME,
        "context": "img",
        "dockerfile": "Dockerfile",
        "imageName": NAME,
        "platform": host_platform(),
        "registryServer": "localhost:4566",
        "repoDigest": DIGEST,
    }
    build, push = daemon.asked
    assert (build["tag"], build["buildargs"], build["pull"], build["rm"]) == (NAME, {"V": "1"}, False, True)
    assert push["auth_config"] == {"username": "AWS", "password": PASSWORD, "serveraddress": "localhost:4566"}
    assert daemon.closed == 1
    assert daemon.sent == ["Dockerfile", "a"]


@pytest.mark.usefixtures("project")
def test_the_password_is_secret_in_the_inputs_and_absent_from_the_outputs() -> None:
    given = checked(inputs())
    assert given["registry"].contains_secret()
    assert not given["build"].contains_secret()
    assert PASSWORD not in str(create(FakeDaemon(), inputs()).properties)


@pytest.mark.usefixtures("project")
def test_skip_push_means_no_push_and_no_digest() -> None:
    daemon = FakeDaemon()
    made = create(daemon, inputs() | wrap_map({"skipPush": True}))
    assert len(daemon.asked) == 1
    assert "repoDigest" not in made.properties


@pytest.mark.usefixtures("project")
def test_no_digest_after_a_push_is_left_out() -> None:
    assert "repoDigest" not in create(FakeDaemon(digests=[]), inputs()).properties


@pytest.mark.usefixtures("project")
def test_a_preview_asks_the_daemon_nothing() -> None:
    daemon = FakeDaemon()
    made = create(daemon, inputs() | wrap_map({"imageName": UNKNOWN}), preview=True)
    assert not daemon.asked
    assert plain(made.properties["repoDigest"]) is UNKNOWN
    assert plain(made.properties["imageName"]) is UNKNOWN


@pytest.mark.usefixtures("project")
def test_nothing_changed_is_no_difference() -> None:
    assert differences(checked(inputs()), inputs()) == {}


@pytest.mark.usefixtures("project")
def test_new_credentials_are_no_difference() -> None:
    other = inputs()
    other["registry"] = PropertyValue(wrap_map({"server": "localhost:4566", "username": "x", "password": UNKNOWN}))
    assert differences(checked(inputs()), other) == {}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda root: (root / "img" / "a").write_text("2"), "build.contextDigest"),
        (lambda root: (root / "img" / "a").chmod(0o755), "build.contextDigest"),
        (lambda root: (root / "img" / "b").write_text(""), "build.contextDigest"),
        (lambda root: (root / "img" / "a").rename(root / "img" / "c"), "build.contextDigest"),
        (lambda root: (root / "img" / "link").symlink_to("a"), "build.contextDigest"),
        (lambda root: (root / "img" / "Dockerfile").write_text("FROM scratch\n"), "build.contextDigest"),
    ],
    ids=["content", "mode", "new file", "name", "link", "Dockerfile"],
)
def test_the_context_decides(project: Path, change: object, path: str) -> None:
    before = checked(inputs())
    change(project)  # type: ignore[operator]
    assert differences(before, inputs()) == {path: "UPDATE"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (inputs(target="x"), {"build.target": "ADD"}),
        (inputs(platform="linux/s390x"), {"build.platform": "UPDATE"}),
        (inputs() | wrap_map({"imageName": "localhost:4566/dev/app:v2"}), {"imageName": "UPDATE"}),
        (inputs(args={"V": UNKNOWN}), {"build.args": "ADD"}),
    ],
    ids=["target", "platform", "name", "unknown argument"],
)
def test_inputs_decide_too(new: Wrapped, expected: dict[str, str]) -> None:
    assert differences(checked(inputs()), new) == expected


def digest() -> str:
    return resolve({"context": "img"}).digest()


def test_ignored_files_do_not_count_and_are_not_sent(project: Path) -> None:
    (project / "img" / ".dockerignore").write_text("# comment\n*.log\n")
    before = digest()
    (project / "img" / "x.log").write_text("noise")
    assert digest() == before
    (project / "img" / "Dockerfile.dockerignore").write_text("a\n")
    context = resolve({"context": "img"})
    assert context.patterns == ("a",)
    assert "a" not in context.members()
    file, _ = context.archive()
    with file, tarfile.open(fileobj=file) as archive:
        ignore = archive.extractfile(".dockerignore")
        assert ignore
        assert ignore.read() == b"a\n!Dockerfile"


def test_a_dockerfile_outside_the_context_is_sent_and_counts(project: Path) -> None:
    (project / "other.Dockerfile").write_text("FROM scratch\n")
    daemon = FakeDaemon()
    before = checked(inputs(dockerfile="other.Dockerfile"))
    create(daemon, inputs(dockerfile="other.Dockerfile"))
    assert daemon.asked[0]["dockerfile"] in daemon.sent
    (project / "other.Dockerfile").write_text("FROM scratch\nENV A=1\n")
    assert differences(before, inputs(dockerfile="other.Dockerfile")) == {"build.contextDigest": "UPDATE"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (inputs(context="nope"), "build.context nope is not a folder"),
        (inputs(dockerfile="Dockerfile"), "did you mean img/Dockerfile?"),
        (inputs(network="host"), "build.network is not implemented by the stand-in"),
        (inputs(builderVersion="BuilderBuildKit"), "build.builderVersion BuilderBuildKit is not implemented"),
        (inputs() | wrap_map({"buildOnPreview": True}), "buildOnPreview is not implemented"),
        (inputs() | wrap_map({"imageName": "app:v1"}), "names no registry"),
        (inputs() | wrap_map({"shiny": "x"}), "shiny is not implemented"),
    ],
    ids=["context", "dockerfile", "network", "buildkit", "build on preview", "short name", "unknown"],
)
def test_check_refuses_in_one_line(given: Wrapped, words: str) -> None:
    failures = check(given).failures or []
    assert any(words in one.reason for one in failures), [one.reason for one in failures]
    assert all("\n" not in one.reason and not one.property for one in failures)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("daemon", "words"),
    [
        (
            FakeDaemon(build_log=[{"stream": "Step 2/3 : COPY b /b"}, {"error": "no b"}]),
            "Image app: create: build of .*v1 failed at Step 2/3 : COPY b /b: no b",
        ),
        (FakeDaemon(push_log=[{"error": "denied:\n " + PASSWORD}]), r"push of .*v1 failed: denied: \[secret\]$"),
    ],
    ids=["build", "push"],
)
def test_the_daemons_errors_are_one_line_without_secrets(daemon: FakeDaemon, words: str) -> None:
    with pytest.raises(StandInError, match=words) as caught:
        create(daemon, inputs())
    assert "\n" not in str(caught.value)


def raising(**_options: object) -> None:
    raise docker.errors.DockerException("Connection aborted.")


@pytest.mark.usefixtures("project")
def test_a_dead_daemon_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    monkeypatch.setattr(docker, "APIClient", raising)
    given = checked(inputs())
    with pytest.raises(StandInError, match=r"Docker daemon at unix:///no/such.sock cannot be reached"):
        asyncio.run(DockerProvider().create(sdk.CreateRequest(URN, given, 0, preview=False)))


@pytest.mark.usefixtures("project")
def test_read_echoes_and_delete_does_nothing() -> None:
    daemon = FakeDaemon()
    state: Props = {"imageName": NAME, "repoDigest": DIGEST}
    asked = sdk.ReadRequest(URN, NAME, wrap_map(state), inputs())
    seen = asyncio.run(provider(daemon).read(asked))
    assert (seen.resource_id, plain_map(seen.properties)) == (NAME, state)
    assert seen.inputs["registry"].contains_secret()
    asyncio.run(provider(daemon).delete(sdk.DeleteRequest(URN, NAME, {}, 0)))
    assert not daemon.asked
