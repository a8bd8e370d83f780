"""One key of a stack file, read as the program reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import strategies as st

from ecr import config_reader
from ecr.config_reader import Section
from ecr.errors import InputError, InputErrors

NAMESPACE = "container-registry"
Found = TypeVar("Found")


def read(key: str, value: object, reader: Callable[[Section], Found]) -> Found:
    """What the reader makes of the key. Objects and lists arrive as JSON text, as Pulumi hands them over."""
    text = json.dumps(value) if isinstance(value, dict | list) else value
    top = config_reader.open_section(NAMESPACE, {key: text})
    found = reader(top)
    top.finish()
    return found


def mistakes(read_it: Callable[[], object]) -> list[str]:
    """The lines that a user reads."""
    with pytest.raises(InputErrors) as raised:
        read_it()
    lines = [str(error) for error in raised.value.errors]
    assert all(line.isprintable() and len(line) < 600 for line in lines)
    return lines


def anything(keys: Sequence[str], *words: str) -> st.SearchStrategy[dict[str, object]]:
    """Whatever YAML could hold under the keys, with some words that are accepted in places."""
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=5)
        | st.sampled_from(words),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=4),
        max_leaves=8,
    )
    return st.dictionaries(st.sampled_from(keys), values, min_size=1)


def assert_read_or_refused(key: str, read_it: Callable[[], object]) -> None:
    """Nothing but a value, or mistakes that are named below the key."""
    refusals: tuple[InputError, ...] = ()
    try:
        found = read_it()
    except InputErrors as errors:
        found, refusals = None, errors.errors
    assert (found is None) is bool(refusals)
    assert all(error.key.startswith(f"{NAMESPACE}:{key}") for error in refusals)
