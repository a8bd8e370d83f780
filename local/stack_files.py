"""The generated workspace: the checkout's project and stack files, merged with what the local cloud needs.

The engine writes into its workspace (the encryption salt of a new stack); the checkout's own files stay as they are.
"""

# ruff: noqa: PLC0415 - loaded where needed: the program's settings load the Pulumi SDK, which takes a second

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from local import overrides as override_settings
from local import yaml_files
from local.errors import BadInput
from local.layout import Layout
from local.overrides import Override

NOT_LOCAL = ("aws:profile",)  # a profile is the user's real account
SALT = "encryptionsalt"
# Keys whose services the emulator does not have -> what that is.
NOT_EMULATED = {"registry": "settings of a registry", "pipeline": "pipelines"}
NO_SCANS = "the local cloud's emulator does not scan images"


def project_name(checkout: Path) -> str:
    """The project's name in `Pulumi.yaml`."""
    name = yaml_files.read_mapping(checkout / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise BadInput("Pulumi.yaml: no `name`")
    return name


def known_stacks(checkout: Path) -> list[str]:
    """The stacks that have a stack file."""
    return sorted(path.name.split(".", 1)[1].removesuffix(".yaml") for path in checkout.glob("Pulumi.*.yaml"))


def check_known(checkout: Path, stack: str) -> None:
    """Raise `BadInput` for a stack without a stack file; lists those that exist."""
    known = known_stacks(checkout)
    if stack not in known:
        raise BadInput(f"stack {stack!r}: there is no Pulumi.{stack}.yaml; stacks here: {', '.join(known) or 'none'}")


def stack_config(checkout: Path, stack: str, overrides: Sequence[Override] = ()) -> dict[str, object]:
    """The configuration of one stack as its stack file and the overrides have it, fit for the local cloud.

    Raises:
        BadInput: an unknown stack, a malformed file, or a secret, which only the file's own backend can read.
    """
    check_known(checkout, stack)
    content = yaml_files.read_mapping(checkout / f"Pulumi.{stack}.yaml").get("config") or {}
    if not isinstance(content, dict):
        raise BadInput(f"Pulumi.{stack}.yaml: config: expected keys and values")
    config = override_settings.apply({str(key): value for key, value in content.items()}, overrides)
    for key, value in config.items():
        if isinstance(value, Mapping) and set(value) == {"secure"}:
            raise BadInput(
                f"Pulumi.{stack}.yaml: {key} is encrypted for another backend and cannot be read here; "
                f"give it for this run: -c {key}=VALUE"
            )
    return {key: value for key, value in config.items() if key not in NOT_LOCAL}


def check_settings(checkout: Path, project: str, stack: str, config: Mapping[str, object]) -> None:
    """Raise `BadInput` with the program's own lines about the merged configuration of one stack."""
    import settings
    from ecr.errors import EcrError

    own = {
        key.removeprefix(f"{project}:"): value
        for key, value in config.items()
        if key.startswith(f"{project}:") and value is not None
    }
    region = config.get("aws:region")
    try:
        settings.parse(own, checkout, region=region if isinstance(region, str) else None, stack=stack)
    except EcrError as error:
        raise BadInput(str(error)) from None


def builds(config: Mapping[str, object], project: str) -> bool:
    """Whether a stack builds an image and so needs Docker."""
    return bool(config.get(f"{project}:build"))


def without_scans(config: Mapping[str, object], overrides: Sequence[Override], project: str) -> dict[str, object]:
    """The configuration with the gate of a promotion switched off, on the record: the emulator does not scan.

    A gate that an override names is left as it is.
    """
    key = f"{project}:promote"
    promote = config.get(key)
    named = any(one.key == key and one.path[:1] in ((), ("gate",)) for one in overrides)
    if named or not isinstance(promote, Mapping) or not promote:
        return dict(config)
    return {**config, key: {**promote, "gate": {"off": NO_SCANS}}}


def emulated(config: Mapping[str, object], project: str) -> dict[str, object]:
    """The configuration without the keys for which the emulator has no calls."""
    missing = {f"{project}:{key}" for key in NOT_EMULATED}
    return {key: value for key, value in config.items() if key not in missing}


def gate_is_off(config: Mapping[str, object], project: str) -> bool:
    """Whether a stack promotes without a gate because nothing scans here."""
    promote = config.get(f"{project}:promote")
    return isinstance(promote, Mapping) and promote.get("gate") == {"off": NO_SCANS}


def write_project(
    layout: Layout, plugins: Sequence[Mapping[str, str]], analyzers: Sequence[Mapping[str, str]] = ()
) -> None:
    """The workspace's `Pulumi.yaml`: the checkout's, with the local backend and the stand-in plugins."""
    layout.workspace.mkdir(parents=True, exist_ok=True)
    layout.backend.mkdir(parents=True, exist_ok=True)
    project = yaml_files.read_mapping(layout.checkout / "Pulumi.yaml")
    project["runtime"] = "python"  # served by this process; the options name a virtual environment of the checkout
    project["backend"] = {"url": f"file://{layout.backend}"}
    named = {"providers": plugins, "analyzers": analyzers}
    project["plugins"] = {kind: [dict(plugin) for plugin in given] for kind, given in named.items() if given}
    yaml_files.write(layout.workspace / "Pulumi.yaml", project)


def write_stack(layout: Layout, stack: str, config: Mapping[str, object]) -> None:
    """The workspace's file of one stack: the merged configuration, and the salt that the engine made for it."""
    path = layout.workspace / f"Pulumi.{stack}.yaml"
    content: dict[str, object] = {"config": dict(config)}
    if path.exists():
        salt = yaml_files.read_mapping(path).get(SALT)
        if salt is not None:
            content = {SALT: salt, **content}
    yaml_files.write(path, content)
