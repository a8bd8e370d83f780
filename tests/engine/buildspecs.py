"""Runs a buildspec's commands as CodeBuild does: phase by phase, in one shell, with the variables of a build.

AWS CodeBuild user guide, "Build specification reference for CodeBuild", "Environment variables in build environments"
and "Build phase transitions": a command that fails skips the rest of its phase but for `finally`; a phase that fails
ends the build, except that `post_build` runs after `build` unless `on-failure` says ABORT; variables of the action win
over those of the project, and these over the buildspec's.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
KNOWN = {"version", "env", "phases"}
KNOWN_ENV = {"shell", "variables", "exported-variables"}
KNOWN_PHASE = {"on-failure", "runtime-versions", "commands", "finally"}
TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of a build."""

    name: str
    commands: tuple[str, ...]
    at_last: tuple[str, ...]
    aborts: bool
    runtimes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Buildspec:
    """What a build does; whatever the runner does not know of is refused, so that nothing is passed over."""

    interpreter: str
    variables: Mapping[str, str]
    exported: tuple[str, ...]
    phases: tuple[Phase, ...]

    @staticmethod
    def read(path: Path) -> Buildspec:
        content = yaml.safe_load(path.read_text())
        assert content.keys() <= KNOWN
        assert content["version"] == 0.2
        env = content.get("env", {})
        assert env.keys() <= KNOWN_ENV
        assert content["phases"].keys() <= set(PHASES)
        assert all(phase.keys() <= KNOWN_PHASE for phase in content["phases"].values())
        return Buildspec(
            interpreter=env.get("shell", "sh"),
            variables={key: str(value) for key, value in env.get("variables", {}).items()},
            exported=tuple(env.get("exported-variables", ())),
            phases=tuple(
                Phase(
                    name=name,
                    commands=tuple(content["phases"][name]["commands"]),
                    at_last=tuple(content["phases"][name].get("finally", ())),
                    aborts=content["phases"][name].get("on-failure", "CONTINUE" if name == "build" else "ABORT")
                    == "ABORT",
                    runtimes={
                        key: str(value) for key, value in content["phases"][name].get("runtime-versions", {}).items()
                    },
                )
                for name in PHASES
                if name in content["phases"]
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Built:
    """How a build ended: each phase that ran and whether it succeeded, what was printed, what it exports."""

    phases: Mapping[str, bool]
    output: str
    exported: Mapping[str, str]

    @property
    def succeeded(self) -> bool:
        return all(self.phases.values())


def run(
    spec: Buildspec,
    checkout: Path,
    scratch: Path,
    environment: Mapping[str, str],
    *,
    project: Mapping[str, str],
    action: Mapping[str, str],
) -> Built:
    """One build.

    Args:
        spec: what it does.
        checkout: the source, which the artifact was unpacked to.
        scratch: a folder for the runner's own files.
        environment: of the build's image.
        project: the variables of the project.
        action: those that the pipeline's action gives it.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    script, told, exported = (scratch / name for name in ("build.sh", "phases", "exported"))
    told.write_text("")
    exported.write_bytes(b"")
    script.write_text("\n".join(_lines(spec, told, exported)))
    done = subprocess.run(
        [spec.interpreter, str(script)],
        cwd=checkout,
        env={
            **environment,
            "CODEBUILD_SRC_DIR": str(checkout),
            "CODEBUILD_BUILD_ID": "shop:1a2b",
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            **spec.variables,
            **project,
            **action,
        },
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
    )
    phases = dict(line.split("=") for line in told.read_text().splitlines())
    found = dict(os.fsdecode(one).split("=", 1) for one in exported.read_bytes().split(b"\0") if one)
    return Built(phases={name: code == "0" for name, code in phases.items()}, output=done.stdout, exported=found)


def _lines(spec: Buildspec, told: Path, exported: Path) -> Iterator[str]:
    """The whole build as one script: version 0.2 runs all commands in one shell, so that what one exports stays."""
    yield "build=0"
    for phase in spec.phases:
        after_build = phase.name == "post_build"
        yield f"if [ $build = 0 ]{' || [ $build = continue ]' if after_build else ''}; then"
        yield "phase=0"
        for command in phase.commands:
            yield f"if [ $phase = 0 ]; then eval {shlex.quote(command)} || phase=$?; fi"
        for command in phase.at_last:
            yield f"eval {shlex.quote(command)} || phase=$?"
        yield f"echo {phase.name}=$phase >>{shlex.quote(str(told))}"
        goes_on = "continue" if phase.name == "build" and not phase.aborts else "failed"
        yield f"if [ $phase != 0 ]; then build={goes_on}; export CODEBUILD_BUILD_SUCCEEDING=0; fi"
        yield "fi"
    for name in spec.exported:
        yield f"printf '%s=%s\\0' {name} \"${{{name}-}}\" >>{shlex.quote(str(exported))}"
