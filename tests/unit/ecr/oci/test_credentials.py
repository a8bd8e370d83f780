from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest

from ecr.errors import RemoteError
from ecr.oci.credentials import Credentials, docker_sign_in

SECRET = "made-up-secret"
AUTH = b64encode(f"me:{SECRET}".encode()).decode()
ENTRY = {"auth": AUTH}


def environ(home: Path, config: object = None) -> dict[str, str]:
    if config is not None:
        (home / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return {"DOCKER_CONFIG": str(home), "PATH": f"{home}:/usr/bin:/bin", "HOME": "/nowhere"}


def helper(home: Path, script: str) -> None:
    program = home / "docker-credential-made-up"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("host", "config", "found"),
    [
        pytest.param("r.example", None, None, id="no-file"),
        pytest.param("r.example", {}, None, id="nothing"),
        pytest.param("r.example", {"auths": {"r.example": {"auth": AUTH}}}, Credentials("me", SECRET), id="auth"),
        pytest.param(
            "r.example", {"auths": {"https://r.example": {"auth": AUTH}}}, Credentials("me", SECRET), id="url"
        ),
        pytest.param("other.example", {"auths": {"r.example": {"auth": AUTH}}}, None, id="other-host"),
        pytest.param(
            "registry-1.docker.io",
            {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}},
            Credentials("me", SECRET),
            id="docker-hub",
        ),
        pytest.param(
            "r.example",
            {"auths": {"r.example": {"auth": AUTH, "identitytoken": SECRET}}},
            Credentials("me", "", SECRET),
            id="identity-token",
        ),
    ],
)
def test_credentials_are_those_that_docker_has(
    tmp_path: Path, host: str, config: object, found: Credentials | None
) -> None:
    assert docker_sign_in(host, environ(tmp_path, config))() == found


@pytest.mark.parametrize("section", [{"credsStore": "made-up"}, {"credHelpers": {"r.example": "made-up"}}])
@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param({"Username": "me", "Secret": SECRET}, Credentials("me", SECRET), id="password"),
        pytest.param({"Username": "<token>", "Secret": SECRET}, Credentials("<token>", "", SECRET), id="token"),
    ],
)
def test_a_helper_is_asked_for_the_host(
    tmp_path: Path, section: dict[str, object], answer: dict[str, str], found: Credentials
) -> None:
    helper(tmp_path, f"[ $1 = get ] && [ $(cat) = r.example ] && echo '{json.dumps(answer)}'")
    assert docker_sign_in("r.example", environ(tmp_path, section))() == found


def test_a_helper_that_knows_nothing_leaves_the_file(tmp_path: Path) -> None:
    helper(tmp_path, "echo credentials not found in native keychain; exit 1")
    config = {"credsStore": "made-up", "auths": {"r.example": {"auth": AUTH}}}
    assert docker_sign_in("r.example", environ(tmp_path, config))() == Credentials("me", SECRET)


@pytest.mark.parametrize(
    ("config", "script", "words"),
    [
        pytest.param("{", "", "config.json is not JSON", id="no-json"),
        pytest.param("[]", "", "is not a JSON object", id="no-object"),
        pytest.param({"auths": {"r.example": {"auth": "%%"}}}, "", "docker login r.example", id="no-base64"),
        pytest.param({"credsStore": "gone"}, "", "docker-credential-gone is not installed", id="missing-helper"),
        pytest.param({"credsStore": "../made-up"}, "", "is no name", id="helper-elsewhere"),
        pytest.param({"credsStore": "made-up"}, f"echo {SECRET}; exit 3", "failed for r.example", id="failing"),
        pytest.param({"credsStore": "made-up"}, f"echo {SECRET}", "but something else", id="babbling"),
    ],
)
def test_what_goes_wrong_is_one_line_without_the_secret(
    tmp_path: Path, config: object, script: str, words: str
) -> None:
    helper(tmp_path, script)
    with pytest.raises(RemoteError, match=words) as raised:
        docker_sign_in("r.example", environ(tmp_path, config))()
    assert "\n" not in str(raised.value)
    assert SECRET not in f"{raised.value}{raised.value.__cause__}"


def test_a_helper_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecr.oci.credentials.HELPER_TIMEOUT_S", 0.05)
    helper(tmp_path, "exec sleep 5")
    with pytest.raises(RemoteError, match="gave no credentials for"):
        docker_sign_in("r.example", environ(tmp_path, {"credsStore": "made-up"}))()


def test_credentials_do_not_show_their_secrets() -> None:
    assert SECRET not in repr(Credentials("me", SECRET, SECRET))
