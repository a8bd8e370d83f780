from __future__ import annotations

import pytest

from ecr import tables


def test_columns_are_aligned_and_no_line_ends_in_spaces() -> None:
    assert tables.aligned(("STACK", "TAG"), [("dev", "v1.0.0"), ("staging", "")]) == [
        "STACK    TAG",
        "dev      v1.0.0",
        "staging  -",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert tables.aligned(("STACK", "TAG"), []) == ["STACK  TAG"]


def test_a_cell_can_neither_break_the_line_nor_move_the_cursor() -> None:
    (_, line) = tables.aligned(("TITLE",), [("one\ntwo\x1b[2J",)])
    assert line == r"one\ntwo\x1b[2J"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1234, "1.2 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (200e6, "200.0 MB"), (5e9, "5.0 GB"), (5e15, "5000.0 TB")],
)  # fmt: skip
def test_a_size_is_shown_in_the_unit_that_fits(count: float, text: str) -> None:
    assert tables.size(count) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 blobs"), (1, "1 blob"), (2, "2 blobs")])
def test_one_is_no_plural(count: int, text: str) -> None:
    assert tables.plural(count, "blob") == text


@pytest.mark.parametrize(("digest", "text"), [("sha256:" + "ab" * 32, "sha256:abababababab"), ("", ""), ("x", "x")])
def test_a_digest_is_shortened(digest: str, text: str) -> None:
    assert tables.short_digest(digest) == text
