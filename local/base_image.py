"""`nginx:alpine` for the daemon: its own, else Docker Hub's, else a stand-in made from Debian packages."""

# ruff: noqa: PLC0415 - loaded where needed: the Docker SDK takes 0.4 s, and a stack that builds nothing does without

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local import cache, debian, stand_in_image
from local.console import say, step
from local.docker_daemon import Daemon
from local.errors import DiskFull, LocalError, Unavailable, disk_full_in
from local.layout import Layout

if TYPE_CHECKING:
    from docker.models.images import Image

NAME, TAG, PLATFORM = "nginx", "alpine", "linux/amd64"  # images/nginx/Dockerfile, and the default platform of `build`
SILENCE_S = 15  # without a word from Docker Hub for this long it counts as out of reach; a slow pull still ends


@dataclass(frozen=True)
class BaseImage:
    """What `nginx:alpine` is in a daemon."""

    image_id: str
    stand_in: str  # what it was made from; empty for the real one


def find(daemon: Daemon) -> BaseImage | None:
    """The daemon's `nginx:alpine`, without asking any registry."""
    import docker

    client = docker.DockerClient(base_url=daemon.host)
    try:
        return _described(client.images.get(f"{NAME}:{TAG}"))
    except docker.errors.ImageNotFound:
        return None
    finally:
        client.close()


def ensure(layout: Layout, daemon: Daemon) -> None:
    """Have `nginx:alpine` in the daemon.

    Raises:
        Unavailable: Docker Hub is out of reach and a stand-in cannot be made here.
    """
    if find(daemon):
        return
    problem = _pull(daemon)
    if not problem:
        return
    say(f"{NAME}:{TAG} cannot be pulled from Docker Hub ({problem}): a stand-in from Debian's nginx takes its place")
    if not debian.available():
        raise Unavailable(f"{NAME}:{TAG} cannot be pulled ({problem}), and a stand-in needs Debian's apt-get and root")

    def make(draft: Path) -> None:
        stand_in_image.make(draft, layout.logs / "apt.log")

    archive = cache.entry(layout.cache, f"base-image-{stand_in_image.recipe()}", make) / "image.tar"
    _load(daemon, archive)


def _pull(daemon: Daemon) -> str:
    """Pull from Docker Hub; an empty text, or why it failed."""
    import docker
    import requests

    client = docker.DockerClient(base_url=daemon.host, timeout=SILENCE_S)
    try:
        with step(f"pulling {NAME}:{TAG} from Docker Hub"):
            for event in client.api.pull(NAME, tag=TAG, platform=PLATFORM, stream=True, decode=True):
                if "error" in event:
                    return _reason(str(event["error"]))
            client.images.get(f"{NAME}:{TAG}")
    except docker.errors.DockerException as error:
        return _reason(str(error))
    except (requests.RequestException, OSError):
        return f"no word from it for {SILENCE_S} s"
    finally:
        client.close()
    return ""


def _reason(text: str) -> str:
    if disk_full_in(text):
        raise DiskFull("a Docker image")
    return text.strip().rpartition(": ")[2].strip('")\n')[:120] or "refused"


def _load(daemon: Daemon, archive: Path) -> None:
    import docker

    client = docker.DockerClient(base_url=daemon.host)
    try:
        with archive.open("rb") as stream:
            client.images.load(stream)
        loaded = _described(client.images.get(f"{NAME}:{TAG}"))
    except docker.errors.DockerException as error:
        if disk_full_in(str(error)):
            raise DiskFull("a Docker image") from error
        raise LocalError(f"the stand-in for {NAME}:{TAG} cannot be loaded: {error}") from error
    finally:
        client.close()
    say(f"{NAME}:{TAG} is a stand-in made from {loaded.stand_in} ({loaded.image_id[7:19]})")


def _described(image: Image) -> BaseImage:
    return BaseImage(str(image.id), str(image.labels.get(stand_in_image.LABEL, "")))
