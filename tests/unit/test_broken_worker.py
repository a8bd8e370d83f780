"""A worker of pytest-xdist that breaks is told of where whoever looks at CI sees it: at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"
BREAKING = """
import os
def pytest_runtest_logreport(report):
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw1":
        raise OSError("what broke the worker")
"""


def test_the_reason_is_the_last_that_is_told(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "breaking.py").write_text(BREAKING)
    (tmp_path / "test_any.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir=.", "-p", "breaking", "-n", "2"],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "PYTHONPATH": ".",
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 3, ran.stdout
    assert "OSError: what broke the worker" in ran.stdout[ran.stdout.index("Exit: internal error") :]
