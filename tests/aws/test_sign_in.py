"""What somebody reads who is not signed in, or no longer, or can't get through: each says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import botocore.credentials
import botocore.exceptions
import botocore.tokens
import pytest
from botocore.exceptions import BotoCoreError

from ecr.aws import EcrRepository, errors
from ecr.errors import ExitCode, RemoteError

START_URL = "https://example.awsapps.com/start"
CONFIG = f"""
[profile session]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = dev
[sso-session corp]
sso_region = eu-west-1
sso_start_url = {START_URL}
sso_registration_scopes = sso:account:access
[profile older]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = dev
[profile process]
credential_process = false
"""
EXPIRED = {"accessToken": "made-up", "expiresAt": "2020-01-01T00:00:00Z", "startUrl": START_URL, "region": "eu-west-1"}

SSO = "run `aws sso login` with the profile's name as --profile"
# Code without "Error" -> what it says to do; `tests/aws/test_aws.py` has the other codes.
HINTS = {
    "SSOTokenLoad": SSO,
    "UnauthorizedSSOToken": SSO,
    "TokenRetrieval": SSO,
    "LoginTokenLoad": "run `aws login`",
    "LoginRefreshRequired": "run `aws login`",
    "CredentialRetrieval": "run the profile's credential_process by hand",
    "ConnectionClosed": "check the network",
    "ProxyConnection": "check HTTPS_PROXY and NO_PROXY",
    "SSL": "AWS_CA_BUNDLE",
}


@pytest.mark.parametrize("code", HINTS)
def test_each_way_not_to_get_through_says_what_to_do(code: str) -> None:
    kind: type[BotoCoreError] = getattr(botocore.exceptions, code, None) or getattr(botocore.exceptions, f"{code}Error")
    error = kind(**dict.fromkeys(re.findall(r"{(\w+)}", kind.fmt), "made up"))
    with pytest.raises(RemoteError, match=kind.__name__) as raised, errors.translated("dev/app", "DescribeImages"):
        raise error
    assert HINTS[code] in str(raised.value)
    assert raised.value.exit_code == ExitCode.REMOTE


@pytest.fixture
def machine(tmp_path: Path, _surroundings: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with profiles of all kinds, where nobody is signed in; the folder of the tokens."""
    config = tmp_path / "config"
    config.write_text(CONFIG)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    for provider in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(tokens))  # found out from HOME when it is loaded
    return tokens


def nothing(_tokens: Path) -> None:
    pass


def expired(tokens: Path) -> None:
    for name in ("corp", START_URL):
        (tokens / f"{sha1(name.encode()).hexdigest()}.json").write_text(json.dumps(EXPIRED))  # noqa: S324 - its name


@pytest.mark.parametrize(
    ("profile", "arrange", "code", "hint"),
    [
        pytest.param("session", nothing, "SSOTokenLoadError", SSO, id="never-signed-in"),
        pytest.param("session", expired, "TokenRetrievalError", SSO, id="expired"),
        pytest.param("older", nothing, "SSOTokenLoadError", SSO, id="older-form-never-signed-in"),
        pytest.param("older", expired, "UnauthorizedSSOTokenError", SSO, id="older-form-expired"),
        pytest.param("process", nothing, "CredentialRetrievalError", "credential_process", id="process-that-fails"),
        pytest.param("gone", nothing, "ProfileNotFound", "correct aws:profile or AWS_PROFILE", id="no-such-profile"),
        pytest.param(None, nothing, "NoCredentialsError", "`aws sso login`", id="nothing-at-all"),
    ],
)
def test_somebody_who_is_not_signed_in_is_told_how_to(
    profile: str | None, arrange: Callable[[Path], None], code: str, hint: str, machine: Path
) -> None:
    arrange(machine)
    with pytest.raises(RemoteError, match=code) as raised:
        EcrRepository("dev/app", region="eu-west-1", profile=profile).find_digest("v1")
    assert hint in str(raised.value)
    assert "made-up" not in str(raised.value)


def test_a_missing_permission_is_named() -> None:
    error = errors.remote_error("dev/app", "ListFindings", "AccessDeniedException", "no", service="inspector2")
    assert "the credentials in use lack this permission on the repository: inspector2:ListFindings" in str(error)
