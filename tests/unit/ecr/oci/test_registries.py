from __future__ import annotations

import pytest

from ecr.oci.registries import locate
from ecr.reference import RepositoryUrl


@pytest.mark.parametrize(
    ("url", "base_url", "repository"),
    [
        pytest.param("ghcr.io/a/b", "https://ghcr.io", "a/b", id="https"),
        pytest.param("docker.io/nginx", "https://registry-1.docker.io", "library/nginx", id="docker-hub-official"),
        pytest.param("docker.io/a/b", "https://registry-1.docker.io", "a/b", id="docker-hub"),
        pytest.param("localhost:5000/app", "http://localhost:5000", "app", id="this-machine"),
        pytest.param("[::1]:5000/app", "http://[::1]:5000", "app", id="this-machine-ipv6"),
        pytest.param("registry.test:5000/app", "http://registry.test:5000", "app", id="asked-for"),
        pytest.param("registry.test/app", "https://registry.test", "app", id="another-port"),
    ],
)
def test_a_registry_is_reached_where_its_name_says(url: str, base_url: str, repository: str) -> None:
    location = locate(RepositoryUrl.parse(url), plain_http=frozenset({"registry.test:5000"}))
    assert (location.registry.base_url, location.repository, location.name) == (base_url, repository, url)
    assert location.registry.put_manifest_rate is None


def test_ecr_is_signed_in_to_through_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up-key")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    host = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
    location = locate(RepositoryUrl.parse(f"{host}/dev/app"))
    assert (location.registry.base_url, location.registry.put_manifest_rate) == (f"https://{host}", 10)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    location = locate(RepositoryUrl.parse(f"{host}/dev/app"))
    assert (location.registry.base_url, location.registry.host) == ("http://localhost:4566", host)
