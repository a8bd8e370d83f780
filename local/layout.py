"""Where the local cloud keeps its things: one state directory per local cloud, one cache per user."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import BadInput

STATE_VARIABLE = "CONTAINER_REGISTRY_LOCAL_STATE"
PORT_VARIABLE = "CONTAINER_REGISTRY_LOCAL_PORT"
DEFAULT_PORT = 4566
MAX_PORT = 65535
MARKER = ".container-registry-local"  # tells our state directory from any other that `down --wipe` must not remove


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Every path of one local cloud, derived from four facts. Creating it touches nothing."""

    checkout: Path
    state: Path
    cache: Path
    port: int

    @property
    def endpoint(self) -> str:
        """The URL of AWS's APIs; by name, not number, as Docker shows the registry's host to the user."""
        return f"http://localhost:{self.port}"

    @property
    def lock(self) -> Path:
        """Held by whoever changes something."""
        return self.state / "lock"

    @property
    def run(self) -> Path:
        """Records of the processes that are (or were) running."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        """What the background processes and the installers print."""
        return self.state / "logs"

    @property
    def emulator(self) -> Path:
        """All files of the AWS emulator."""
        return self.state / "emulator"

    @property
    def workspace(self) -> Path:
        """Generated `Pulumi.yaml` and stack files; the checkout's own are read and never written."""
        return self.state / "workspace"

    @property
    def backend(self) -> Path:
        """The engine's state (its `file://` backend)."""
        return self.state / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """The engine's own folder, apart from the user's."""
        return self.state / "pulumi-home"

    @property
    def plugins(self) -> Path:
        """Scripts that start the stand-in plugins."""
        return self.state / "plugins"

    @property
    def docker_config(self) -> Path:
        """`DOCKER_CONFIG`: a login pasted from the outputs must not end up in the user's own file."""
        return self.state / "docker-config"

    @property
    def docker_data(self) -> Path:
        """Images and containers of the private Docker daemon."""
        return self.state / "docker-data"

    @property
    def docker_run(self) -> Path:
        """Sockets of the private Docker daemon; not in the state directory: their paths must stay under 108 bytes."""
        name = hashlib.sha256(str(self.state).encode()).hexdigest()[:10]
        return Path("/run") / f"container-registry-{name}"

    def prepare(self) -> None:
        """Make the state directory, or refuse one that holds somebody else's files.

        Raises:
            BadInput: the directory is neither empty nor a local cloud's.
        """
        marker = self.state / MARKER
        if marker.exists():
            return
        if self.state.is_dir() and any(self.state.iterdir()):
            raise BadInput(f"--state {self.state}: not empty, and not a local cloud's; name another directory")
        # For its owner alone: the passphrase of the state stands in the code, and docker-config gets logins.
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        for directory in (self.run, self.logs):
            directory.mkdir(exist_ok=True)
        marker.write_text("State of a local cloud (python -m local). `down --wipe` removes this directory.\n")


def default_checkout() -> Path:
    """The checkout that this package lies in."""
    return Path(__file__).resolve().parent.parent


def from_environment(environ: Mapping[str, str], *, state: Path | None = None, port: int | None = None) -> Layout:
    """The layout for arguments (`None`: not given), the environment, and the defaults, in this order.

    Raises:
        BadInput: the port in the environment is not one.
    """
    checkout = default_checkout()
    chosen = state or Path(environ.get(STATE_VARIABLE) or checkout / ".local")
    cache_home = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Layout(
        checkout=checkout,
        state=Path.cwd() / chosen,
        cache=cache_home / "container-registry",
        port=port if port is not None else parse_port(environ.get(PORT_VARIABLE) or str(DEFAULT_PORT), PORT_VARIABLE),
    )


def parse_port(text: str, source: str) -> int:
    """The TCP port in `text`.

    Raises:
        BadInput: not a number from 1 to 65535; names `source`.
    """
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PORT:
        raise BadInput(f"{source} is {text!r}; a port is a number from 1 to 65535")
    return int(text)
