"""The environment that points everything at the local cloud, and nothing at anybody's real account."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.layout import Layout

# Not a secret: it encrypts the state of an emulator on this machine, next to which it would have to be stored anyway.
# Fixed, so that the state can be read by any later run.
PASSPHRASE = "local-cloud"  # noqa: S105

# Whatever the caller has set of these could lead to a real account, backend or organization.
DROPPED_PREFIXES = ("AWS_",)
DROPPED = (
    "PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_HOME", "PULUMI_STACK",
    "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
)  # fmt: skip


def without_proxy(environ: Mapping[str, str]) -> str:
    """`NO_PROXY` of the caller's, and this machine: the emulator is on it, whatever proxy leads off it."""
    given = [entry.strip() for name in ("NO_PROXY", "no_proxy") for entry in environ.get(name, "").split(",")]
    if "*" in given:
        return "*"  # everything; not every reader knows it in a list
    return ",".join(dict.fromkeys(entry for entry in (*given, "localhost", "127.0.0.1") if entry))


def shell(layout: Layout, *, docker_host: str | None, region: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a shell, boto3 and the commands aws, docker and pulumi need; `environ` is the caller's."""
    direct = without_proxy(environ)
    values = {
        "AWS_ENDPOINT_URL": layout.endpoint,
        # MiniStack takes any; `test` selects its default account, 000000000000.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # the aws command of version 1 reads no other
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": direct,
        "no_proxy": direct,
        "DOCKER_CONFIG": str(layout.docker_config),
        "DOCKER_BUILDKIT": "0",  # Debian's docker.io comes without buildx
        "PULUMI_BACKEND_URL": f"file://{layout.backend}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if docker_host:
        values["DOCKER_HOST"] = docker_host
    return values


def engine(layout: Layout, *, docker_host: str | None, pulumi_home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What the engine, its plugins and the program need. The Region is left to the stack file, as in production."""
    values = shell(layout, docker_host=docker_host, region="", environ=environ)
    return {
        **{name: value for name, value in values.items() if value},
        "PULUMI_HOME": str(pulumi_home),
        "PULUMI_STAND_IN_ROOT": str(layout.checkout),
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    }


def dropped(environ: Mapping[str, str]) -> list[str]:
    """The variables of `environ` that must not reach the local cloud."""
    return sorted(name for name in environ if name.startswith(DROPPED_PREFIXES) or name in DROPPED)


@contextmanager
def applied(values: Mapping[str, str]) -> Iterator[None]:
    """Run with `values` in this process's own environment: the program runs in this very process."""
    before = dict(os.environ)
    for name in dropped(before):
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        for name in set(os.environ) - before.keys():
            del os.environ[name]
        os.environ.update(before)


def shell_lines(
    values: Mapping[str, str], environ: Mapping[str, str], *, path_entries: Sequence[Path] = ()
) -> list[str]:
    """Lines for `eval`: one export per variable, and an unset for what the shell has and must not keep."""
    unset = [name for name in dropped(environ) if name not in values]
    lines = [f"unset {' '.join(unset)}"] if unset else []
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(values.items())]
    if path_entries:
        lines.append(f'export PATH={":".join(shlex.quote(str(entry)) for entry in path_entries)}:"$PATH"')
    return lines
