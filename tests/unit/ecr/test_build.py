from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.build import ImageBuild, is_argument_name, is_platform, is_tag_template
from ecr.reference import is_tag

CONTENT = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("linux/amd64", True, id="amd64"),
        pytest.param("linux/arm64", True, id="arm64"),
        pytest.param("linux/arm/v5", True, id="arm-v5"),
        pytest.param("linux/arm/v8", True, id="arm-v8"),
        pytest.param("linux/arm/v4", False, id="arm-v4"),
        pytest.param("linux/arm/v9", False, id="arm-v9"),
        pytest.param("linux/arm", False, id="arm-without-variant"),
        pytest.param("linux/386", True, id="386"),
        pytest.param("linux/ppc64le", True, id="ppc64le"),
        pytest.param("linux/s390x", True, id="s390x"),
        pytest.param("linux/riscv64", True, id="riscv64"),
        pytest.param("windows/amd64", True, id="windows"),
        pytest.param("windows/arm64", False, id="windows-arm64"),
        pytest.param("darwin/arm64", False, id="darwin"),
        pytest.param("amd64", False, id="no-os"),
        pytest.param("Linux/AMD64", False, id="upper-case"),
        pytest.param("linux/amd64\n", False, id="line-feed"),
        pytest.param("linux/amd64,linux/arm64", False, id="two"),
        pytest.param("", False, id="empty"),
    ],
)
def test_a_platform_is_one_that_images_are_built_for(text: str, *, accepted: bool) -> None:
    assert is_platform(text) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("A", True, id="letter"),
        pytest.param("_a1", True, id="underscore"),
        pytest.param("1A", False, id="digit-first"),
        pytest.param("A-B", False, id="dash"),
        pytest.param("A=B", False, id="equals"),
        pytest.param("A B", False, id="space"),
        pytest.param("A\n", False, id="line-feed"),
        pytest.param("É", False, id="accent"),
        pytest.param("", False, id="empty"),
    ],
)
def test_an_argument_name_is_what_a_dockerfile_can_declare(text: str, *, accepted: bool) -> None:
    assert is_argument_name(text) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("v1.0.0", True, id="fixed"),
        pytest.param("{content}", True, id="content"),
        pytest.param("v1-{content}", True, id="prefix"),
        pytest.param("{content}-{content}", True, id="twice"),
        pytest.param("{commit}", False, id="unknown-placeholder"),
        pytest.param("{content", False, id="half-a-placeholder"),
        pytest.param("{Content}", False, id="upper-case"),
        pytest.param("-{content}", False, id="leading-dash"),
        pytest.param("t" * 116 + "{content}", True, id="128-characters-when-filled"),
        pytest.param("t" * 117 + "{content}", False, id="129-characters-when-filled"),
        pytest.param("t" * 128, True, id="128-characters"),
        pytest.param("t" * 129, False, id="129-characters"),
        pytest.param("", False, id="empty"),
    ],
)
def test_a_tag_template_gives_a_tag(text: str, *, accepted: bool) -> None:
    assert is_tag_template(text) is accepted


@pytest.mark.parametrize(
    ("template", "tag", "follows"),
    [
        pytest.param("v1.0.0", "v1.0.0", False, id="fixed"),
        pytest.param("{content}", "0123456789ab", True, id="content"),
        pytest.param("v1-{content}", "v1-0123456789ab", True, id="prefix"),
        pytest.param("{content}.{content}", "0123456789ab.0123456789ab", True, id="twice"),
    ],
)
def test_a_tag_is_resolved_with_12_digits_of_the_content(template: str, tag: str, *, follows: bool) -> None:
    build = ImageBuild(context="app", dockerfile="app/Dockerfile", tag=template)
    assert (build.resolve_tag(CONTENT), build.tag_follows_content) == (tag, follows)


def test_by_default_the_tag_follows_the_content_for_the_usual_platform() -> None:
    build = ImageBuild(context="app", dockerfile="app/Dockerfile")
    assert (build.tag, build.platform, dict(build.args)) == ("{content}", "linux/amd64", {})


templates = st.lists(st.sampled_from(["{content}", "{", "}", "v", "1", ".", "-", "_", "é", "t" * 60]), max_size=4)


@settings(deadline=None, max_examples=40)
@given(template=templates.map("".join), content=st.sampled_from([CONTENT, "0" * 64, "f" * 64]))
def test_an_accepted_template_gives_a_tag_for_every_content(template: str, content: str) -> None:
    build = ImageBuild(context="app", dockerfile="app/Dockerfile", tag=template)
    assert is_tag(build.resolve_tag(content)) is is_tag_template(template)
