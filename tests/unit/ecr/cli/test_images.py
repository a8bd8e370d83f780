from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import cast

import pytest
from moto import mock_aws

from tests.unit.ecr.cli.amazon import HOST, REGION, push, sign_in
from tests.unit.ecr.cli.projects import Deploy, outputs
from tests.unit.ecr.cli.running import Ran, Shell

NAME = "dev/yoon-app"


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sign_in(monkeypatch)
    with mock_aws():
        yield


def only(ran: Ran) -> Mapping[str, object]:
    (found,) = cast("list[Mapping[str, object]]", ran.json["repositories"])
    return found


def images(found: Mapping[str, object]) -> list[Mapping[str, object]]:
    return cast("list[Mapping[str, object]]", found["images"])


def test_the_images_of_all_stacks_with_what_needs_them(deploy: Deploy, shell: Shell) -> None:
    digest = push(NAME, "v1.0.0", "one")
    push(NAME, "v1.1.0", "two")
    push("prod/yoon-app", "v1.0.0", "one")
    deploy({"dev": outputs("dev", digest), "prod": outputs("prod", digest)})
    ran = shell("images", "--sort", "tag")
    assert ran.code == 0
    lines = [line.split("  ") for line in ran.out.splitlines()]
    assert lines[0][0] == "REPOSITORY"
    assert [(cells[0].strip(), cells[-1].strip()) for cells in lines[1:]] == [
        (NAME, "deployed by stacks dev, prod"),
        (NAME, "-"),
        ("prod/yoon-app", "deployed by stacks dev, prod"),
    ]
    assert [line.partition(",")[0] for line in ran.err.splitlines()] == [
        "stack dev: 2 of 2 images",
        "stack prod: 1 of 1 image",
    ]


def test_json_holds_all_that_is_known(deploy: Deploy, shell: Shell) -> None:
    digest = push(NAME, "v1.0.0")
    deploy({"dev": outputs("dev", digest)})
    found = only(shell("images", "--json", "--stack", "dev"))
    assert {key: found[key] for key in ("name", "repository", "total", "error")} == {
        "name": "stack dev",
        "repository": NAME,
        "total": 1,
        "error": None,
    }
    (image,) = images(found)
    assert (image["digest"], image["tags"], image["kept"]) == (digest, ["v1.0.0"], "deployed by stack dev")


def test_csv_names_each_repository(shell: Shell) -> None:
    push(NAME, "v1")
    ran = shell("images", "--csv", "--repository", NAME, "--region", REGION)
    (row,) = csv.DictReader(ran.out.splitlines())
    assert (row["repository"], row["tags"], row["kept"]) == (NAME, "v1", "")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["v1", "v2", "w1"]),
        (["--tag", "v*"], ["v1", "v2"]),
        (["--tag", "v1", "--tag", "w*"], ["v1", "w1"]),
        (["--limit", "1"], ["v1"]),
        (["--reverse", "--limit", "1"], ["w1"]),
        (["--older-than", "1h"], []),
        (["--newer-than", "1h", "--active"], ["v1", "v2", "w1"]),
        (["--archived"], []),
        (["--larger-than", "1GB"], []),
    ],
    ids=" ".join,
)
def test_what_is_asked_for_is_shown(options: list[str], expected: list[str], shell: Shell) -> None:
    for tag in ("v2", "w1", "v1"):
        push(NAME, tag, tag)
    ran = shell("images", "--sort", "tag", "--json", "--repository", f"{HOST}/{NAME}", *options)
    found = only(ran)
    assert [cast("list[str]", image["tags"])[0] for image in images(found)] == expected
    assert (ran.code, found["total"]) == (0, 3)


def test_untagged_images(shell: Shell) -> None:
    push(NAME, "v1", "one")
    digest = push(NAME, None, "two")
    found = only(shell("images", "--untagged", "--json", "--repository", NAME))
    assert [image["digest"] for image in images(found)] == [digest]


def test_what_goes_wrong_with_one_leaves_the_others(shell: Shell) -> None:
    push(NAME, "v1")
    ran = shell("images", "--repository", "gone", "--repository", NAME)
    assert ran.code == 3
    assert "v1" in ran.out
    assert "error: repository gone: there is no such repository" in ran.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--older-than", "30"], 'error: --older-than: "30" is not accepted; accepted: a whole number with its unit'),
        (["--newer-than", "1 d"], 'error: --newer-than: "1 d" is not accepted'),
        (["--larger-than", "big"], 'error: --larger-than: "big" is not accepted; accepted: a number of bytes'),
        (["--tag", "a b"], 'error: --tag: "a b" is not accepted; accepted: a tag pattern'),
        (["--tag", ""], 'error: --tag: "" is not accepted'),
        (["--tag", "v*", "--untagged"], "error: --untagged: leaves nothing together with --tag"),
        (["--json", "--csv"], "--csv"),
        (["--limit", "0"], "--limit"),
        (["--sort", "name"], "--sort"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_say_nothing_are_refused_before_anybody_is_asked(
    options: list[str], message: str, shell: Shell
) -> None:
    ran = shell("images", "--repository", NAME, *options)
    assert ran.code == 2
    assert message in ran.err + ran.out
