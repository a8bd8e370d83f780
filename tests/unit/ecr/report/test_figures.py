"""What `python -m benchmarks report` promises about a browser is not kept by having none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import report


def test_a_browser_that_is_missing_is_a_missed_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    (figure,) = report._opened(tmp_path)
    assert figure.verdict == "MISSED"
    assert "neither google-chrome nor chromium" in figure.value
