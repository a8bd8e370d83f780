from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ecr import aws
from ecr.errors import ExitCode, RemoteError
from ecr.oci import copying, registries
from ecr.oci.copying import CopyResult, Progress
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Session
from ecr.reference import RepositoryUrl
from ecr.repository import Mutability, TagMutability
from tests.unit.ecr.cli.running import Shell

DIGEST = "sha256:" + "a" * 64
SRC, DST = "localhost:5000/dev/yoon-app:v1.0.0", "localhost:5000/staging/yoon-app:v1.0.0"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DONE = CopyResult(
    digest=DIGEST, bytes_moved=12_345_678, blobs_mounted=2, blobs_skipped=3, blobs_copied=1,
    manifests_copied=1, referrers=0, seconds=0.8333,
)  # fmt: skip


@dataclass
class Copier:
    """Stands in for the copy itself, and records what was asked of it."""

    located: list[tuple[str, str | None, frozenset[str]]] = field(default_factory=list)
    copied: list[tuple[str, str, str, str]] = field(default_factory=list)
    mutability: TagMutability | None = None

    def locate(
        self, url: RepositoryUrl, *, profile: str | None = None, plain_http: frozenset[str] = frozenset()
    ) -> Location:
        self.located.append((str(url), profile, plain_http))
        return Location(Registry(f"http://{url.host}", url.host), url.name, str(url))

    def copy(
        self, source: Location, reference: str, target: Location, tag: str, *,
        session: Session, mutability: TagMutability | None, progress: Progress,
    ) -> CopyResult:  # fmt: skip
        assert session.limits.attempts
        progress.blob(DIGEST, 12_345_678, "copied")
        self.copied.append((source.name, reference, target.name, tag))
        self.mutability = mutability
        return DONE


@pytest.fixture
def copier(monkeypatch: pytest.MonkeyPatch) -> Copier:
    found = Copier()
    monkeypatch.setattr(registries, "locate", found.locate)
    monkeypatch.setattr(copying, "copy", found.copy)
    return found


def test_the_result_is_one_line_on_stdout_and_progress_goes_to_stderr(shell: Shell, copier: Copier) -> None:
    ran = shell("copy", SRC, DST)
    assert (ran.code, ran.out, ran.err) == (
        ExitCode.DONE,
        f"{DST} is {DIGEST} (12.3 MB moved, 2 blobs mounted, 3 already there, 1 copied, 0.8 s)\n",
        "copied sha256:aaaaaaaaaaaa (12.3 MB)\n",
    )
    assert copier.copied == [("localhost:5000/dev/yoon-app", "v1.0.0", "localhost:5000/staging/yoon-app", "v1.0.0")]


@pytest.mark.usefixtures("copier")
def test_the_json_keys_are_a_contract(shell: Shell) -> None:
    assert shell("copy", SRC, DST, "--json", "--quiet").json == {
        "digest": DIGEST,
        "bytes_moved": 12_345_678,
        "blobs_mounted": 2,
        "blobs_skipped": 3,
        "blobs_copied": 1,
        "manifests_copied": 1,
        "referrers": 0,
        "seconds": 0.833,
        "source": SRC,
        "target": DST,
    }


@pytest.mark.usefixtures("copier")
def test_quiet_leaves_the_result_alone(shell: Shell) -> None:
    assert shell("copy", "-q", SRC, DST).err == ""


def test_a_source_may_be_a_digest_and_another_tag_in_the_same_repository_a_target(shell: Shell, copier: Copier) -> None:
    source = f"localhost:5000/dev/yoon-app@{DIGEST}"
    assert shell("copy", source, "localhost:5000/dev/yoon-app:latest").code == ExitCode.DONE
    assert copier.copied == [("localhost:5000/dev/yoon-app", DIGEST, "localhost:5000/dev/yoon-app", "latest")]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        pytest.param("yoon-app", DST, "SRC: 'yoon-app' is not an image; accepted: ", id="src"),
        pytest.param(SRC + "@" + DIGEST, DST, "SRC: ", id="tag-and-digest"),
        pytest.param("localhost:5000/a/b@sha256:abc", DST, "SRC: ", id="malformed-digest"),
        pytest.param("https://localhost:5000/a/b:c", DST, "SRC: ", id="address"),
        pytest.param(
            SRC, "localhost:5000/a/b",
            "DST: 'localhost:5000/a/b' is not a place for an image; accepted: HOST/NAME:TAG", id="no-tag",
        ),
        pytest.param(
            SRC, f"localhost:5000/a/b@{DIGEST}",
            f"DST: 'localhost:5000/a/b@{DIGEST}' names a digest, which", id="digest",
        ),
        pytest.param(SRC, SRC, f"DST: '{SRC}' is the source itself; accepted: ", id="same"),
    ],
)  # fmt: skip
def test_wrong_images_are_refused_before_anything_is_asked(
    source: str, target: str, message: str, shell: Shell, copier: Copier
) -> None:
    ran = shell("copy", source, target)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"error: {message}")
    assert copier.located == []


def test_profile_and_plain_http_reach_both_registries(shell: Shell, copier: Copier) -> None:
    source = "registry.internal:5000/dev/yoon-app:v1"
    ran = shell("copy", source, DST, "--profile", "ops", "--plain-http", "registry.internal:5000")
    assert ran.code == ExitCode.DONE
    hosts = frozenset({"registry.internal:5000"})
    assert copier.located == [
        ("localhost:5000/staging/yoon-app", "ops", hosts),
        ("registry.internal:5000/dev/yoon-app", "ops", hosts),
    ]


def test_plain_http_for_another_host_is_a_slip(shell: Shell, copier: Copier) -> None:
    ran = shell("copy", SRC, DST, "--plain-http", "localhost:50000")
    assert (ran.code, copier.located) == (ExitCode.BAD_INPUT, [])
    assert ran.err == 'error: --plain-http: "localhost:50000" is the host of no image here; hosts: localhost:5000\n'


# ---------------------------------------------------------------------------------------------------------------------
# An ECR target is asked which of its tags can be moved
# ---------------------------------------------------------------------------------------------------------------------


def answering(answer: TagMutability | RemoteError | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def tag_mutability(_self: aws.EcrRepository) -> TagMutability | None:
        if isinstance(answer, RemoteError):
            raise answer
        return answer

    monkeypatch.setattr(aws.EcrRepository, "tag_mutability", tag_mutability)


def refused(code: str) -> RemoteError:
    return RemoteError(f"failed with {code}", service="ecr", operation="DescribeRepositories", code=code)


def test_the_mutability_of_an_ecr_target_is_known_to_the_copy(
    shell: Shell, copier: Copier, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(TagMutability(Mutability.IMMUTABLE), monkeypatch)
    assert shell("copy", SRC, f"{ECR}/prod/yoon-app:v1.0.0").code == ExitCode.DONE
    assert copier.mutability == TagMutability(Mutability.IMMUTABLE)


def test_who_may_not_describe_the_repository_may_still_push(
    shell: Shell, copier: Copier, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(refused("AccessDeniedException"), monkeypatch)
    ran = shell("copy", SRC, f"{ECR}/prod/yoon-app:v1.0.0")
    assert (ran.code, copier.mutability) == (ExitCode.DONE, None)
    assert ran.err.startswith("warning: can't tell in advance whether the tag may be moved: ")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        pytest.param(None, f"error: {ECR}/prod/yoon-app: there is no such repository; create it first", id="absent"),
        pytest.param(refused("ExpiredToken"), "error: failed with ExpiredToken", id="failed"),
    ],
)
def test_nothing_is_copied_to_a_repository_that_is_not_there(
    answer: RemoteError | None, line: str, shell: Shell, copier: Copier, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(answer, monkeypatch)
    ran = shell("copy", SRC, f"{ECR}/prod/yoon-app:v1.0.0")
    assert (ran.code, copier.copied) == (ExitCode.REMOTE, [])
    assert ran.err.startswith(line)
