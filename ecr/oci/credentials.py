"""Who to be at a registry: Docker's configuration file with its credential helpers. Never from arguments.

Sources: Docker CLI reference, `docker login`, "Credential stores" and "Credential helpers"; protocol of the helpers:
github.com/docker/docker-credential-helpers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ecr.errors import RemoteError

HELPER_TIMEOUT_S = 30.0
# How a helper says that the password is an identity token (docker-credential-helpers, and the CLI's `credentials`).
TOKEN_USER = "<token>"  # noqa: S105 (a user's name)
# Docker Hub's name in Docker's own files, whatever host serves it.
DOCKER_HUB_KEY = "https://index.docker.io/v1/"
DOCKER_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER = re.compile(r"[A-Za-z0-9._-]+")
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True)
class Credentials:
    """A user at a registry.

    Attributes:
        username: who.
        password: secret.
        identity_token: secret; when there is one, it is traded for access tokens in place of a password.
    """

    username: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)


SignIn = Callable[[], Credentials | None]
"""Asked on first use, and again when a registry refuses what it gave; None is nobody in particular."""


def anonymous() -> None:
    """Nobody in particular."""


def docker_sign_in(host: str, environ: Mapping[str, str]) -> SignIn:
    """How Docker itself would sign in to `host`; nothing is read before it is asked.

    Asking it raises RemoteError when the file can't be read, or a helper is missing, fails or hangs.
    """
    return lambda: _look_up(host, environ)


def _look_up(host: str, environ: Mapping[str, str]) -> Credentials | None:
    path = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or Path.home()) / ".docker") / "config.json"
    config = _read(path)
    helpers, store, entries = config.get("credHelpers"), config.get("credsStore"), config.get("auths")
    keys = _keys(host)
    if isinstance(helpers, dict):
        for key in keys:
            if isinstance(helper := helpers.get(key), str):
                return _ask(helper, key, host, environ)
    if isinstance(store, str) and store:
        found = _ask(store, keys[0], host, environ)
        if found is not None:
            return found
    if isinstance(entries, dict):
        for key in (*keys, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/"):
            if isinstance(entry := entries.get(key), dict) and (found := _entry(entry, path, host)):
                return found
    return None


def _keys(host: str) -> tuple[str, ...]:
    return (DOCKER_HUB_KEY, "docker.io", "index.docker.io") if host in DOCKER_HUB_HOSTS else (host,)


def _read(path: Path) -> Mapping[str, object]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _error(f"{path} can't be read: {error.strerror}", "CONFIG") from error
    except (ValueError, RecursionError) as error:
        # The error itself would quote the file.
        raise _error(f"{path} is not JSON; correct it, or sign in anew with docker login", "CONFIG") from error
    if not isinstance(document, dict):
        raise _error(f"{path} is not a JSON object; correct it, or sign in anew with docker login", "CONFIG")
    return document


def _entry(entry: Mapping[str, object], path: Path, host: str) -> Credentials | None:
    token, auth = entry.get("identitytoken"), entry.get("auth")
    username, password = entry.get("username"), entry.get("password")
    if isinstance(auth, str) and auth:
        from base64 import b64decode  # noqa: PLC0415 (few need it)

        try:
            username, _, password = b64decode(auth, validate=True).decode().partition(":")
        except ValueError:  # base64's and UTF-8's own errors are of this kind
            raise _error(
                f"{path} has an entry for {host} that can't be read; sign in anew: docker login {host}", "CONFIG"
            ) from None
        password = password.strip("\0")
    if isinstance(token, str) and token:
        return Credentials(str(username or TOKEN_USER), "", token)
    if isinstance(username, str) and isinstance(password, str) and username:
        return Credentials(username, password)
    return None


def _ask(helper: str, key: str, host: str, environ: Mapping[str, str]) -> Credentials | None:
    """What `docker-credential-HELPER get` answers; None when it knows nothing of this registry."""
    import subprocess  # noqa: PLC0415 (most runs need no helper, and it takes a while to load)

    program = f"docker-credential-{helper}"
    if not _HELPER.fullmatch(helper):
        raise _error(f"Docker's config.json names the credential helper {helper!r}, which is no name", "CONFIG")
    try:
        answer = subprocess.run(  # noqa: S603 (the user's own configuration names it)
            [program, "get"], input=key.encode(), capture_output=True, timeout=HELPER_TIMEOUT_S, env=dict(environ),
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise _error(
            f"{program} is not installed; Docker's config.json names it for {host}: install it, or remove it there",
            "HELPER_MISSING",
        ) from None
    except subprocess.TimeoutExpired:
        raise _error(f"{program} gave no credentials for {host} in {HELPER_TIMEOUT_S:.0f} s", "HELPER") from None
    except OSError as error:
        raise _error(f"{program} can't be run: {error.strerror}", "HELPER") from None
    if answer.returncode:
        if _NOT_FOUND in answer.stdout.decode(errors="replace").lower():
            return None
        raise _error(
            f"{program} failed for {host} with exit code {answer.returncode}; sign in anew with docker login", "HELPER"
        )
    return _understood(answer.stdout, program, host)


def _understood(answer: bytes, program: str, host: str) -> Credentials | None:
    try:
        document = json.loads(answer)
        username, secret = document["Username"], document["Secret"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _error(f"{program} gave no credentials for {host}, but something else", "HELPER") from None
    if not (isinstance(username, str) and isinstance(secret, str)):
        raise _error(f"{program} gave no credentials for {host}, but something else", "HELPER")
    if username == TOKEN_USER:
        return Credentials(username, "", secret)
    return Credentials(username, secret) if username else None


def _error(problem: str, code: str) -> RemoteError:
    return RemoteError(problem, service="registry", operation="SignIn", code=code)
