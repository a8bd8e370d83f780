"""Runs the shell steps of a workflow's jobs as a runner of GitHub does: in order, with the job's environment."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

import yaml

from local.cloud import LocalCloud

EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
# What stands in for an action here: the copy of the project, this machine's Python, the local cloud's credentials, and
# files that lie in one folder anyway.
STOOD_IN = {
    "actions/checkout",
    "actions/setup-python",
    "actions/upload-artifact",
    "actions/download-artifact",
    "aws-actions/configure-aws-credentials",
}

Step = TypedDict(
    "Step", {"name": str, "id": str, "uses": str, "run": str, "env": dict[str, str], "if": str}, total=False
)


class Job(TypedDict, total=False):
    steps: list[Step]
    env: dict[str, str]
    outputs: dict[str, str]
    needs: str


class Workflow(TypedDict):
    jobs: dict[str, Job]
    defaults: dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a job ended: the exit code of its last step, what its steps printed, and its outputs."""

    code: int
    stdout: str
    stderr: str
    outputs: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A machine with a copy of the project, and what the expressions of the workflow stand for on it."""

    workflow: Workflow
    checkout: Path
    scratch: Path
    environment: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, **values: str) -> Ran:
        """Run a job; the outputs that it has are there for the jobs after it.

        Args:
            name: of the job.
            values: expressions of this run alone, dots as underscores: `matrix_stack="dev"`.
        """
        known = {**self.values, **{key.replace("_", ".", 1): value for key, value in values.items()}}
        job = self.workflow["jobs"][name]
        out, err, code = "", "", 0
        for step in job["steps"]:
            if "uses" in step:
                assert step["uses"].partition("@")[0] in STOOD_IN, step["uses"]
                continue
            done = self._step(step, {**job.get("env", {}), **step.get("env", {})}, known)
            out, err, code = out + done.stdout, err + done.stderr, done.returncode
            if code:
                break
        outputs = (
            {key: self._resolved(value, known) for key, value in job.get("outputs", {}).items()} if not code else {}
        )
        self.values.update({f"needs.{name}.outputs.{key}": value for key, value in outputs.items()})
        return Ran(code=code, stdout=out, stderr=err, outputs=outputs)

    def _step(
        self, step: Step, environment: Mapping[str, str], known: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert self.workflow["defaults"]["run"]["shell"] == "bash"
        script, told, summary = (self.scratch / name for name in ("step.sh", "output", "summary"))
        script.write_text(step["run"])
        told.write_text("")
        done = subprocess.run(
            # As the runner starts a `shell: bash`.
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.checkout,
            env={
                **self.environment,
                "GITHUB_OUTPUT": str(told),
                "GITHUB_STEP_SUMMARY": str(summary),
                **{key: self._resolved(str(value), known) for key, value in environment.items()},
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        for line in told.read_text().splitlines():
            key, _, value = line.partition("=")
            known[f"steps.{step['id']}.outputs.{key}"] = value
        return done

    @staticmethod
    def _resolved(text: str, known: Mapping[str, str]) -> str:
        return EXPRESSION.sub(lambda match: known[match[1]], text)


def read(path: Path) -> Workflow:
    """A workflow, as far as it is run here."""
    return cast("Workflow", yaml.safe_load(path.read_text()))


def copy_of_the_project(root: Path, target: Path) -> Path:
    """What a checkout has: every file that git does not ignore, with its time."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.split(b"\0")):
        source, place = root / os.fsdecode(name), target / os.fsdecode(name)
        if source.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source.read_bytes())
            place.chmod(source.stat().st_mode)
    return target


def shell_environment(cloud: LocalCloud) -> dict[str, str]:
    """What a shell has after `eval "$(python -m local env)"`."""
    lines = "\n".join(cloud.shell_lines())
    done = subprocess.run(["bash", "-c", f"{lines}\nenv -0"], check=True, capture_output=True, timeout=60)
    return dict(os.fsdecode(one).split("=", 1) for one in done.stdout.split(b"\0") if one)


def virtual_environment(folder: Path, prefix: Path) -> None:
    """An environment with the packages of another one, which `scripts/set-up` finds finished and leaves alone."""
    folder.mkdir()
    for name in ("bin", "lib"):
        (folder / name).symlink_to(prefix / name)
    (folder / "pyvenv.cfg").write_bytes((prefix / "pyvenv.cfg").read_bytes())
    for stamp in (".made", ".program"):
        (folder / stamp).touch()
