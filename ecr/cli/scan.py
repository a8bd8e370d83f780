"""`python -m ecr scan`: what ECR's scan found in an image, and whether a gate lets it pass."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ecr import config_reader, gate_config, tables
from ecr import scan as scans
from ecr.cli import arguments, console
from ecr.config_reader import shown
from ecr.errors import ExitCode, InputError, RemoteError
from ecr.reference import EcrHost, ImageReference
from ecr.scan import MAX_WAIT_S, Gate, Judged, Outcome, ScanGate, Verdict
from ecr.severity import THRESHOLDS, Severity

HELP = """Show what ECR's scan found, and whether the image passes.

All platforms of an index are looked at. The gate is that of --stack, with the same verdict as in `pulumi up`; without
--stack it is the default one. Waits for scans that are pending. Exit code 1 when the image does not pass.

\b
Examples:
  python -m ecr scan 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/dev/yoon-app:v1.0.0 --stack staging
  python -m ecr scan 123456789012.dkr.ecr.eu-west-1.amazonaws.com/dev/yoon-app:v1.0.0 --max-severity LOW --sarif
"""

Image = Annotated[
    str,
    typer.Argument(metavar="IMAGE", help="HOST/NAME:TAG or HOST/NAME@sha256:... in ECR", show_default=False),
]
MaxSeverity = Annotated[
    str | None,
    typer.Option(metavar="SEVERITY", help=f"The highest severity that passes: {', '.join(THRESHOLDS)}."),
]
Wait = Annotated[
    int | None,
    typer.Option(min=0, max=MAX_WAIT_S, metavar="SECONDS", help="How long to wait for pending scans."),
]
Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="STACK", help="Apply the gate that Pulumi.STACK.yaml names."),
]
Sarif = Annotated[bool, typer.Option("--sarif", help="Write the findings as SARIF, for code scanning.")]

_HEADER = ("SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN", "PLATFORM", "OUTCOME")
_PROMOTE = "promote"


@dataclass(frozen=True, kw_only=True)
class _Examined:
    """One image, by its digest, with its verdict."""

    image: ImageReference
    gate: Gate
    verdict: Verdict


def run(
    image: Image,
    *,
    max_severity: MaxSeverity = None,
    wait: Wait = None,
    stack: Stack = None,
    as_json: arguments.Json = False,
    as_sarif: Sarif = False,
    profile: arguments.Profile = None,
) -> int:
    """Show what the scan of `image` found."""
    if as_json and as_sarif:
        raise InputError("--sarif", "can't be combined with --json; name one of the two")
    reference = arguments.image("IMAGE", image)
    host = EcrHost.parse(reference.repository.host)
    if host is None:
        problem = f"{shown(reference.repository.host)} is no ECR registry host, and only ECR scans"
        raise InputError("IMAGE", f"{problem}; accepted: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG")
    gate = _overridden(_gate_of(stack), max_severity, wait)

    examined = _examine(reference, host, gate, profile)
    for warning in examined.verdict.warnings:
        console.say(f"warning: {warning}")
    if as_json:
        console.result_json(_as_json(examined))
    elif as_sarif:
        console.result([_as_sarif(examined)])
    else:
        console.result(_lines(examined))
    return ExitCode.DONE if examined.verdict.passed else ExitCode.REFUSED


def _gate_of(stack: str | None) -> Gate:
    """The gate in a stack's file; the default one where no stack is named, or the stack names none.

    Raises:
        InputError: there is no such file, or the stack promotes nothing.
        InputErrors: with a line for each mistake in the gate.
    """
    if stack is None:
        return ScanGate()
    from ecr import stack_file

    promote = stack_file.read(stack_file.find_project(Path.cwd()), stack).get(f"{stack_file.NAMESPACE}:{_PROMOTE}")
    top = config_reader.open_section(stack_file.NAMESPACE, {_PROMOTE: promote})
    section = top.section(_PROMOTE)
    gate = gate_config.read_gate(section.section("gate")) if section else None
    top.finish()
    if gate is None:
        raise InputError(
            f"--stack {stack}", "the stack promotes nothing and so has no gate; name a stack that promotes"
        )
    return gate


def _overridden(gate: Gate, max_severity: str | None, wait_s: int | None) -> Gate:
    """The gate with what the arguments say instead. A level switches on a gate that is off."""
    if max_severity is not None:
        level = max_severity.upper()
        if level not in THRESHOLDS:
            rule = f"one of {', '.join(THRESHOLDS)}"
            raise InputError("--max-severity", f"{shown(max_severity)} is not accepted; accepted: {rule}")
        on = gate if isinstance(gate, ScanGate) else ScanGate()
        gate = dataclasses.replace(on, max_severity=Severity(level))
    if wait_s is not None and isinstance(gate, ScanGate):
        gate = dataclasses.replace(gate, wait_s=wait_s)
    return gate


def _examine(reference: ImageReference, host: EcrHost, gate: Gate, profile: str | None) -> _Examined:
    from ecr import gate as gates
    from ecr.aws import EcrRepository
    from ecr.aws.findings import EcrScans

    name = reference.repository.name
    repository = EcrRepository(name, region=host.region, account=host.account, profile=profile)
    digest = reference.digest or repository.find_digest(reference.reference)
    if digest is None:
        raise RemoteError(
            f"{reference}: there is no such image; check the name and the tag",
            service="ecr",
            operation="BatchGetImage",
            code="ImageNotFound",
        )
    verdict = gates.examine(EcrScans(repository), digest, gate, clock=gates.SystemClock(), say=console.say)
    return _Examined(image=ImageReference(reference.repository, digest=digest), gate=gate, verdict=verdict)


def _lines(examined: _Examined) -> list[str]:
    verdict = examined.verdict
    table = tables.aligned(_HEADER, [_cells(judged) for judged in verdict.findings]) if verdict.findings else []
    if not verdict.passed:
        return [*table, str(scans.refusal(str(examined.image), verdict))]
    counts = ", ".join(f"{number} {severity}" for severity, number in verdict.counts.items())
    found = f" with {counts}" if counts else ""
    return [*table, f"{examined.image} passes the gate{found}: {verdict.rule}"]


def _cells(judged: Judged) -> Sequence[str]:
    found = judged.finding
    outcome = judged.outcome.value
    if judged.outcome is Outcome.IGNORED and judged.ignore is not None:
        outcome = f"{outcome} until {judged.ignore.until}: {judged.ignore.reason}"
    return (found.severity, found.id, found.package, found.version, found.fixed_in, judged.platform, outcome)


def _as_json(examined: _Examined) -> dict[str, object]:
    """The record that a promotion keeps, and the findings themselves."""
    from ecr.gate import SystemClock

    record = scans.record(examined.verdict, examined.gate, image=str(examined.image), at=SystemClock().now())
    findings = [
        {
            **dataclasses.asdict(judged.finding),
            "platform": judged.platform,
            "outcome": judged.outcome.value,
            "ignored_because": judged.ignore.reason if judged.ignore else None,
        }
        for judged in examined.verdict.findings
    ]
    return {**record, "digest": examined.image.digest, "findings": findings}


def _as_sarif(examined: _Examined) -> str:
    from ecr import sarif

    return json.dumps(sarif.document(examined.verdict, image=examined.image), indent=2, sort_keys=True)
