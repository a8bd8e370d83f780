from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecr.cli import progress
from ecr.cli.progress import Bars, Lines, Silent

DIGEST = "sha256:" + "ab" * 32


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ("copied", "read sha256:abababababab (20.0 MB)"),
        ("mounted", "mounted sha256:abababababab (20.0 MB)"),
        ("skipped", "already there sha256:abababababab (20.0 MB)"),
    ],
)
def test_each_blob_gets_a_line(outcome: str, line: str) -> None:
    written: list[str] = []
    Lines("reading", "read", write=written.append).blob(DIGEST, 20_000_000, outcome)
    assert written == [line]


def test_a_long_transfer_gets_a_line_every_few_seconds() -> None:
    written: list[str] = []
    clock = Clock()
    lines = Lines("copying", "copied", write=written.append, clock=clock)
    lines.total(40_000_000)
    for _ in range(40):  # a quarter of a second each
        clock.now += 0.25
        lines.moved(1_000_000)
    assert written == ["copying: 20.0 MB of 40.0 MB, 4.0 MB/s", "copying: 40.0 MB of 40.0 MB, 4.0 MB/s"]


def test_a_line_about_a_blob_spares_the_one_about_the_whole() -> None:
    written: list[str] = []
    clock = Clock()
    lines = Lines("copying", "copied", write=written.append, clock=clock)
    clock.now += 4
    lines.blob(DIGEST, 1, "copied")
    clock.now += 4
    lines.moved(1)
    assert written == ["copied sha256:abababababab (1 B)"]


def test_a_size_that_is_not_known_is_not_told() -> None:
    written: list[str] = []
    clock = Clock()
    lines = Lines("copying", "copied", write=written.append, clock=clock)
    clock.now += 10
    lines.moved(5_000_000)
    assert written == ["copying: 5.0 MB, 500.0 kB/s"]


def test_lines_from_many_threads_are_all_there() -> None:
    written: list[str] = []
    lines = Lines("copying", "copied", write=written.append)
    with ThreadPoolExecutor(8) as pool:
        for size in range(500):
            pool.submit(lines.blob, DIGEST, size, "copied")
    assert sorted(written) == sorted(f"copied sha256:abababababab ({size} B)" for size in range(500))


def terminal(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown("copying", "copied", quiet=True) as shown:
        shown.total(10)
        shown.moved(10)
        shown.blob(DIGEST, 10, "copied")
    assert isinstance(shown, Silent)
    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown("copying", "copied", quiet=False) as shown:
        shown.blob(DIGEST, 10, "copied")
    assert capsys.readouterr() == ("", "copied sha256:abababababab (10 B)\n")


@pytest.mark.usefixtures("capsys")
def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch, "dumb")
    with progress.shown("copying", "copied", quiet=False) as shown:
        assert isinstance(shown, Lines)


@pytest.mark.parametrize("columns", ["20", "40", "200"])
def test_a_terminal_gets_bars_on_stderr_however_narrow_it_is(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch, "xterm")
    monkeypatch.setenv("COLUMNS", columns)
    with progress.shown("copying", "copied", quiet=False) as shown, ThreadPoolExecutor(4) as pool:
        assert isinstance(shown, Bars)
        shown.total(1000)
        for _ in range(100):
            pool.submit(shown.moved, 10)
        pool.submit(shown.blob, DIGEST, 1000, "copied")
    out, err = capsys.readouterr()
    assert out == ""
    assert "copying"[:3] in err
