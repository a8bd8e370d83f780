from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.errors import InputError
from ecr.strict_json import MAX_DEPTH, MAX_NUMBER_CHARS, read_json, shown

NAME = "policy.json"
MAX_BYTES = 10_000

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def read(text: str | bytes) -> object:
    return read_json(text, NAME, max_bytes=MAX_BYTES)


def mistake(text: str | bytes) -> str:
    with pytest.raises(InputError) as raised:
        read(text)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('{"a": [1, -2.5, true, null, "x"]}', {"a": [1, -2.5, True, None, "x"]}, id="every-kind"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="bytes-with-a-mark"),
        pytest.param('\ufeff{"a": 1}', {"a": 1}, id="text-with-a-mark"),
        pytest.param('"caf\u00e9"'.encode(), "caf\u00e9", id="utf-8"),
        pytest.param(r'"\ud83d\ude00"', "\U0001f600", id="an-escaped-pair"),
        pytest.param(r'"\\ud800"', r"\ud800", id="an-escaped-backslash"),
        pytest.param('{"a": {"b": 1}, "c": {"b": 2}}', {"a": {"b": 1}, "c": {"b": 2}}, id="equal-keys-elsewhere"),
        pytest.param("1" * MAX_NUMBER_CHARS, int("1" * MAX_NUMBER_CHARS), id="the-longest-number"),
        pytest.param(" 7\n", 7, id="space-around"),
    ],
)
def test_json_is_read(text: str | bytes, value: object) -> None:
    assert read(text) == value


@given(PLAIN)
def test_what_is_written_as_json_is_read_back(value: object) -> None:
    text = json.dumps(value)
    assert read_json(text, NAME, max_bytes=len(text)) == read_json(text.encode(), NAME, max_bytes=len(text)) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "policy.json: is empty; accepted: JSON", id="empty"),
        pytest.param(b"\xef\xbb\xbf \r\n", "policy.json: is empty; accepted: JSON", id="a-mark-and-space"),
        pytest.param('{"a": 1,}', "policy.json: is not valid JSON: line 1, column 9: ", id="a-comma-too-many"),
        pytest.param('{\n  "a": 1\n  "b": 2}', "policy.json: is not valid JSON: line 3, column 3: ", id="no-comma"),
        pytest.param("{'a': 1}", "policy.json: is not valid JSON: line 1, column 2: ", id="single-quotes"),
        pytest.param('{"a": 1', "policy.json: is not valid JSON: line 1, column 8: ", id="cut-off"),
        pytest.param('{"a": "x\ny"}', "policy.json: is not valid JSON: line 1, column 9: ", id="a-bare-line-break"),
        pytest.param("{} {}", "policy.json: is not valid JSON: line 1, column 4: Extra data", id="two-documents"),
        pytest.param("rules: []", "policy.json: is not valid JSON: line 1, column 1: ", id="yaml"),
        pytest.param('{"a": 01}', "policy.json: is not valid JSON: line 1, column 8: ", id="a-leading-zero"),
    ],
)
def test_broken_json_is_refused_with_its_place(text: str | bytes, problem: str) -> None:
    assert mistake(text).startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param('{"a": 1, "a": 1}', 'policy.json: has the key "a" twice; accepted: each key once', id="top"),
        pytest.param(
            '{"rules": [{}, {"selection": {"b": 1, "c": 1, "b": 2}}]}',
            'policy.json: rules[1].selection: has the key "b" twice; accepted: each key once',
            id="deep",
        ),
        pytest.param(r'{"a": 1, "\u0061": 1}', 'policy.json: has the key "a" twice', id="written-differently"),
        pytest.param('{"a": [NaN]}', "policy.json: a[0]: NaN is no number in JSON", id="nan"),
        pytest.param("Infinity", "policy.json: Infinity is no number in JSON", id="infinity"),
        pytest.param('{"a": -Infinity}', "policy.json: a: -Infinity is no number in JSON", id="minus-infinity"),
        pytest.param('{"a": 1e999}', "policy.json: a: 1e999 is a number out of all bounds", id="out-of-bounds"),
        pytest.param('{"a": ' + "1" * 41 + "}", "policy.json: a: is a number of 41 characters", id="a-long-number"),
        pytest.param("1" * 5000, "policy.json: is a number of 5000 characters", id="more-digits-than-python-takes"),
        pytest.param('{"a": 0.' + "1" * 41 + "}", "policy.json: a: is a number of 43 characters", id="a-long-fraction"),
        pytest.param(r'{"a": ["\ud800"]}', "policy.json: a[0]: holds half a character", id="half-a-character"),
        pytest.param('{"a": "\udc80"}', "policy.json: a: holds half a character", id="an-undecoded-byte"),
        pytest.param(r'{"\ud800": 1}', 'policy.json: has the key "\\ud800" with half a character', id="half-a-key"),
    ],
)
def test_what_readers_could_understand_differently_is_refused_with_its_path(text: str, problem: str) -> None:
    assert mistake(text).startswith(problem)


def test_of_many_keys_the_one_that_stands_twice_is_found_in_no_time() -> None:
    text = "{" + ", ".join(f'"{key}": 1' for key in (*range(60_000), 59_999)) + "}"
    start = time.process_time()
    with pytest.raises(InputError, match=r'^policy\.json: has the key "59999" twice'):
        read_json(text, NAME, max_bytes=len(text))
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param('{"a": 1}'.encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8", id="utf-16"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), "is UTF-16, not UTF-8", id="utf-16-le-without-a-mark"),
        pytest.param('{"a": 1}'.encode("utf-16-be"), "is UTF-16, not UTF-8", id="utf-16-be-without-a-mark"),
        pytest.param('{"a": 1}'.encode("utf-32"), "is UTF-32, not UTF-8", id="utf-32"),
        pytest.param('{"a": 1}'.encode("utf-32-be"), "is UTF-32, not UTF-8", id="utf-32-be-without-a-mark"),
        pytest.param(
            '{\n"a": "caf\u00e9"}'.encode("latin-1"),
            "is not UTF-8: byte 12, in line 2, is 0xe9; save it as UTF-8",
            id="latin-1",
        ),
        pytest.param(b'\xef\xbb\xbf"\xe9"', "is not UTF-8: byte 5, in line 1, is 0xe9", id="latin-1-with-a-mark"),
        pytest.param(b'"\xed\xa0\x80"', "is not UTF-8: byte 2, in line 1, is 0xed", id="half-a-character"),
        pytest.param(b'"\xc3', "is not UTF-8: byte 2, in line 1, is 0xc3", id="cut-off-in-a-character"),
    ],
)
def test_other_encodings_are_refused_with_the_first_wrong_byte(data: bytes, problem: str) -> None:
    assert mistake(data).startswith(f"policy.json: {problem}")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), id="lists"),
        pytest.param('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), id="objects"),
        pytest.param("[" * 5000, id="more-than-python-reads"),
        pytest.param('[{"a":' * 1600, id="more-than-python-reads-of-both"),
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert mistake(text) == f"policy.json: is nested too deeply; accepted: at most {MAX_DEPTH} levels"


def test_nesting_up_to_the_limit_is_read() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_text_over_the_limit_is_not_even_read() -> None:
    assert read(" " * (MAX_BYTES - 1) + "7") == 7
    assert mistake(" " * MAX_BYTES + "7") == "policy.json: is longer than the 10000 bytes that are accepted"
    assert mistake(b"\xff" * (MAX_BYTES + 1)) == "policy.json: is longer than the 10000 bytes that are accepted"


@pytest.mark.parametrize("text", ["[" + "[]," * 4 + "[]]", "[" + "1," * 9 + "1]", '{"a": {"b": [1, 2]}, "c": 1}'])
def test_text_with_too_many_values_is_not_even_read(text: str) -> None:
    count = sum(map(text.count, ",[{"))
    assert read_json(text, NAME, max_bytes=MAX_BYTES, max_values=count) == json.loads(text)
    problem = f"holds more than the {count - 1} values that are accepted"
    with pytest.raises(InputError, match=f"^{re.escape(NAME)}: {problem}$"):
        read_json(f"{text} {{", NAME, max_bytes=MAX_BYTES, max_values=count - 1)


@given(st.binary(max_size=200) | st.text(max_size=100))
def test_any_text_is_read_or_refused_on_one_line(text: str | bytes) -> None:
    said = f"{NAME}: nothing"
    try:
        read(text)
    except InputError as error:
        said = str(error)
    assert said.startswith(f"{NAME}: ")
    assert said.isprintable()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (10**5000, "a number with many digits"),
        (1.5, "1.5"),
        ("caf\u00e9", '"caf\u00e9"'),
        ("x" * 100, f'"{"x" * 57}..."'),
        ([1], "a list"),
        ({"a": 1}, "an object"),
    ],
    ids=["null", "true", "whole", "many-digits", "fraction", "text", "long-text", "list", "object"],
)
def test_values_are_shown_as_in_json_and_shortened(value: object, expected: str) -> None:
    assert shown(value) == expected
