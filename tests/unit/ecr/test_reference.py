from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.reference import (
    SOMEWHERE,
    EcrHost,
    ImageReference,
    Registry,
    RepositoryArn,
    RepositoryUrl,
    is_digest,
    is_repository_name,
    is_tag,
)
from ecr.regions import PARTITIONS

HEX_64 = "0123456789abcdef" * 4
HOST = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("", False, id="empty"),
        pytest.param("a", False, id="1-character"),
        pytest.param("ab", True, id="2-characters"),
        pytest.param("r" * 256, True, id="256-characters"),
        pytest.param("r" * 257, False, id="257-characters"),
        pytest.param("a/b", True, id="two-parts"),
        pytest.param("a//b", False, id="double-slash"),
        pytest.param("/ab", False, id="leading-slash"),
        pytest.param("ab/", False, id="trailing-slash"),
        pytest.param("a.b", True, id="dot"),
        pytest.param("a..b", False, id="two-dots"),
        pytest.param("a_b", True, id="underscore"),
        pytest.param("a__b", True, id="two-underscores"),
        pytest.param("a___b", False, id="three-underscores"),
        pytest.param("a-b", True, id="dash"),
        pytest.param("a---b", True, id="three-dashes"),
        pytest.param("a-.b", False, id="dash-and-dot"),
        pytest.param("ab-", False, id="trailing-dash"),
        pytest.param("-ab", False, id="leading-dash"),
        pytest.param("a/-b", False, id="part-with-leading-dash"),
        pytest.param("Ab", False, id="upper-case"),
        pytest.param("a b", False, id="space"),
        pytest.param("ab\n", False, id="line-feed"),
        pytest.param("ab:v1", False, id="tag"),
        pytest.param("a\u0661", False, id="arabic-digit"),
        pytest.param("é" * 2, False, id="accent"),
        # Must be answered at once: a careless pattern takes for ever.
        pytest.param("a-" * 127 + "a!", False, id="near-miss-of-256-characters"),
    ],
)
def test_a_repository_name_follows_ecrs_grammar(text: str, *, accepted: bool) -> None:
    assert is_repository_name(text) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("", False, id="empty"),
        pytest.param("v", True, id="1-character"),
        pytest.param("t" * 128, True, id="128-characters"),
        pytest.param("t" * 129, False, id="129-characters"),
        pytest.param("v1.0.0", True, id="version"),
        pytest.param("_A-Z.z_", True, id="every-kind"),
        pytest.param(".v", False, id="leading-dot"),
        pytest.param("-v", False, id="leading-dash"),
        pytest.param("v+1", False, id="plus"),
        pytest.param("v1\n", False, id="line-feed"),
        pytest.param("v\u0661", False, id="arabic-digit"),
        pytest.param("sha256:a", False, id="colon"),
    ],
)
def test_a_tag_follows_the_oci_grammar(text: str, *, accepted: bool) -> None:
    assert is_tag(text) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param(f"sha256:{HEX_64}", True, id="complete"),
        pytest.param(f"sha256:{HEX_64[1:]}", False, id="63-digits"),
        pytest.param(f"sha256:{HEX_64}0", False, id="65-digits"),
        pytest.param(f"sha256:{HEX_64.upper()}", False, id="upper-case"),
        pytest.param(f"sha512:{HEX_64}", False, id="other-algorithm"),
        pytest.param(HEX_64, False, id="without-algorithm"),
        pytest.param(f"sha256:{HEX_64}\n", False, id="line-feed"),
        pytest.param("", False, id="empty"),
    ],
)
def test_a_digest_is_complete_and_sha256(text: str, *, accepted: bool) -> None:
    assert is_digest(text) is accepted


@pytest.mark.parametrize(
    ("text", "host", "name"),
    [
        pytest.param(f"{HOST}/dev/yoon-app", HOST, "dev/yoon-app", id="ecr"),
        pytest.param("localhost:4566/ab", "localhost:4566", "ab", id="port"),
    ],
)
def test_a_repository_url_is_split_at_its_first_slash(text: str, host: str, name: str) -> None:
    assert RepositoryUrl.parse(text) == RepositoryUrl(host, name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("dev", id="no-slash"),
        pytest.param(f"{HOST}/", id="no-name"),
        pytest.param("/dev/yoon-app", id="no-host"),
        pytest.param(f"https://{HOST}/dev/yoon-app", id="scheme"),
        pytest.param(f"{HOST}/dev/yoon-app:v1", id="tag"),
        pytest.param(f"{HOST}/dev/yoon-app@sha256:{HEX_64}", id="digest"),
        pytest.param(f"{HOST}/Dev", id="upper-case"),
    ],
)
def test_what_is_no_repository_url_is_refused_with_the_text_and_the_form(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is not a repository URL of the form HOST/NAME")):
        RepositoryUrl.parse(text)


def test_an_image_uri_names_the_digest() -> None:
    assert RepositoryUrl(HOST, "dev/yoon-app").image_uri(f"sha256:{HEX_64}") == (
        f"123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/dev/yoon-app@sha256:{HEX_64}"
    )


parts = st.text("abz09", min_size=2, max_size=5)
names = st.lists(parts, min_size=1, max_size=4).flatmap(
    lambda some: st.sampled_from("/._-").map(lambda by: by.join(some))
)
hosts = st.text("abz09.-:", min_size=1, max_size=12)


@settings(deadline=None, max_examples=40)
@given(host=hosts, name=names)
def test_what_was_parsed_prints_as_it_was(host: str, name: str) -> None:
    url = RepositoryUrl.parse(f"{host}/{name}")
    assert (url, str(url)) == (RepositoryUrl(host, name), f"{host}/{name}")


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=12))
def test_any_text_is_either_a_url_that_prints_as_it_was_or_refused(text: str) -> None:
    try:
        url = RepositoryUrl.parse(text)
    except ValueError:
        return
    assert str(url) == text
    assert is_repository_name(url.name)


DIGEST = f"sha256:{HEX_64}"


@pytest.mark.parametrize(
    ("text", "host", "name", "tag", "digest"),
    [
        pytest.param(f"{HOST}/dev/app:v1", HOST, "dev/app", "v1", None, id="tag"),
        pytest.param(f"{HOST}/dev/app@{DIGEST}", HOST, "dev/app", None, DIGEST, id="digest"),
        pytest.param("localhost/app:v1", "localhost", "app", "v1", None, id="this-machine"),
        pytest.param("localhost:4566/app:v1", "localhost:4566", "app", "v1", None, id="port"),
        pytest.param("[::1]:5000/app:v1", "[::1]:5000", "app", "v1", None, id="ipv6"),
        pytest.param("ghcr.io/org/app:v1", "ghcr.io", "org/app", "v1", None, id="other-registry"),
    ],
)
def test_an_image_is_named_by_host_name_and_a_tag_or_digest(
    text: str, host: str, name: str, tag: str | None, digest: str | None
) -> None:
    image = ImageReference.parse(text)
    assert image == ImageReference(RepositoryUrl(host, name), tag, digest)
    assert (str(image), image.reference) == (text, tag or digest)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("nginx:alpine", id="no-host"),
        pytest.param("library/nginx:alpine", id="first-part-is-no-host"),
        pytest.param("localhosts/nginx:alpine", id="not-quite-this-machine"),
        pytest.param(f"{HOST}/dev/app", id="neither-tag-nor-digest"),
        pytest.param("localhost:5000/app", id="port-is-no-tag"),
        pytest.param(f"{HOST}/dev/app:v1@{DIGEST}", id="both"),
        pytest.param(f"{HOST}/dev/app@sha256:{HEX_64[:63]}", id="short-digest"),
        pytest.param(f"{HOST}/dev/app@sha256:{HEX_64.upper()}", id="upper-case-digest"),
        pytest.param(f"{HOST}/dev/app@sha512:{HEX_64}", id="other-algorithm"),
        pytest.param(f"{HOST}/dev/app:", id="empty-tag"),
        pytest.param(f"{HOST}/dev/app:-v1", id="tag-begins-with-dash"),
        pytest.param(f"https://{HOST}/dev/app:v1", id="scheme"),
        pytest.param("user:password@host.example/app:v1", id="credentials"),
        pytest.param("host name/app:v1", id="blank"),
        pytest.param("host.example\n/app:v1", id="line-break"),
    ],
)
def test_what_names_no_image_is_refused_with_the_text_and_the_form(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is not an image; accepted: HOST/NAME:TAG or HOST/NAME@")):
        ImageReference.parse(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", EcrHost("123456789012", "eu-west-1")),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", EcrHost("123456789012", "us-gov-west-1")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", EcrHost("123456789012", "cn-north-1")),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", EcrHost("123456789012", "eu-west-1")),
        ("12345678901.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", None),
        ("123456789012xdkr.ecr.eu-west-1.amazonaws.com", None),
        ("public.ecr.aws", None),
        ("localhost:4566", None),
    ],
)
def test_the_hosts_of_ecr_tell_account_and_region(host: str, expected: EcrHost | None) -> None:
    assert EcrHost.parse(host) == expected


def test_the_arn_of_a_repository_tells_where_it_is() -> None:
    text = "arn:aws-cn:ecr:cn-north-1:123456789012:repository/dev/yoon-app"
    arn = RepositoryArn.parse(text)
    assert arn == RepositoryArn("aws-cn", "cn-north-1", "123456789012", "dev/yoon-app")
    assert str(arn) == text


@pytest.mark.parametrize(
    "text",
    ["", "dev/yoon-app", "arn:aws:s3:::bucket", "arn:aws:ecr:eu-west-1:123:repository/app",
     "arn:aws:ecr:eu-west-1:123456789012:repository/App", "arn:aws:ecr:eu-west-1:123456789012:repository/"],
)  # fmt: skip
def test_other_arns_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN of an ECR repository"):
        RepositoryArn.parse(text)


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws", "eu-west-1", "amazonaws.com"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_an_arn_tells_the_registry_host(partition: str, region: str, suffix: str) -> None:
    host = RepositoryArn(partition, region, "123456789012", "app").registry_host
    assert host == f"123456789012.dkr.ecr.{region}.{suffix}"
    assert EcrHost.parse(host) == EcrHost("123456789012", region)


def test_a_registry_names_its_repositories() -> None:
    registry = Registry("aws-cn", "cn-north-1", "123456789012")
    assert registry.repository_arn("dev/app") == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/dev/app"
    assert registry.repositories("dev/") == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/dev/*"
    assert registry.repositories() == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/*"


@pytest.mark.parametrize(("region", "partition"), PARTITIONS.items())
def test_no_registry_has_longer_names_than_the_one_that_stands_in_for_it(region: str, partition: str) -> None:
    assert len(region) <= len(SOMEWHERE.region)
    assert len(partition) <= len(SOMEWHERE.partition)
