from __future__ import annotations

from pathlib import Path

import pytest

from ecr.errors import ExitCode
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.lifecycle_files import AT, FILES, digest, image
from tests.unit.ecr.cli.running import Shell

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("number", "outcome", "rule"),
    [(1, "keep", None), (3, "keep", None), (4, "archive", 2), (5, "expire", 1), (6, "expire", 1)],
)
def test_the_json_has_the_outcome_the_rule_and_the_explanation(
    number: int, outcome: str, rule: int | None, shell: Shell
) -> None:
    ran = shell("lifecycle", "explain", digest(number), *FILES, *AT, "--json")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    document = dict(ran.json)
    explanation = document.pop("explanation")
    assert document == {
        "digest": digest(number),
        "tags": lifecycle_files.IMAGES[number - 1].get("imageTags", []),
        "outcome": outcome,
        "rule": rule,
    }
    text = shell("lifecycle", "explain", digest(number), *FILES, *AT)
    assert (text.code, text.err, text.out.splitlines()) == (ExitCode.DONE, "", explanation)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("v0.8.0", id="tag"),
        pytest.param(digest(4), id="digest"),
        pytest.param(digest(4).removeprefix("sha256:"), id="digest-without-its-algorithm"),
    ],
)
def test_an_image_may_be_named_in_many_ways(name: str, shell: Shell) -> None:
    ran = shell("lifecycle", "explain", name, *FILES, *AT, "--json")
    assert (ran.code, ran.json["digest"]) == (ExitCode.DONE, digest(4))


@pytest.mark.parametrize(
    "name", ["ab", "sha256:ab", "a", "abc"], ids=["hex", "with-algorithm", "one-digit", "a-tag-goes-first"]
)
def test_the_beginning_of_a_digest_is_enough_where_no_other_image_has_it(name: str, folder: Path, shell: Shell) -> None:
    hexadecimal = {"abc": "c" * 64}.get(name, "ab" + "0" * 62)
    images = [image(1, 1, imageDigest=f"sha256:{hexadecimal}"), image(2, 2)]
    if name == "abc":
        images = [
            image(1, 1, "abc", imageDigest=f"sha256:{hexadecimal}"),
            image(2, 2, imageDigest="sha256:abc" + "0" * 61),
        ]
    lifecycle_files.write(folder, images=images)
    ran = shell("lifecycle", "explain", name, *FILES, *AT, "--json")
    assert (ran.code, ran.json.get("digest")) == (ExitCode.DONE, f"sha256:{hexadecimal}")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param(
            "v9", '"v9" names none of the 6 images of the repository; accepted: a tag, a digest, or', id="none"
        ),
        pytest.param("", '"" names none of the 6 images', id="empty"),
        pytest.param(
            "sha256:0",
            f'"sha256:0" names 6 images: {digest(1)}, {digest(2)}, {digest(3)} and 3 more; name one',
            id="all",
        ),
        pytest.param("dev/yoon-app:v1", "'dev/yoon-app:v1' is not an image; accepted: HOST/NAME:TAG", id="no-host"),
    ],
)
def test_an_image_that_is_not_exactly_one_is_refused(name: str, problem: str, shell: Shell) -> None:
    ran = shell("lifecycle", "explain", name, *FILES, *AT)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"error: IMAGE: {problem}")


def test_an_image_with_its_host_is_not_one_of_a_file(shell: Shell) -> None:
    ran = shell("lifecycle", "explain", f"{HOST}/dev/yoon-app:v4", *FILES)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith(f"error: IMAGE: is one of {HOST}/dev/yoon-app, but the images of a file are looked at")
