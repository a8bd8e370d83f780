from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.ecr.cli.projects import Deploy, project
from tests.unit.ecr.cli.running import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Makes a project in which `pulumi` knows the given stacks with their outputs."""
    return project(tmp_path, monkeypatch)
