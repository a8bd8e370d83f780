"""The page: fills the template, and says in its own head that nothing may be loaded from anywhere.

The Content-Security-Policy names style and script by their hashes (W3C, Content Security Policy Level 3, "Usage of
'unsafe-hashes'" and "hash-source"), so that not even a text that got out of its place could run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ecr import drawing
from ecr.report import board, history, lookup, views, words
from ecr.report.facts import Report, Unknown
from ecr.report.history import History
from ecr.report.output import MARK
from ecr.report.scanned import LEVELS

_FOLDER = Path(__file__).parent
_CHART_WIDTH, _CHART_HEIGHT = 1000, 300
_VIEW = f"0 36 {_CHART_WIDTH} {_CHART_HEIGHT - 72}"  # without most of the margins that leather leaves
_TICKS = 6
_BUFFERED = 2000


def chunks(report: Report) -> Iterator[str]:
    """The text of the page, piece by piece, in ASCII: whatever encoding it is written in, it is the same page."""
    for chunk in _filled(report):
        yield chunk.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _filled(report: Report) -> Iterator[str]:
    template = _template()
    css, script = _asset("page.css"), _asset("page.js")
    gone = views.going(report)
    named = [(lookup.name_of(each, report.repositories), each) for each in report.repositories]
    listed = [(name, each.known_images) for name, each in named if not isinstance(each.images, Unknown)]
    found = history.history(listed, report.at)
    # Line by line would be slow, and all at once would take the memory of the whole page.
    stream = template.stream(
        mark=MARK,
        policy=_policy(css, script),
        css=css,
        script=script,
        generated=words.moment(report.at),
        generated_iso=f"{words.moment(report.at).replace(' ', 'T')}Z",
        program=report.program,
        places=lookup.places(report),
        figures=list(board.figures(report, gone)),
        unasked=[words.line(reason) for reason in report.unknown],
        cards=list(board.cards(report)),
        chart=Markup(drawing.text(_chart(found))) if found else "",  # noqa: S704 - an XML writer has escaped it
        history=found,
        recent_days=history.RECENT_DAYS,
        pushes=[history.pushes(name, images, report.at) for name, images in listed],
        levels=[level.value for level in LEVELS],
        findings=list(views.findings(report)),
        prices=words.line(report.prices),
        costs=list(views.costs(report)),
        cost_notes=views.cost_notes(report),
        next=list(views.next_deletions(report, gone)),
        count=report.images,
        few=report.images <= views.FEW_ROWS,
        unlisted=list(views.unlisted(report)),
        rows=views.rows(report, gone),
    )
    stream.enable_buffering(_BUFFERED)
    yield from stream


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters.update(number=words.number, day=words.day)
    return environment.get_template("page.html.j2")


@cache
def _asset(name: str) -> Markup:
    """Text of this project's own, which goes into the page as it is."""
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704


def _policy(css: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _chart(found: History) -> ET.Element:
    last = found.days[-1]
    distances = [(day - last).days for day in found.days]
    lines = [
        drawing.Line(name=line.name, points=list(zip(distances, line.counts, strict=True)), series=number)
        for number, line in enumerate(found.lines, 1)
    ]
    chart = drawing.LineChart(
        title="",
        lines=lines,
        x_ticks=_ticks(distances),
        x_label=lambda distance: words.day(last + timedelta(days=distance)),
    )
    root = ET.Element("svg", {"class": "chart", "role": "img", "viewBox": _VIEW})
    ET.SubElement(root, "title").text = f"How many images there were, from {found.days[0]} to {last}"
    root.append(drawing.group(chart, width=_CHART_WIDTH, height=_CHART_HEIGHT))
    return root


def _ticks(distances: list[int]) -> list[int]:
    """About six of the days, the first and the last among them."""
    step = max(1, -(-(len(distances) - 1) // (_TICKS - 1)))
    return distances[::-1][::step][::-1]
