from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ecr import stack_file, stacks
from ecr.cli import app
from ecr.doctor import checks, examination
from ecr.doctor.checks import Check, Step
from ecr.doctor.examination import Subject
from ecr.errors import ExitCode, RemoteError
from ecr.oci import registries
from ecr.oci.registry import Location, Registry
from ecr.reference import RepositoryUrl
from tests.unit.ecr.cli.running import Shell, fresh

IMAGE = "localhost:5000/dev/yoon-app:v1"
DIGEST = f"sha256:{'a' * 64}"
WELL = [checks.ok(Step.RESOLVE_REGISTRY, "localhost is 127.0.0.1 (private)")]
ILL = [
    *WELL,
    checks.failed(Step.LAYER, "layers come from s3, which does not answer within 10 s", "give it a gateway endpoint"),
]


class Examined:
    """Examinations that were asked for, and what they find."""

    def __init__(self) -> None:
        self.subjects: list[Subject] = []
        self.located: list[Mapping[str, object]] = []
        self.found: list[Check] = WELL

    @property
    def subject(self) -> Subject:
        (subject,) = self.subjects
        return subject


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Examined:
    seen = Examined()

    class Fake:
        def __init__(self, subject: Subject) -> None:
            seen.subjects.append(subject)

        def run(self) -> Iterator[Check]:
            yield from seen.found

    def locate(url: RepositoryUrl, **options: object) -> Location:
        seen.located.append(options)
        return Location(Registry(f"http://{url.host}", url.host), url.name, str(url))

    monkeypatch.setattr(examination, "Examination", Fake)
    monkeypatch.setattr(registries, "locate", locate)
    return seen


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The outputs of a stack called dev."""
    outputs: dict[str, object] = {
        "repository_url": "localhost:5000/dev/yoon-app",
        "image_uri": f"localhost:5000/dev/yoon-app@{DIGEST}",
    }

    def asked(_project: Path, name: str) -> Mapping[str, object]:
        assert name == "dev"
        return outputs

    monkeypatch.setattr(stack_file, "find_project", lambda start: start)
    monkeypatch.setattr(stack_file, "read", lambda _project, _stack: {"aws:profile": "dev-reader"})
    monkeypatch.setattr(stacks, "outputs", asked)
    return outputs


def test_every_step_is_a_line(examined: Examined, shell: Shell) -> None:
    ran = shell("doctor", IMAGE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "ok resolve-registry: localhost is 127.0.0.1 (private)\n"
    subject = examined.subject
    assert (subject.location.name, subject.reference) == ("localhost:5000/dev/yoon-app", "v1")
    assert (subject.expect_private, subject.timeout_s) == (False, 10)


def test_a_step_that_failed_makes_the_answer_no(examined: Examined, shell: Shell) -> None:
    examined.found = ILL
    ran = shell("doctor", IMAGE)
    assert (ran.code, ran.err) == (ExitCode.REFUSED, "")
    assert ran.out.splitlines()[1] == (
        "FAILED layer: layers come from s3, which does not answer within 10 s; give it a gateway endpoint"
    )


def test_the_json_keys_are_a_contract(examined: Examined, shell: Shell) -> None:
    examined.found = ILL
    ran = shell("doctor", IMAGE, "--json")
    assert (ran.code, ran.err) == (ExitCode.REFUSED, "")
    assert ran.json == {
        "checks": [
            {"step": "resolve-registry", "status": "ok", "text": "localhost is 127.0.0.1 (private)", "fix": ""},
            {
                "step": "layer",
                "status": "failed",
                "text": "layers come from s3, which does not answer within 10 s",
                "fix": "give it a gateway endpoint",
            },
        ],
        "expect_private": False,
        "image": IMAGE,
        "ok": False,
        "repository": "localhost:5000/dev/yoon-app",
    }


@pytest.mark.parametrize(
    ("argument", "reference", "image"),
    [
        (f"localhost:5000/dev/yoon-app@{DIGEST}", DIGEST, f"localhost:5000/dev/yoon-app@{DIGEST}"),
        ("localhost:5000/dev/yoon-app", None, None),
    ],
    ids=["digest", "repository"],
)
def test_an_image_or_a_repository_is_named(
    argument: str, reference: str | None, image: str | None, examined: Examined, shell: Shell
) -> None:
    assert shell("doctor", argument, "--json").json["image"] == image
    assert examined.subject.reference == reference


def test_options_reach_the_examination(examined: Examined, shell: Shell) -> None:
    options = ("--timeout", "2.5", "--expect-private", "--profile", "prod", "--plain-http", "registry.internal:5000")
    assert shell("doctor", "registry.internal:5000/a/b:v1", *options).code == 0
    assert (examined.subject.expect_private, examined.subject.timeout_s) == (True, 2.5)
    assert examined.located == [{"profile": "prod", "plain_http": frozenset({"registry.internal:5000"})}]


@pytest.mark.usefixtures("stack")
def test_a_stack_names_its_image(examined: Examined, shell: Shell) -> None:
    assert shell("doctor", "--stack", "dev").code == 0
    assert (examined.subject.reference, examined.subject.expect_private) == (DIGEST, False)


def test_a_stack_without_an_image_names_its_repository(
    examined: Examined, stack: dict[str, object], shell: Shell
) -> None:
    del stack["image_uri"]
    assert shell("doctor", "-s", "dev").code == 0
    assert (examined.subject.location.repository, examined.subject.reference) == ("dev/yoon-app", None)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("options", "profile"), [((), "dev-reader"), (("--profile", "mine"), "mine")])
def test_the_profile_of_the_stack_is_used_unless_another_is_named(
    options: tuple[str, ...], profile: str, examined: Examined, shell: Shell
) -> None:
    assert shell("doctor", "-s", "dev", *options).code == 0
    assert examined.located == [{"profile": profile, "plain_http": frozenset()}]


@pytest.mark.usefixtures("stack")
def test_an_image_goes_before_that_of_the_stack(examined: Examined, shell: Shell) -> None:
    assert shell("doctor", IMAGE, "-s", "dev").code == 0
    assert examined.subject.reference == "v1"


@pytest.mark.parametrize(
    ("options", "expected"), [((), True), (("--no-expect-private",), False), (("--expect-private",), True)]
)
def test_a_stack_with_endpoints_expects_private_addresses_unless_told_otherwise(
    options: tuple[str, ...], stack: dict[str, object], examined: Examined, shell: Shell, *, expected: bool
) -> None:
    stack["vpc_endpoint_ids"] = {"ecr.api": "vpce-1", "ecr.dkr": "vpce-2"}
    assert shell("doctor", "-s", "dev", *options).code == 0
    assert examined.subject.expect_private is expected


def test_a_stack_that_was_never_deployed_has_nothing_to_look_at(stack: dict[str, object], shell: Shell) -> None:
    stack.clear()
    ran = shell("doctor", "-s", "dev")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == "error: --stack dev: the stack has no repository yet; run `pulumi up`, or name an image\n"


def test_a_stack_that_cant_be_asked_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, stack: dict[str, object], shell: Shell
) -> None:
    assert stack

    def asked(_project: Path, _name: str) -> Mapping[str, object]:
        raise RemoteError("the backend is down", service="pulumi", operation="stack output", code="x")

    monkeypatch.setattr(stacks, "outputs", asked)
    ran = shell("doctor", "-s", "dev")
    assert (ran.code, ran.out, ran.err) == (ExitCode.REMOTE, "", "error: the backend is down\n")


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        pytest.param([], "IMAGE: is missing; name an image, or a stack with --stack", id="nothing"),
        pytest.param(["yoon-app"], 'IMAGE: "yoon-app" is neither an image nor a repository', id="no-host"),
        pytest.param(["dev/yoon-app:v1"], 'IMAGE: "dev/yoon-app:v1" is neither an image nor a repository', id="name"),
        pytest.param(["https://localhost/dev/app"], "is neither an image nor a repository", id="scheme"),
        pytest.param(["localhost:5000/Dev/App"], "is neither an image nor a repository", id="capitals"),
        pytest.param(["localhost:5000/dev/app@sha256:12"], "is neither an image nor a repository", id="short-digest"),
        pytest.param(["localhost:5000/dev/app:"], "is neither an image nor a repository", id="empty-tag"),
        pytest.param([""], 'IMAGE: "" is neither an image nor a repository', id="empty"),
        pytest.param([IMAGE, "--timeout", "0"], "Invalid value for '--timeout'", id="no-time"),
        pytest.param([IMAGE, "--timeout", "601"], "Invalid value for '--timeout'", id="too-much-time"),
        pytest.param([IMAGE, "--timeout", "soon"], "Invalid value for '--timeout'", id="no-number"),
        pytest.param([IMAGE, "--timeout", "nan"], "Invalid value for '--timeout'", id="nan"),
        pytest.param([IMAGE, "--plain-http", "other"], '--plain-http: "other" is the host of no image here', id="http"),
        pytest.param([IMAGE, IMAGE], "Got unexpected extra argument(s)", id="two"),
    ],
)
def test_bad_input_is_named(argv: list[str], problem: str, examined: Examined, shell: Shell) -> None:
    ran = shell("doctor", *argv)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert problem in ran.err
    assert not examined.subjects


def test_a_terminal_without_utf_8_gets_escapes(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    examined.found = [checks.failed(Step.MANIFEST, "caf\u00e9 \u2192 nowhere")]
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert app.main(["doctor", IMAGE]) == ExitCode.REFUSED
    assert raw.getvalue().decode("ascii") == "FAILED manifest: caf\\xe9 \\u2192 nowhere\n"


def test_a_narrow_terminal_gets_the_same_lines() -> None:
    ran = fresh("doctor", "localhost:1/dev/yoon-app:v1", "--json", env={"COLUMNS": "40", "PYTHONIOENCODING": "ascii"})
    assert ran.returncode == ExitCode.REFUSED
    steps = {check["step"]: check["status"] for check in json.loads(ran.stdout)["checks"]}
    assert steps["connect-registry"] == "failed"
    lines = fresh("doctor", "localhost:1/dev/yoon-app:v1", env={"COLUMNS": "40"}).stdout.splitlines()
    assert len(lines) == len(steps) == 7
