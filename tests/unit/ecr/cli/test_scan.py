from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto import mock_aws

from ecr.aws import findings
from ecr.errors import ExitCode
from ecr.scan import Finding, Scan
from ecr.severity import Severity
from tests.unit.ecr.cli.amazon import HOST, push, sign_in
from tests.unit.ecr.cli.running import Shell

IMAGE = f"{HOST}/dev/yoon-app:v1.0.0"
FOUND = (
    Finding(id="CVE-2026-2", severity=Severity.LOW, package="zlib", version="1.2", title="[prod-*] low"),
    Finding(id="CVE-2026-1", severity=Severity.HIGH, package="openssl", version="3.0.1", fixed_in="3.0.2"),
)
REFUSAL = (
    "does not pass the gate: 1 finding above MEDIUM: CVE-2026-1 HIGH openssl 3.0.1 (fixed in 3.0.2); fix it and build "
    "again, raise maxSeverity, or ignore a finding with a reason and an end date"
)


class Scans:
    """Stands in for ECR's scans."""

    def __init__(self) -> None:
        self.status = "COMPLETE"
        self.findings: tuple[Finding, ...] = FOUND

    def platforms(self, digest: str) -> tuple[tuple[str, str], ...]:
        return ((digest, "linux/amd64"),)

    def scan(self, digest: str) -> Scan:
        return Scan(
            image_digest=digest,
            status=self.status,
            findings=self.findings,
            completed_at=datetime(2026, 11, 22, tzinfo=UTC),
        )


@pytest.fixture(autouse=True)
def scans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scans]:
    sign_in(monkeypatch)
    found = Scans()
    monkeypatch.setattr(findings, "EcrScans", lambda _repository: found)
    with mock_aws():
        yield found


@pytest.fixture
def digest() -> str:
    return push("dev/yoon-app", "v1.0.0")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: container-registry\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stack_file(project: Path, gate: str) -> None:
    lines = f"config:\n  container-registry:promote:\n    from: dev\n{gate}"
    (project / "Pulumi.staging.yaml").write_text(lines)


IGNORE = """\
    gate:
      wait: 0
      ignore:
        - {id: CVE-2026-1, reason: not reachable, until: "2999-12-31"}
        - {id: CVE-2026-9, reason: gone, until: 2020-01-31}
"""


def test_findings_are_a_table_and_the_verdict_is_the_last_line(digest: str, shell: Shell) -> None:
    ran = shell("scan", IMAGE)
    assert (ran.code, ran.err) == (ExitCode.REFUSED, "")
    assert ran.out.splitlines() == [
        "SEVERITY  ID          PACKAGE  INSTALLED  FIXED IN  PLATFORM     OUTCOME",
        "HIGH      CVE-2026-1  openssl  3.0.1      3.0.2     linux/amd64  refused",
        "LOW       CVE-2026-2  zlib     1.2        -         linux/amd64  passed",
        f"{HOST}/dev/yoon-app@{digest} {REFUSAL}",
    ]


def test_an_image_that_passes_ends_with_exit_code_0(digest: str, shell: Shell) -> None:
    ran = shell("scan", f"{HOST}/dev/yoon-app@{digest}", "--max-severity", "high")
    assert ran.code == ExitCode.DONE
    assert ran.out.splitlines()[-1] == (
        f"{HOST}/dev/yoon-app@{digest} passes the gate with 1 HIGH, 1 LOW: findings up to HIGH pass"
    )


def test_without_findings_there_is_no_table(digest: str, scans: Scans, shell: Shell) -> None:
    scans.findings = ()
    assert shell("scan", IMAGE).out == f"{HOST}/dev/yoon-app@{digest} passes the gate: findings up to MEDIUM pass\n"


@pytest.mark.usefixtures("digest")
def test_the_gate_of_a_stack_decides_with_its_ignores_and_warnings(project: Path, shell: Shell) -> None:
    stack_file(project, IGNORE)
    ran = shell("scan", IMAGE, "--stack", "staging")
    assert ran.code == ExitCode.DONE
    assert "  ignored until 2999-12-31: not reachable\n" in ran.out
    assert ran.err == "warning: ignore of CVE-2026-9 expired on 2020-01-31; extend its date, or take it out\n"


@pytest.mark.parametrize(
    ("gate", "arguments", "code"),
    [
        pytest.param("", [], 1, id="no-gate-is-the-default-one"),
        pytest.param("    gate: {maxSeverity: HIGH}\n", [], 0, id="level"),
        pytest.param("    gate: {maxSeverity: HIGH}\n", ["--max-severity", "MEDIUM"], 1, id="level-overridden"),
        pytest.param('    gate: {off: "no scanner"}\n', [], 0, id="off"),
        pytest.param('    gate: {off: "no scanner"}\n', ["--wait", "1"], 0, id="off-and-nothing-to-wait-for"),
        pytest.param('    gate: {off: "no scanner"}\n', ["--max-severity", "LOW"], 1, id="off-and-switched-on"),
    ],
)
@pytest.mark.usefixtures("digest")
def test_arguments_go_before_the_gate_of_the_stack(
    gate: str, arguments: list[str], code: int, project: Path, shell: Shell
) -> None:
    stack_file(project, gate)
    assert shell("scan", IMAGE, "--stack", "staging", *arguments).code == code


@pytest.mark.usefixtures("digest")
def test_wait_is_how_long_pending_scans_are_waited_for(scans: Scans, shell: Shell) -> None:
    scans.status = "IN_PROGRESS"
    ran = shell("scan", IMAGE, "--wait", "0")
    assert ran.code == ExitCode.REFUSED
    assert "has not ended in time" in ran.out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "Pulumi.staging.yaml: there is no such file in ", id="no-file"),
        pytest.param("config: {}", "--stack staging: the stack promotes nothing and so has no gate", id="no-promote"),
        pytest.param(
            "config: {container-registry:promote: yes}", 'container-registry:promote: "yes" is not', id="type"
        ),
        pytest.param(
            "config: {container-registry:promote: {from: dev, gate: {maxSeverity: SOME}}}",
            'container-registry:promote.gate.maxSeverity: "SOME" is not accepted',
            id="level",
        ),
        pytest.param(
            "config: {container-registry:promote: {from: dev, gate: {sevurity: LOW}}}",
            "container-registry:promote.gate.sevurity: is not a known key",
            id="unknown-key",
        ),
    ],
)
def test_a_stack_without_a_readable_gate_is_one_line(
    content: str | None, problem: str, project: Path, shell: Shell
) -> None:
    if content is not None:
        (project / "Pulumi.staging.yaml").write_text(content)
    ran = shell("scan", IMAGE, "--stack", "staging")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"error: {problem}")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(
            ["docker.io/library/nginx:1"], 'IMAGE: "docker.io" is no ECR registry host, and only ECR scans', id="host"
        ),
        pytest.param([f"{HOST}/dev/yoon-app"], f"IMAGE: '{HOST}/dev/yoon-app' is not an image", id="no-tag"),
        pytest.param(
            [IMAGE, "--max-severity", "some"], '--max-severity: "some" is not accepted; accepted: one of', id="level"
        ),
        pytest.param(
            [IMAGE, "--max-severity", "UNDEFINED"], '--max-severity: "UNDEFINED" is not accepted', id="no-level"
        ),
        pytest.param([IMAGE, "--json", "--sarif"], "--sarif: can't be combined with --json", id="both"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(arguments: list[str], problem: str, shell: Shell) -> None:
    ran = shell("scan", *arguments)
    assert ran.code == ExitCode.BAD_INPUT
    if "--json" not in arguments:
        assert ran.err.startswith(f"error: {problem}")
    else:
        assert problem in ran.out


@pytest.mark.usefixtures("digest")
@pytest.mark.parametrize("image", [f"{HOST}/dev/yoon-app:v2", f"{HOST}/dev/nothing:v1.0.0"])
def test_an_image_that_is_not_there_is_a_remote_error(image: str, shell: Shell) -> None:
    ran = shell("scan", image)
    assert (ran.code, ran.err) == (
        ExitCode.REMOTE,
        f"error: {image}: there is no such image; check the name and the tag\n",
    )


def test_the_json_is_the_record_of_the_gate_and_the_findings(digest: str, shell: Shell) -> None:
    ran = shell("scan", IMAGE, "--json")
    assert ran.code == ExitCode.REFUSED
    document = ran.json
    assert set(document) == {
        "image", "digest", "at", "passed", "rule", "max_severity", "off", "reasons", "warnings", "counts", "ignored",
        "scans", "findings",
    }  # fmt: skip
    assert (document["image"], document["passed"]) == (f"{HOST}/dev/yoon-app@{digest}", False)
    assert isinstance(document["findings"], list)
    assert document["findings"][0] == {
        "id": "CVE-2026-1", "severity": "HIGH", "package": "openssl", "version": "3.0.1", "fixed_in": "3.0.2",
        "title": "", "url": "", "image_digest": "", "platform": "linux/amd64", "outcome": "refused",
        "ignored_because": None,
    }  # fmt: skip


@pytest.mark.usefixtures("digest")
def test_sarif_has_a_result_for_each_finding_and_the_same_exit_code(shell: Shell) -> None:
    ran = shell("scan", IMAGE, "--sarif")
    assert ran.code == ExitCode.REFUSED
    document = ran.json
    assert document["version"] == "2.1.0"
    assert ran.out.count('"ruleId"') == len(FOUND)
