"""`-c KEY=VALUE`."""

from __future__ import annotations

import pytest

from local import overrides
from local.errors import BadInput
from local.overrides import Override

PROJECT = "container-registry"

GOOD = {
    "a key of the project": ("tagMutability=MUTABLE", Override("container-registry:tagMutability", (), "MUTABLE")),
    "a path inside": ("build.tag=v2", Override("container-registry:build", ("tag",), "v2")),
    "a deeper path": ("build.args.BASE=x", Override("container-registry:build", ("args", "BASE"), "x")),
    "another namespace": ("aws:region=eu-west-1", Override("aws:region", (), "eu-west-1")),
    "its own namespace": ("container-registry:protect=true", Override("container-registry:protect", (), value=True)),
    "a list": ("lifecycle=[{keep: 3}]", Override("container-registry:lifecycle", (), [{"keep": 3}])),
    "a value with an equals sign": ("build.tag=a=b", Override("container-registry:build", ("tag",), "a=b")),
    "a number": ("build.tag=7", Override("container-registry:build", ("tag",), 7)),
    "a quoted number": ('build.tag="7"', Override("container-registry:build", ("tag",), "7")),
    "on is a word, as in a stack file": ("build.tag=on", Override("container-registry:build", ("tag",), "on")),
    "a date is a word": ("build.tag=2026-01-31", Override("container-registry:build", ("tag",), "2026-01-31")),
    "nothing takes it out": ("build=", Override("container-registry:build", (), None)),
}
BAD = {
    "no equals sign": ("build.tag", "expected KEY=VALUE"),
    "nothing at all": ("", "expected KEY=VALUE"),
    "no key": ("=v2", "'' is not a key"),
    "a path that ends in a dot": ("build.=v2", "'build.' is not a key"),
    "a path that starts with a dot": (".tag=v2", "'.tag' is not a key"),
    "two namespaces": ("a:b:c=1", "'a:b:c' is not a key"),
    "a blank inside": ("my key=1", "'my key' is not a key"),
    "broken YAML": ("lifecycle=[{", "not valid YAML"),
}


@pytest.mark.parametrize(("text", "expected"), GOOD.values(), ids=GOOD)
def test_is_parsed(text: str, expected: Override) -> None:
    assert overrides.parse(text, PROJECT) == expected


@pytest.mark.parametrize(("text", "problem"), BAD.values(), ids=BAD)
def test_malformed_is_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(BadInput) as caught:
        overrides.parse(text, PROJECT)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("-c ")
    assert "\n" not in str(caught.value)


def test_applies_inside_an_object_and_leaves_the_original_alone() -> None:
    config = {"container-registry:build": {"context": "images/nginx", "tag": "v1"}}
    changed = overrides.apply(config, [overrides.parse("build.tag=v2", PROJECT)])
    assert changed == {"container-registry:build": {"context": "images/nginx", "tag": "v2"}}
    assert config["container-registry:build"]["tag"] == "v1"


def test_makes_the_object_that_is_not_there() -> None:
    assert overrides.apply({}, [overrides.parse("encryption.type=KMS", PROJECT)]) == {
        "container-registry:encryption": {"type": "KMS"}
    }


def test_an_empty_value_takes_the_setting_out() -> None:
    config = {"container-registry:build": {"tag": "v1"}, "aws:region": "eu-west-1"}
    assert overrides.apply(config, [overrides.parse("build=", PROJECT)]) == {"aws:region": "eu-west-1"}


def test_the_last_of_two_wins() -> None:
    pair = [overrides.parse(text, PROJECT) for text in ("build.tag=v2", "build.tag=v3")]
    assert overrides.apply({}, pair) == {"container-registry:build": {"tag": "v3"}}


@pytest.mark.parametrize("value", ["text", 3, ["a"]])
def test_a_path_through_a_plain_value_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match=r"container-registry:repository.*has no keys inside"):
        overrides.apply({"container-registry:repository": value}, [overrides.parse("repository.name=x", PROJECT)])
