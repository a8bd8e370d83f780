"""Runs commands as a shell does, in this process or in a fresh one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from ecr.cli.app import main

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """Its result, which has to be one JSON object with sorted keys."""
        parsed = json.loads(self.out)
        assert self.out == json.dumps(parsed, indent=2, sort_keys=True) + "\n"
        return cast("dict[str, object]", parsed)


class Shell:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *argv: str) -> Ran:
        code = main(argv)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)


def fresh(*argv: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    return subprocess.run(
        [sys.executable, "-m", "ecr", *argv],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
