"""Every command that asks AWS, in surroundings that don't let it: one line each, and the right exit code.

The commands are those that there are: one that is in no table here fails a test.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha1
from http.client import BAD_REQUEST
from pathlib import Path

import botocore.credentials
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from moto import mock_aws

from ecr.aws import repository
from ecr.errors import ExitCode
from tests.unit.ecr.cli.amazon import HOST, REGION, sign_in
from tests.unit.ecr.cli.commands import EXAMPLE, Name, commands
from tests.unit.ecr.cli.projects import Deploy, outputs, project
from tests.unit.ecr.cli.running import ROOT, Ran, Shell

IMAGE, NAMED = f"{HOST}/dev/yoon-app:v1.0.0", ("--repository", "dev/yoon-app")

# How each command is asked something that AWS has to answer.
ASKING: dict[Name, tuple[str, ...]] = {
    ("copy",): (IMAGE, f"{HOST}/staging/yoon-app:v1.0.0"),
    ("verify",): (IMAGE,),
    ("scan",): (IMAGE, "--wait", "0"),
    ("status",): (),
    ("drift",): (),
    ("images",): (),
    ("cost",): (),
    ("clean",): ("--untagged",),
    ("report",): ("--output", "report.html"),
    ("doctor",): (IMAGE, "--timeout", "1"),
    ("manifest",): ("dev", "--check"),
    ("lifecycle", "simulate"): NAMED,
    ("lifecycle", "explain"): ("v1.0.0", *NAMED),
    ("lifecycle", "forecast"): NAMED,
    ("lifecycle", "compare"): NAMED,
}
# These take the steps of a pull, and tell of each.
STEP_BY_STEP = {("doctor",), ("manifest",)}
# This makes a page of what it has, and names all that lacks.
ALL_THAT_FAILED = {("report",)}
# These ask nobody.
ALONE: dict[Name, tuple[str, ...]] = {
    ("lifecycle", "validate"): ("--policy", "policy.json"),
    ("completion",): ("bash",),
}


Arrange = Callable[[pytest.MonkeyPatch, Path], None]


def test_every_command_has_its_place_here() -> None:
    assert {*ASKING, *ALONE} == set(commands())


real_getaddrinfo = socket.getaddrinfo


def loopback_only(host: str, *arguments: object, **options: object) -> object:
    """No other host is there, and none is asked."""
    if host not in ("127.0.0.1", "localhost"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return real_getaddrinfo(host, *arguments, **options)  # type: ignore[arg-type]  # as they came


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, deploy: Deploy) -> None:
    """A project of one stack, made-up credentials, and no patience."""
    sign_in(monkeypatch)
    deploy({"dev": outputs("dev", f"sha256:{'a' * 64}")})
    monkeypatch.setattr(socket, "getaddrinfo", loopback_only)
    monkeypatch.setattr(
        repository, "_CONFIG", Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    )


def nobody_signed_in(monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


def expired_session(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    nobody_signed_in(monkeypatch, folder)
    url = "https://example.awsapps.com/start"
    (folder / "config").write_text(
        f"[profile dev]\nregion = {REGION}\nsso_start_url = {url}\nsso_region = {REGION}\n"
        "sso_account_id = 123456789012\nsso_role_name = dev\n"
    )
    token = {"accessToken": "made-up", "expiresAt": "2020-01-01T00:00:00Z", "startUrl": url, "region": REGION}
    (folder / f"{sha1(url.encode()).hexdigest()}.json").write_text(json.dumps(token))  # noqa: S324 - its name
    monkeypatch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(folder))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_PROFILE", "dev")


def unreachable(monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


def refused(monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    """A role that may do nothing, in AWS's words."""

    def send(_session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        operation = str(request.headers.get("X-Amz-Target")).strip("'").rpartition(".")[2]
        problem = f"User: arn:aws:sts::123456789012:assumed-role/dev/me is not authorized to perform: ecr:{operation}"
        body = json.dumps({"__type": "AccessDeniedException", "message": problem})
        return AWSResponse(request.url, BAD_REQUEST, HTTPHeaders(), _Raw(body.encode()))

    monkeypatch.setattr(URLLib3Session, "send", send)


class _Raw:
    """As much of urllib3's response as botocore asks for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def no_such_host(_monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    """As everywhere here: a Region that there is not, or no network."""


NETWORK = "check the network, the Region and AWS_ENDPOINT_URL"
SURROUNDINGS: dict[str, tuple[Arrange, str]] = {
    "nobody-signed-in": (nobody_signed_in, "`aws sso login`"),
    "expired-session": (expired_session, "`aws sso login`"),
    "unreachable": (unreachable, NETWORK),
    "no-such-host": (no_such_host, NETWORK),
    "refused": (refused, r"lack this permission[^\n]*\b(ecr|inspector2|sts):\w+"),
}


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_where_aws_can_not_be_asked_there_is_one_line_with_what_to_do(
    surroundings: str, command: Name, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange, advice = SURROUNDINGS[surroundings]
    arrange(monkeypatch, tmp_path)
    ran = shell(*command, *ASKING[command])
    assert "Traceback" not in ran.err
    if command in STEP_BY_STEP:
        assert (ran.code, "FAILED " in ran.out + ran.err) == (ExitCode.REFUSED, True)
        return
    assert (ran.code, bool(re.search(advice, ran.err))) == (ExitCode.REMOTE, True), ran.err
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 or command in ALL_THAT_FAILED
    assert len(set(errors)) == len(errors)


@pytest.mark.parametrize("command", [name for name, argv in ASKING.items() if argv[-2:] == NAMED], ids=" ".join)
def test_without_a_region_there_is_one_line_with_what_to_do(
    command: Name, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    ran = shell(*command, *ASKING[command])
    assert ran.code == ExitCode.REMOTE
    (line,) = ran.err.splitlines()
    assert "set AWS_REGION or give --region" in line


NO_REPOSITORY = "repository dev/yoon-app: there is no such repository"
# What each command says of a repository that somebody has deleted since the stack was deployed.
GONE: dict[Name, tuple[ExitCode, str]] = {
    ("copy",): (ExitCode.REMOTE, "staging/yoon-app: there is no such repository"),
    ("verify",): (ExitCode.REMOTE, "can't be reached"),  # nobody plays the registry here: see tests/registries
    ("scan",): (ExitCode.REMOTE, "dev/yoon-app:v1.0.0: there is no such image"),
    ("status",): (ExitCode.REFUSED, "repository gone"),
    ("drift",): (ExitCode.REFUSED, "repository dev/yoon-app: the state says that it exists, ECR has none"),
    ("doctor",): (ExitCode.REFUSED, "FAILED "),
    ("manifest",): (ExitCode.REFUSED, "can't be pulled from here"),
}


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_a_repository_that_was_deleted_meanwhile_is_named(command: Name, shell: Shell) -> None:
    code, message = GONE.get(command, (ExitCode.REMOTE, NO_REPOSITORY))
    with mock_aws():
        ran = shell(*command, *ASKING[command])
    assert (ran.code, message in ran.out + ran.err) == (code, True), ran
    assert len([line for line in ran.err.splitlines() if line.startswith("error: ")]) <= 1


# ---------------------------------------------------------------------------------------------------------------------
# Terminals and pipes
# ---------------------------------------------------------------------------------------------------------------------

WAYS = ("as-usual", "narrow", "stdout-closed", "nobody-reads")
ALL = ASKING | ALONE
# With what is not ASCII in every file that a command reads.
STACK_FILE = """config:
  # 이미지 보관 규칙
  container-registry:repository: dev/yoon-app
  container-registry:tags: {팀: 플랫폼}
"""
POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "최신 열 개를 보관",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
                "action": {"type": "expire"},
            }
        ]
    },
    ensure_ascii=False,
)
Results = dict[str, dict[str, Ran]]


def run_all(folder: Path, monkeypatch: pytest.MonkeyPatch, ways: Sequence[str], **environment: str) -> Results:
    """Run all commands in a process of their own, in each way; way -> command -> what came out."""
    project(folder, monkeypatch)({"dev": outputs("dev", f"sha256:{'a' * 64}")})
    (folder / "Pulumi.dev.yaml").write_text(STACK_FILE, encoding="utf-8")
    (folder / "policy.json").write_text(POLICY, encoding="utf-8")
    asked = {"commands": {" ".join(name): [*name, *argv] for name, argv in ALL.items()}, "ways": ways}
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "unit" / "ecr" / "cli" / "ways_to_run.py")],
        input=json.dumps(asked), cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return {way: {name: Ran(*ran) for name, ran in results.items()} for way, results in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    with pytest.MonkeyPatch.context() as patch:
        sign_in(patch)
        return run_all(tmp_path_factory.mktemp("utf-8"), patch, WAYS, PYTHONUTF8="1")


@pytest.fixture(scope="module")
def ascii_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    with pytest.MonkeyPatch.context() as patch:
        sign_in(patch)
        return run_all(
            tmp_path_factory.mktemp("ascii"), patch, WAYS[:1],
            PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii", LC_ALL="C",
        )  # fmt: skip


NAMES = [" ".join(name) for name in ALL]


@pytest.mark.parametrize("command", NAMES)
def test_a_terminal_of_40_columns_gets_the_full_result(command: str, results: Results) -> None:
    assert results["narrow"][command] == results["as-usual"][command]


@pytest.mark.parametrize("command", NAMES)
@pytest.mark.parametrize("way", ["stdout-closed", "nobody-reads"])
def test_where_nobody_reads_the_result_all_else_is_as_usual(way: str, command: str, results: Results) -> None:
    usual, ran = results["as-usual"][command], results[way][command]
    assert (ran.code, ran.out, ran.err) == (usual.code, "", usual.err)


@pytest.mark.parametrize("command", NAMES)
def test_without_utf_8_the_rest_is_written_as_escapes(command: str, results: Results, ascii_results: Results) -> None:
    usual, ran = results["as-usual"][command], ascii_results["as-usual"][command]
    assert ran.code == usual.code, ran.err
    assert (ran.out + ran.err).isascii()
    assert "Traceback" not in usual.err + ran.err
    assert bool(ran.out) == bool(usual.out)


def test_an_escape_stands_for_what_the_encoding_lacks(results: Results, ascii_results: Results) -> None:
    assert "최신 열 개" in results["as-usual"]["lifecycle explain"].out
    assert r"\ucd5c\uc2e0" in ascii_results["as-usual"]["lifecycle explain"].out


@pytest.mark.parametrize("redirect", [">&-", "| head -c0", ">&- 2>&-"])
@pytest.mark.parametrize("command", ALONE, ids=" ".join)
def test_a_real_shell_sees_the_same(redirect: str, command: Name, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(POLICY, encoding="utf-8")
    line = f"{shlex.quote(sys.executable)} -m ecr {shlex.join([*command, *ALONE[command]])} {redirect}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_help_in_40_columns_keeps_its_examples_whole(
    command: Name, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    ran = shell(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert set(EXAMPLE.findall(commands()[command])) <= set(EXAMPLE.findall(ran.out))
