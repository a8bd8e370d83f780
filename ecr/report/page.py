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
_CHART_HEIGHT = 300
_TICKS = 6
_NARROW_WIDTH, _NARROW_TICKS = 440, 3  # for windows in which the labels of the wide one would be too small to read
_WIDE_WIDTH = 1000
_LABEL = 20
_MARGIN, _KEPT = 0.05, 14  # leather leaves that share of the width on each side, and so many pixels are enough
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
    only_day = history.only_day(listed)
    found = None if only_day else history.history(listed, report.at)
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
        charts=[Markup(drawing.text(each)) for each in _charts(found)],  # noqa: S704 - an XML writer has escaped it
        only_day=only_day,
        history=found,
        recent_days=history.RECENT_DAYS,
        pushes=[history.pushes(name, images, report.at) for name, images in listed],
        levels=[level.value for level in LEVELS],
        findings=list(views.findings(report)),
        unscanned=views.unscanned(report),
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
    environment.filters.update(number=words.number, day=words.day, sentence=words.sentence)
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


def _charts(found: History | None) -> Iterator[ET.Element]:
    """The same chart for wide windows and for narrow ones: the style shows one of them."""
    if found is not None:
        yield _chart(found, "wide", _WIDE_WIDTH, _TICKS)
        yield _chart(found, "narrow", _NARROW_WIDTH, _NARROW_TICKS)


def _chart(found: History, name: str, width: int, ticks: int) -> ET.Element:
    last = found.days[-1]
    distances = [(day - last).days for day in found.days]
    end = distances[-1] - distances[-2]  # so that the last day has its place, too
    lines = [
        drawing.Line(name=line.name, points=[*zip(distances, line.counts, strict=True), (end, line.counts[-1])],
                     series=number)
        for number, line in enumerate(found.lines, 1)
    ]  # fmt: skip
    chart = drawing.LineChart(
        title="",
        lines=lines,
        x_ticks=_ticks(distances, ticks),
        x_label=lambda distance: words.day(last + timedelta(days=distance)),
        counts=True,
    )
    left = _MARGIN * width - _KEPT
    # The labels of the first and the last day are as wide as that beyond the lines.
    view = f"{left - _LABEL:g} {left:g} {width - left + _LABEL + _KEPT:g} {_CHART_HEIGHT - 2 * left:g}"
    root = ET.Element("svg", {"class": f"chart {name}", "role": "img", "viewBox": view})
    ET.SubElement(root, "title").text = f"How many images there were, from {found.days[0]} to {last}"
    root.append(drawing.group(chart, width=width, height=_CHART_HEIGHT))
    return root


def _ticks(distances: list[int], count: int) -> list[int]:
    """About so many of the days, the last among them."""
    step = max(1, -(-(len(distances) - 1) // (count - 1)))
    return distances[::-1][::step][::-1]
