from __future__ import annotations

import csv
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr import image_list
from ecr.image_list import SortKey, Wanted
from ecr.lifecycle.images import Image
from ecr.oci.manifest import OCI_INDEX
from tests.unit.ecr.lifecycle.making import NOW, SECOND, days, image, in_archive

IMAGES = (
    image("a", "v1 latest", 10, size=300, pulled=1),
    image("b", "", 30, size=200, pulled=5),
    image("c", "v2", 20, size=100),
    in_archive("d", "old", 400, since=100),
    image("e", "dev-1", 30 * days(1) + SECOND, size=200),
)


def names(images: list[Image]) -> str:
    return "".join(each.digest.removeprefix("sha256:") for each in images)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(Wanted(), "abcde", id="everything"),
        pytest.param(Wanted(tags=("v*",)), "ac", id="a pattern"),
        pytest.param(Wanted(tags=("v1", "dev-*")), "ae", id="one of two patterns"),
        pytest.param(Wanted(tags=("v",)), "", id="the whole tag has to match"),
        pytest.param(Wanted(untagged=True), "b", id="untagged"),
        pytest.param(Wanted(older_than=days(30)), "de", id="older: exactly as old is not older"),
        pytest.param(Wanted(newer_than=days(30)), "abc", id="newer: all others"),
        pytest.param(Wanted(older_than=days(15), newer_than=days(25)), "c", id="between two ages"),
        pytest.param(Wanted(older_than=days(0)), "abcde", id="of any age"),
        pytest.param(Wanted(larger_than=200), "a", id="larger: exactly as large is not larger"),
        pytest.param(Wanted(archived=True), "d", id="archived"),
        pytest.param(Wanted(archived=False), "abce", id="active"),
        pytest.param(Wanted(tags=("v*",), larger_than=150), "a", id="all that is given"),
    ],
)
def test_which_images_are_wanted(wanted: Wanted, expected: str) -> None:
    assert names(wanted.among(IMAGES, NOW)) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(SortKey.PUSHED, "acbed", id="the youngest first"),
        pytest.param(SortKey.PULLED, "abcde", id="the last pulled first, the others by digest"),
        pytest.param(SortKey.SIZE, "abecd", id="the largest first, equal ones by digest"),
        pytest.param(SortKey.TAG, "eadcb", id="by the first tag, untagged last"),
    ],
)
def test_the_order_does_not_depend_on_that_of_ecr(key: SortKey, expected: str) -> None:
    shuffled = list(IMAGES)
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)  # noqa: S311  # no secret
        assert names(image_list.ordered(shuffled, key)) == expected
        assert names(image_list.ordered(shuffled, key, reverse=True)) == expected[::-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("30d", days(30)),
        ("8w", days(56)),
        ("0d", days(0)),
    ],
)
def test_ages(text: str, expected: timedelta) -> None:
    assert image_list.age(text) == expected


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 d", "30D", "1d2h", "٣d", "9" * 6 + "d", "1y"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 90m, 12h, 30d or 8w"):
        image_list.age(text)


def test_the_largest_age_is_before_no_calendar() -> None:
    assert Wanted(older_than=image_list.age("99999d")).among(IMAGES, NOW) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("0", 0), ("123", 123), ("1B", 1), ("500kB", 500_000), ("100MB", 10**8), ("100mb", 10**8)),
        *(("1.5GB", 1_500_000_000), ("2GiB", 2**31), ("1TB", 10**12)),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert image_list.size(text) == expected


@pytest.mark.parametrize("text", ["", "MB", "-1", "1e3", "1 MB", "1,5GB", "1PB", "iB", "1kb5", "inf", "nan", "9" * 13])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 500kB"):
        image_list.size(text)


@given(st.integers(0, 10**11))
def test_a_size_in_bytes_is_what_it_says(count: int) -> None:
    assert image_list.size(str(count)) == count == image_list.size(f"{count}B")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(image("a"), "", id="nothing special"),
        pytest.param(image("d"), "deployed by stack dev", id="needed"),
        pytest.param(in_archive("a", since=1), "archived", id="archived"),
        pytest.param(image("a", subject="b"), "referrer", id="referrer"),
        pytest.param(replace(image("d"), media_type=OCI_INDEX), "index, deployed by stack dev", id="index"),
    ],
)
def test_what_is_special_about_an_image(made: Image, expected: str) -> None:
    assert image_list.note(made, {"sha256:d": "deployed by stack dev"}) == expected


def test_csv_can_be_read_and_is_no_formula() -> None:
    made = image("a", "b a", 1, size=7, pulled=0)
    lines = image_list.as_csv([("dev/app", made), ("=1+1", image("d"))], {"sha256:d": '@SUM("x"), and\nmore'})
    rows = list(csv.DictReader(lines))
    assert rows[0] == {
        "repository": "dev/app",
        "digest": "sha256:a",
        "tags": "a b",
        "pushed_at": "2026-11-21T12:00:00+00:00",
        "pulled_at": "2026-11-22T12:00:00+00:00",
        "size_bytes": "7",
        "status": "ACTIVE",
        "kind": "image",
        "subject": "",
        "kept": "",
    }
    assert (rows[1]["repository"], rows[1]["kept"], rows[1]["pulled_at"]) == ("'=1+1", '\'@SUM("x"), and\\nmore', "")


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_no_text_from_outside_becomes_a_formula_or_a_line(texts: list[str]) -> None:
    rows = [(text, replace(image("a"), subject=text)) for text in texts]
    lines = image_list.as_csv(rows, {"sha256:a": texts[0]})
    read = list(csv.reader(lines))
    assert len(read) == len(lines) == len(texts) + 1
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read for cell in row)


def test_json_has_null_for_what_there_is_not() -> None:
    assert image_list.as_json(image("a", "b a"), {}) == {
        "digest": "sha256:a",
        "tags": ["a", "b"],
        "pushed_at": "2026-11-12T12:00:00+00:00",
        "pulled_at": None,
        "size_bytes": 1,
        "status": "ACTIVE",
        "kind": "image",
        "media_type": None,
        "subject": None,
        "kept": None,
    }


def test_of_many_tags_the_first_are_shown() -> None:
    assert image_list.short_tags(("d", "c", "b", "a")) == "a, b, c and 1 more"
    assert image_list.short_tags(()) == ""
