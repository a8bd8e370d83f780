"""When the engine tests may be skipped: in CI only if the engine's own download is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import debian, venvs
from local.errors import Unavailable, may_skip

TABLE = {
    "the engine's download refused, CI": (True, True, True),
    "the engine's download refused, a developer's machine": (True, False, True),
    "anything else, CI": (False, True, False),
    "anything else, a developer's machine": (False, False, True),
}
# What pip and apt print when their server says no.
NO = "ERROR: HTTP error 403 while getting https://index.example/x.whl; 403 Client Error; Err:1  403  Forbidden"


@pytest.mark.parametrize(("refused", "ci", "allowed"), TABLE.values(), ids=TABLE)
def test_the_skip_policy(*, refused: bool, ci: bool, allowed: bool) -> None:
    assert may_skip(Unavailable("x", refused=refused), ci=ci) is allowed


def test_a_refusing_package_index_is_no_reason_to_skip_in_ci(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as pip:
        venvs._run(["sh", "-c", f"echo '{NO}'; exit 1"], "installing", tmp_path / "pip.log", "emulator")
    assert not may_skip(pip.value, ci=True)


def test_a_refusing_package_mirror_is_no_reason_to_skip_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f"#!/bin/sh\necho '{NO}'; exit 100\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Unavailable) as error:
        debian._apt(["update"], "apt-get update", tmp_path / "apt.log")
    assert not may_skip(error.value, ci=True)
