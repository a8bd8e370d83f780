from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from ecr.errors import InputError
from ecr.json_file import read_file, read_json_file

MAX_BYTES = 100


def mistake(path: str) -> str:
    with pytest.raises(InputError) as raised:
        read_json_file(path, MAX_BYTES)
    return str(raised.value).removeprefix(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(b'\xef\xbb\xbf{"rules": []}\r\n')
    assert read_json_file(str(path), MAX_BYTES) == {"rules": []}
    assert read_file(str(path), MAX_BYTES) == path.read_bytes()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", ": is empty; accepted: JSON", id="empty"),
        pytest.param(b" " * 101, ": is longer than the 100 bytes that are accepted", id="too-long"),
        pytest.param(b"{\n{", ": is not valid JSON: line 2, column 1: ", id="broken"),
        pytest.param(b"\xff\xfe{\0}\0", ": is UTF-16, not UTF-8; save it as UTF-8", id="utf-16"),
        pytest.param(b'{"a": {"b": NaN}}', ": a.b: NaN is no number in JSON", id="nan"),
    ],
)
def test_what_a_file_holds_is_refused_with_its_path(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(data)
    assert mistake(str(path)).startswith(problem)


def test_a_file_up_to_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(b" " * (MAX_BYTES - 1) + b"7")
    assert read_json_file(str(path), MAX_BYTES) == 7


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert mistake(str(tmp_path)) == ": is a folder; accepted: a file"
    assert mistake("/dev/zero") == ": is a device; accepted: a file, a pipe, or - for the standard input"
    assert mistake(str(tmp_path / "none.json")) == ": there is no such file"
    assert mistake("") == ": there is no such file"
    assert mistake(str(tmp_path / "file" / "below")).startswith(": can't be read: Not a directory")
    assert mistake("x" * 5000) == ": can't be read: File name too long"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # For both ends, so that neither waits for the other.
    end = os.open(pipe, os.O_RDWR)
    os.write(end, b"[1]" + b" " * MAX_BYTES)
    try:
        assert mistake(str(pipe)) == ": is longer than the 100 bytes that are accepted"
    finally:
        os.close(end)


def test_a_dash_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))
    assert read_json_file("-", MAX_BYTES) == [1]


def test_a_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert mistake("-") == ": the standard input is closed; accepted: a file, or something to read from"


def test_a_path_that_no_system_takes_is_refused() -> None:
    with pytest.raises(InputError, match=r"^a\\x00b: can't be read: embedded null byte$"):
        read_file("a\0b", MAX_BYTES)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "policy.json"
    path.write_text("{}")
    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    assert mistake(str(path)) == ": can't be read: Permission denied"
