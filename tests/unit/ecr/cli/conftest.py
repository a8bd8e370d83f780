from __future__ import annotations

import pytest

from tests.unit.ecr.cli.running import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)
