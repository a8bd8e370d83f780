"""The Korean README is in step with the English one: what is not prose is the same, and stands in the same place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, KOREAN = ROOT / "README.md", ROOT / "README.ko.md"

HEADING = re.compile(r"^(#+) (.*)$")
COMMENT = re.compile(r"(?:^|\s+)#.*$")
CELLS = re.compile(r"(?<!\\)\|")
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NUMBER = re.compile(r"(?<![A-Za-z_\d.])\d+(?:\.\d+)*")
HANGUL = re.compile(r"[가-힣]")
WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")

Part = TypeVar("Part")


@dataclass(frozen=True)
class Block:
    at: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    at: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """What stands below a heading, up to the next one."""

    at: int
    level: int
    title: str
    prose: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    tables: list[list[Row]] = field(default_factory=list)


@lru_cache(maxsize=2)
def sections(text: str) -> list[Section]:
    found = [Section(0, 0, "before the first heading")]
    fence: list[str] | None = None
    table: list[Row] | None = None
    for at, line in enumerate(text.splitlines(), 1):
        here = found[-1]
        if fence is not None:
            fence.append(line)
            if line == "```":
                here.blocks.append(Block(at - len(fence) + 1, tuple(fence)))
                fence = None
        elif line.startswith("```"):
            fence, table = [line], None
        elif line.startswith("|"):
            if table is None:
                table = []
                here.tables.append(table)
            table.append(Row(at, tuple(cell.strip() for cell in CELLS.split(line.strip())[1:-1])))
        elif heading := HEADING.match(line):
            found.append(Section(at, len(heading[1]), heading[2]))
            table = None
        else:
            here.prose.append(line)
            table = None
    assert fence is None, "a block has no end"
    return found


def code(line: str) -> str:
    """A line of a block without its comment, which may be translated."""
    return COMMENT.sub("", line).rstrip()


def spans(text: str) -> list[str]:
    return [" ".join(span.split()) for span in SPAN.findall(text)]


def links(text: str) -> list[str]:
    """Where a text leads, apart from the page in the other language."""
    return [link for link in LINK.findall(text) if link not in {ENGLISH.name, KOREAN.name}]


def numbers(text: str) -> list[str]:
    """The figures of a text, apart from those in code and addresses; a translation may have more, for words."""
    return NUMBER.findall(LINK.sub("]", SPAN.sub(" ", text)))


def unmatched(ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
    """What only one of two has."""
    return sorted({*ours} - {*theirs}), sorted({*theirs} - {*ours})


def sets_differ(where: str, what: str, english: Sequence[str], korean: Sequence[str]) -> Iterator[str]:
    missing, extra = unmatched(english, korean)
    if missing or extra:
        yield f"{where}: {what}: only in English {missing}, only in Korean {extra}"


def prose_differs(where: str, english: str, korean: str) -> Iterator[str]:
    if english == korean:
        return
    yield from sets_differ(where, "code", spans(english), spans(korean))
    yield from sets_differ(where, "links", links(english), links(korean))
    if missing := unmatched(numbers(english), numbers(korean))[0]:
        yield f"{where}: figures: only in English {missing}"


def block_differs(where: str, english: Block, korean: Block) -> Iterator[str]:
    for number, (ours, theirs) in enumerate(zip_longest(english.lines, korean.lines)):
        if ours is None or theirs is None or code(ours) != code(theirs):
            at = f"{where}, lines {english.at + number} and {korean.at + number}"
            yield f"{at}:\n    English: {ours}\n    Korean:  {theirs}"
            return


def table_differs(where: str, english: Sequence[Row], korean: Sequence[Row]) -> Iterator[str]:
    for number, (ours, theirs) in enumerate(zip_longest(english, korean)):
        if ours is None or theirs is None:
            row = ours or theirs
            yield f"{where}: {len(english)} and {len(korean)} lines; the first without another is {row}"
            return
        at = f"{where}, line {number + 1} ({ours.at} and {theirs.at})"
        if spans(ours.cells[0]) != spans(theirs.cells[0]):
            # Most likely a row more or less: the rows below would only say so again.
            yield f"{at}:\n    English: {ours.cells[0]}\n    Korean:  {theirs.cells[0]}"
            return
        if len(ours.cells) != len(theirs.cells):
            yield f"{at}: {len(ours.cells)} and {len(theirs.cells)} columns"
            continue
        for column, (mine, other) in enumerate(zip(ours.cells, theirs.cells, strict=True), 1):
            yield from prose_differs(f"{at}, column {column}", mine, other)


def all_alike(
    where: str,
    what: str,
    english: Sequence[Part],
    korean: Sequence[Part],
    differ: Callable[[str, Part, Part], Iterator[str]],
) -> Iterator[str]:
    if len(english) != len(korean):
        yield f"{where}: {what}s: {len(english)} in English, {len(korean)} in Korean"
    for number, (ours, theirs) in enumerate(zip(english, korean, strict=False), 1):
        yield from differ(f"{where}, {what} {number}", ours, theirs)


def differences(english: str, korean: str) -> Iterator[str]:
    """Where the pages are out of step, in the order of the English one."""
    ours, theirs = sections(english), sections(korean)
    uneven = [
        (one, other) for one, other in zip_longest(ours, theirs) if not one or not other or one.level != other.level
    ]
    for one, other in uneven[:1]:
        yield f"headings: English has {titled(one)} where Korean has {titled(other)}"
    for one, other in zip(ours, theirs, strict=False):
        found = list(section_differs(f"under {titled(one)} and {titled(other)}", one, other))
        yield from found
        if uneven and found:
            return  # what follows is likely to be compared with another section's


def section_differs(where: str, english: Section, korean: Section) -> Iterator[str]:
    yield from prose_differs(f"{where}, text", "\n".join(english.prose), "\n".join(korean.prose))
    yield from all_alike(where, "block", english.blocks, korean.blocks, block_differs)
    yield from all_alike(where, "table", english.tables, korean.tables, table_differs)


def titled(section: Section | None) -> str:
    return f"line {section.at} `{'#' * section.level} {section.title}`" if section else "none"


def test_the_korean_page_is_in_step_with_the_english_one() -> None:
    found = list(differences(ENGLISH.read_text(), KOREAN.read_text()))
    assert found == [], "\n".join(["README.ko.md is out of step with README.md:", *found])


def test_each_page_leads_to_the_other_before_anything_else() -> None:
    assert LINK.findall(ENGLISH.read_text())[0] == KOREAN.name
    assert LINK.findall(KOREAN.read_text())[0] == ENGLISH.name


def wordy(text: str) -> bool:
    """Whether there is prose beside the code, the links and what is quoted."""
    return bool(WORDS.search(re.sub(r"\[[^]]*\]\([^)]*\)|\"[^\"]*\"", " ", SPAN.sub(" ", text))))


def test_what_the_korean_page_says_is_korean() -> None:
    left = []
    for section in sections(KOREAN.read_text()):
        paragraphs = "\n".join(section.prose).split("\n\n")
        cells = [cell for table in section.tables for row in table for cell in row.cells]
        left += [text for text in (*paragraphs, *cells) if wordy(text) and not HANGUL.search(text)]
    assert left == []


PAGE = """# a

Words and `code` and 10 [days](docs/a.md).

## b

| key | meaning |
|---|---|
| `one` | `x` or `y`, 5 |
| `two` | none |

```sh
make up   # all of it
make test
```
"""
PAGE_KO = """# 가

글과 `code`, [10일](docs/a.md), 그리고 3.

## 나

| 키 | 의미 |
|---|---|
| `one` | 5, `y` 또는 `x` |
| `two` | 없음 |

```sh
make up   # 전부
make test
```
"""


def test_words_their_order_and_comments_may_differ() -> None:
    assert list(differences(PAGE, PAGE_KO)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "## b", "### b", "headings: English has line 5 `### b` where Korean has line 5 `## 나`", id="level"
        ),
        pytest.param("## b\n", "\n", "headings: English has none where Korean has line 5 `## 나`", id="no heading"),
        pytest.param("and `code`", "and `kode`", "text: code: only in English ['kode'], only in Korean", id="code"),
        pytest.param("docs/a.md", "docs/b.md", "links: only in English ['docs/b.md'], only in Korean", id="link"),
        pytest.param("10 [days]", "11 [days]", "text: figures: only in English ['11']", id="figure"),
        pytest.param("make up ", "make down ", "block 1, lines 13 and 13:\n    English: make down", id="command"),
        pytest.param("make test\n", "", "block 1, lines 14 and 14:\n    English: ```", id="no command"),
        pytest.param("make test", "make test\nmake x", "lines 15 and 15:\n    English: make x", id="one command more"),
        pytest.param("```sh", "```yaml", "block 1, lines 12 and 12:\n    English: ```yaml", id="language of a block"),
        pytest.param("```\n", "```\n\n```\nx\n```\n", "blocks: 2 in English, 1 in Korean", id="one block more"),
        pytest.param("`one`", "`won`", "table 1, line 3 (9 and 9):\n    English: `won`\n    Korean:  `one`", id="key"),
        pytest.param("| `two` | none |\n", "", "table 1: 3 and 4 lines; the first without another is", id="no row"),
        pytest.param("| none |", "| none | no |", "table 1, line 4 (10 and 10): 3 and 2 columns", id="columns"),
        pytest.param(
            "`x` or", "`z` or", "line 3 (9 and 9), column 2: code: only in English ['z']", id="code of a cell"
        ),
        pytest.param(", 5", ", 6", "line 3 (9 and 9), column 2: figures: only in English ['6']", id="figure in a cell"),
    ],
)
def test_what_differs_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert old in PAGE
    found = list(differences(PAGE.replace(old, new, 1), PAGE_KO))
    assert told in found[0]
    assert len(found) == 1 or "headings" in told


@pytest.mark.parametrize(
    ("line", "left"),
    [
        pytest.param("make up   # all", "make up", id="after a command"),
        pytest.param("# all", "", id="a line of its own"),
        pytest.param("open x#y", "open x#y", id="within a word"),
    ],
)
def test_a_comment_is_no_code(line: str, left: str) -> None:
    assert code(line) == left


def test_a_bar_within_a_cell_does_not_end_it() -> None:
    [_, section] = sections("# a\n| `a \\| b` | c |\n")
    assert section.tables == [[Row(2, ("`a \\| b`", "c"))]]


def anchored(text: str) -> Iterator[tuple[int, str]]:
    """The lines that can't go from a page unseen: headings, commands, rows."""
    for section in sections(text):
        if section.level:
            yield section.at, "headings: "
        for block in section.blocks:
            yield from ((block.at + number, "block ") for number, line in enumerate(block.lines) if code(line))
        for table in section.tables:
            yield from ((row.at, "table ") for row in table)


def test_no_heading_command_or_row_of_the_page_can_go_unseen() -> None:
    text = ENGLISH.read_text()
    lines = text.splitlines()
    fences = {at for at, line in enumerate(lines, 1) if line.startswith("```")}
    places = [(at, what) for at, what in anchored(text) if at not in fences]
    assert len(places) > 100
    unseen = [
        lines[at - 1]
        for at, what in places
        if not any(what in told for told in differences("\n".join([*lines[: at - 1], *lines[at:]]), text))
    ]
    assert unseen == []
