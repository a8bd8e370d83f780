from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecr import yaml_text

texts = st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(texts, values, max_size=4), max_size=3))
def test_what_is_written_is_what_is_read(documents: list[dict[str, object]]) -> None:
    assert list(yaml.safe_load_all(yaml_text.documents(documents))) == documents


@pytest.mark.parametrize("text", ["1e3", "0o17", "0x1f", "1_000", "1:30", "-1", "+1", "~", "y", "N", "no", "80"])
def test_text_that_looks_like_something_else_is_in_quotes(text: str) -> None:
    written = yaml_text.documents([{"key": text}])
    assert written in (f'---\nkey: "{text}"\n', f"---\nkey: '{text}'\n")


@pytest.mark.parametrize("text", ["100m", "64Mi", "v1.0.0", "yoon-app", "localhost:4566/a@sha256:ab", "/run"])
def test_other_text_stands_as_it_is(text: str) -> None:
    assert yaml_text.documents([{"key": text}]) == f"---\nkey: {text}\n"


def test_keys_keep_their_order_and_nothing_is_written_by_reference() -> None:
    shared = {"b": 1, "a": [2]}
    expected = "---\nx:\n  b: 1\n  a:\n    - 2\n---\nz:\n  b: 1\n  a:\n    - 2\n"
    assert yaml_text.documents([{"x": shared}, {"z": shared}]) == expected


def test_a_long_line_is_not_folded() -> None:
    text = "word " * 200 + "end"
    assert yaml_text.documents([{"key": text}]) == f"---\nkey: {text}\n"
