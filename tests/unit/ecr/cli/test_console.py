from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from ecr.cli import console
from ecr.errors import InputError
from tests.unit.ecr.cli.running import ROOT


def piped(code: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a shell's pipeline; `@PYTHON` stands for it, and the pipeline's code is that of Python."""
    line = command.replace("@PYTHON", f"{sys.executable} -c '{code}'")
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)


WRITES = 'import sys; from ecr.cli import console; console.prepare(); console.{}(["x" * 100] * 5000); sys.exit(7)'


def test_a_reader_that_leaves_changes_neither_the_exit_code_nor_stderr() -> None:
    done = piped(WRITES.format("result"), "@PYTHON | head -1")
    assert (done.returncode, done.stderr) == (7, "")


def test_a_reader_of_progress_that_leaves_changes_nothing_either() -> None:
    code = 'import sys; from ecr.cli import console; [console.say("x" * 100) for _ in range(5000)]; sys.exit(7)'
    done = piped(code, "@PYTHON 2>&1 >/dev/null | head -1")
    assert (done.returncode, done.stderr) == (7, "")


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(redirect: str) -> None:
    code = 'import sys; from ecr.cli import console as c; c.prepare(); c.result(["x"]); c.say("y"); sys.exit(7)'
    assert piped(code, f"@PYTHON {redirect}").returncode == 7


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    code = """
import sys
from ecr.cli import console
from ecr.errors import InputError
try:
    console.result(["x"])
except InputError as error:
    sys.exit(str(error))
"""
    done = piped(code, "@PYTHON > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "output: can't be written: No space left on device; free some space or choose another file\n"


def test_what_the_encoding_lacks_is_written_as_escapes() -> None:
    code = 'from ecr.cli import console; console.prepare(); console.result(["d\\u00e9j\\u00e0 \\u2028"])'
    done = piped(code, "PYTHONIOENCODING=ascii @PYTHON")
    assert (done.returncode, done.stdout) == (0, "d\\xe9j\\xe0 \\u2028\n")


def test_markup_and_long_lines_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console.result(["[prod-*] " + "sha256:" + "a" * 200])
    assert capsys.readouterr().out == "[prod-*] " + "sha256:" + "a" * 200 + "\n"


def test_a_line_for_people_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("one\ntwo\x1b[2J")
    assert capsys.readouterr().err == "one\\ntwo\\x1b[2J\n"


class Broken(io.StringIO):
    def flush(self) -> None:
        raise OSError(5, "not shown")


def test_a_stream_that_fails_is_named_as_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken())
    with pytest.raises(InputError, match="output: can't be written: Input/output error"):
        console.result(["x"])
