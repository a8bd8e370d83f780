"""Debian's Chromium, which looks at pages from files and may ask nobody for anything."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from ecr.report import page as pages
from ecr.report.facts import Report
from local.errors import Unavailable, may_skip
from tests.registries import servers

SCRIPT = re.compile("<script>.*?</script>", re.DOTALL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("installed")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        # Ubuntu's package of Chromium is none, but its machines for GitHub's jobs have Chrome.
        chromium = shutil.which("google-chrome") or servers.have(
            "chromium", "chromium", tmp_path_factory.mktemp("chromium") / "apt.log"
        )
    except Unavailable as error:
        if not may_skip(error, ci=os.environ.get("CI") == "true"):
            raise
        pytest.skip(f"no browser can be had here: {error.reason}")
    # Chromium refuses to run in its sandbox as root.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=sandbox)
        yield started
        started.close()


@dataclass
class Looked:
    """A page in a browser, with what went wrong on it and what it asked for."""

    page: Page
    file: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Look = Callable[..., Looked]


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Iterator[Look]:
    """Opens the page of a report. It may load itself and nothing else."""
    contexts: list[BrowserContext] = []

    def open_page(report: Report, *, script: bool = True, **options: object) -> Looked:
        file = tmp_path / f"report-{len(contexts)}.html"
        text = "".join(pages.chunks(report))
        file.write_text(text if script else SCRIPT.sub("", text), encoding="ascii")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        looked = Looked(page, file)

        def decide(route: Route) -> None:
            looked.requests.append(route.request.url)
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                route.abort()

        context.route("**/*", decide)
        page.on("console", lambda message: looked.complaints.append(message.text))
        page.on("pageerror", lambda error: looked.complaints.append(str(error)))
        page.goto(file.as_uri())
        return looked

    yield open_page
    for context in contexts:
        context.close()
