"""What a report of 20 repositories of 1,000 images takes, and how fast a page with 10,000 images opens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.report_registry import IMAGES, REPOSITORIES, repositories

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S, LIMIT_MB = 10.0, 300
SHOWN, SHOWN_LIMIT_S = 10_000, 2.0
MB = 1_000_000


@dataclass(frozen=True)
class Run:
    seconds: float
    megabytes: float


def figures() -> list[Figure]:
    """The command, with costs and without, in a process of its own; then the browser."""
    with tempfile.TemporaryDirectory(prefix="cr-report-") as folder, _registry() as port:
        kept = Path(folder) / "kept"
        # The first one finds no manifests kept.
        runs = (("with cost", ()), ("with cost, once more", ()), ("without cost", ("--no-cost",)))
        found = [figure for what, more in runs for figure in _measured(what, Path(folder), kept, port, more)]
        found.append(Figure("report: the page of all", f"{(Path(folder) / 'report.html').stat().st_size / MB:.1f} MB"))
        return [*found, *_opened(Path(folder))]


def _measured(what: str, folder: Path, kept: Path, port: int, more: tuple[str, ...]) -> list[Figure]:
    taken = _run(folder, kept, port, more)
    name = f"report, {REPOSITORIES} repositories of {IMAGES} images, {what}"
    return [
        at_most(f"{name}: time", taken.seconds, LIMIT_S, " s", digits=1),
        at_most(f"{name}: memory", taken.megabytes, LIMIT_MB, " MB"),
    ]


def _run(folder: Path, kept: Path, port: int, more: tuple[str, ...]) -> Run:
    named = [part for name in repositories() for part in ("--repository", name)]
    argv = [sys.executable, "-m", "ecr", "report", *named, "--output", str(folder / "report.html"), *more]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "XDG_CACHE_HOME": str(kept),
        "PYTHONPATH": str(ROOT),
    }
    start = time.perf_counter()
    process = subprocess.Popen(argv, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the report has ended with exit code {process.returncode}")
    return Run(seconds, usage.ru_maxrss * 1024 / MB)


def _opened(folder: Path) -> list[Figure]:
    """A page that a browser opens from a file, until all of it is there and its script has run."""
    what = f"report: a page of {SHOWN} images opens"
    # As tests/browser has it: Ubuntu's package of Chromium is none, but its machines for jobs have Chrome.
    browser_path = shutil.which("google-chrome") or shutil.which("chromium")
    if browser_path is None:
        missing = "not measured: there is neither google-chrome nor chromium"
        return [Figure(what, missing, f"<= {SHOWN_LIMIT_S:g} s", held=False)]
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for this figure alone

    from ecr.report import page as pages  # noqa: PLC0415
    from tests.unit.ecr.report import samples  # noqa: PLC0415

    file = folder / "long.html"
    file.write_text("".join(pages.chunks(samples.long(SHOWN))), encoding="ascii")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = browser.new_page()
        page.goto(file.as_uri())
        milliseconds = float(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        browser.close()
    return [at_most(what, milliseconds / 1000, SHOWN_LIMIT_S, " s", digits=2)]


@contextmanager
def _registry() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.report_registry"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
