from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ecr.reference import EcrHost
from ecr.registry.upstreams import SecretArn, Source, Upstream

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"

# Amazon ECR user guide, "Creating a pull through cache rule in Amazon ECR", the examples for the AWS CLI.
KNOWN = [
    ("ecr-public", "public.ecr.aws", False),
    ("k8s", "registry.k8s.io", False),
    ("quay", "quay.io", False),
    ("docker-hub", "registry-1.docker.io", True),
    ("github-container-registry", "ghcr.io", True),
    ("gitlab-container-registry", "registry.gitlab.com", True),
    ("chainguard", "cgr.dev", True),
]


@pytest.mark.parametrize(("name", "host", "credentials"), [pytest.param(*row, id=row[0]) for row in KNOWN])
def test_a_known_upstream_has_the_url_that_aws_documents(name: str, host: str, credentials: bool) -> None:  # noqa: FBT001
    upstream = Upstream.parse(name)
    assert upstream == Upstream(Source(name), host)
    assert upstream.needs_credentials is credentials
    assert upstream.registry is None


def test_every_source_of_the_api_can_be_named() -> None:
    named = {name for name, _, _ in KNOWN}
    assert named | {"azure-container-registry", "ecr"} == set(Source)


def test_a_registry_of_azure_is_named_by_its_host_and_takes_credentials() -> None:
    for host in ("myregistry.azurecr.io", "myregistry-a1b2c3.azurecr.io"):
        upstream = Upstream.parse(host)
        assert upstream == Upstream(Source.AZURE, host)
        assert upstream.needs_credentials
        assert not upstream.takes_prefix


def test_another_ecr_registry_is_named_by_its_host_and_takes_no_credentials() -> None:
    upstream = Upstream.parse("222222222222.dkr.ecr.eu-west-1.amazonaws.com")
    assert upstream.source is Source.ECR
    assert upstream.registry == EcrHost("222222222222", "eu-west-1")
    assert not upstream.needs_credentials
    assert upstream.takes_prefix


def test_only_ecr_and_chainguard_can_be_limited_to_a_prefix() -> None:
    assert [name for name, _, _ in KNOWN if Upstream.parse(name).takes_prefix] == ["chainguard"]


BAD_UPSTREAMS = [
    pytest.param("", "accepted: one of ecr-public, k8s, quay, docker-hub", id="empty"),
    pytest.param("harbor", "accepted: one of ecr-public, k8s, quay, docker-hub", id="unknown"),
    pytest.param("Docker-Hub", "accepted: one of", id="capitals"),
    pytest.param("docker.io", "docker.io is called docker-hub here", id="docker.io"),
    pytest.param("registry-1.docker.io", "is called docker-hub here", id="the host of a known one"),
    pytest.param("ghcr.io", "ghcr.io is called github-container-registry here", id="ghcr.io"),
    pytest.param("kubernetes", "kubernetes is called k8s here", id="kubernetes"),
    pytest.param("https://quay.io", "accepted: one of", id="a URL"),
    pytest.param("ecr", "accepted: one of", id="ecr without its host"),
    pytest.param("azure-container-registry", "accepted: one of", id="azure without its host"),
    pytest.param("gitlab.example.com", "accepted: one of", id="a GitLab of one's own"),
    pytest.param(".azurecr.io", "accepted: one of", id="azure without a name"),
    pytest.param("a.b.azurecr.io", "accepted: one of", id="azure below a subdomain"),
    pytest.param("myregistry.azurecr.io.evil.example", "accepted: one of", id="azure as a prefix"),
    pytest.param("myregistry.azurecr.io\n", "accepted: one of", id="line break"),
    pytest.param("22222222222.dkr.ecr.eu-west-1.amazonaws.com", "accepted: one of", id="11 digits"),
    pytest.param("222222222222.dkr.ecr.eu-west-1.amazonaws.com/app", "accepted: one of", id="with a repository"),
    pytest.param("222222222222.dkr.ecr-fips.us-east-1.amazonaws.com", "and no other form", id="fips"),
    pytest.param("222222222222.dkr-ecr.eu-west-1.on.aws", "and no other form", id="dual stack"),
    pytest.param("222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn", "and no other form", id="China"),
    pytest.param("222222222222.dkr.ecr.us-gov-west-1.amazonaws.com", "in partition aws", id="GovCloud"),
    pytest.param("222222222222.dkr.ecr.eu-wets-1.amazonaws.com", "in partition aws", id="misspelt Region"),
    pytest.param("*.dkr.ecr.eu-west-1.amazonaws.com", "accepted: one of", id="wildcard"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_UPSTREAMS)
def test_what_ecr_cannot_cache_is_refused_with_what_it_can(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Upstream.parse(text)


def test_the_arn_of_a_secret_is_read_into_its_parts() -> None:
    assert SecretArn.parse(SECRET) == SecretArn("aws", "eu-west-1", "123456789012", "ecr-pullthroughcache/hub-AbCdEf")
    # As in the examples of the user guide, and with a path.
    for name in ("example1234", "team/hub-AbCdEf"):
        assert SecretArn.parse(SECRET.replace("hub-AbCdEf", name)).name == f"ecr-pullthroughcache/{name}"


BAD_SECRETS = [
    pytest.param("", "is not the ARN", id="empty"),
    pytest.param("ecr-pullthroughcache/hub", "is not the ARN", id="a name"),
    pytest.param(SECRET.replace("secretsmanager", "ssm"), "is not the ARN", id="a parameter"),
    pytest.param(
        SECRET.replace("ecr-pullthroughcache/hub", "hub"), "is the ARN of a secret of another name", id="name"
    ),
    pytest.param(SECRET.replace("cache/", "cache-"), "is the ARN of a secret of another name", id="no slash"),
    pytest.param(SECRET.replace("ecr-", "my/ecr-"), "is the ARN of a secret of another name", id="prefix not in front"),
    pytest.param(
        SECRET.replace("hub-AbCdEf", ""), "is the ARN of a secret of another name", id="nothing but the prefix"
    ),
    pytest.param(SECRET.replace("hub", "*"), "is not the ARN", id="wildcard"),
    pytest.param(SECRET.replace("123456789012", "12345678901"), "is not the ARN", id="11 digits"),
    pytest.param(SECRET.replace("eu-west-1", "eu-wets-1"), 'is in "eu-wets-1"', id="misspelt Region"),
    pytest.param(SECRET.replace("eu-west-1", "cn-north-1"), 'is in "cn-north-1"', id="another partition"),
    pytest.param(SECRET + "x" * 600, "is not the ARN", id="too long"),
    pytest.param(SECRET + "\n", "is not the ARN", id="line break"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_SECRETS)
def test_any_other_arn_of_a_secret_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SecretArn.parse(text)


def test_a_token_in_the_place_of_its_secret_is_not_repeated() -> None:
    token = f"dckr_pat_{'made-up'}"
    with pytest.raises(ValueError, match="never the credentials themselves") as raised:
        SecretArn.parse(token)
    assert token not in str(raised.value)


@pytest.mark.parametrize("parse", [Upstream.parse, SecretArn.parse], ids=["upstream", "secret"])
@pytest.mark.parametrize(
    "text", ["x" * 100_000, SECRET.replace("ecr-", "x" * 500), f"{'1' * 12}.dkr.ecr.{'a' * 90_000}"]
)
def test_messages_stay_short_whatever_they_are_about(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="accepted") as raised:
        parse(text)
    assert len(str(raised.value)) < 500
