"""The `docker` stand-in: `python -m local.plugins.docker ENGINE_ADDRESS`, started by the Pulumi engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import cast

import docker
import docker.errors
import requests
from docker.utils import kwargs_from_env
from pulumi.provider.experimental import provider as sdk

from local.plugins.docker_image import DockerClient, Image
from local.plugins.errors import StandInError
from local.plugins.resource import StandInProvider
from local.plugins.schema import NOT_IMPLEMENTED
from local.plugins.server import main
from local.plugins.values import plain_map, text_of

DEFAULT_HOST = "unix:///var/run/docker.sock"
QUIET_S = 600  # the longest silence of the daemon during a push; builds have no limit


class DockerProvider(StandInProvider):
    """Images over the Docker SDK."""

    package = "docker"

    def __init__(self, connect: Callable[[], DockerClient] | None = None) -> None:
        self.host = ""
        super().__init__([Image(connect or self.connect)])

    def connect(self) -> DockerClient:
        """A client of its own for each operation, because the SDK's may not be shared by threads."""
        settings = kwargs_from_env()
        if self.host:
            settings["base_url"] = self.host
        try:
            return cast("DockerClient", docker.APIClient(version="auto", timeout=QUIET_S, **settings))
        except docker.errors.DockerException as exc:
            raise StandInError(self._unreachable(exc)) from exc

    def explain(self, exc: Exception) -> str | None:
        """Docker's errors in words."""
        if isinstance(exc, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
            return self._unreachable(exc)
        if isinstance(exc, docker.errors.APIError):
            return f"the Docker daemon answered {exc.status_code}: {exc.explanation}"
        return str(exc) if isinstance(exc, docker.errors.DockerException | OSError) else None

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuses the provider settings that are not implemented."""
        unknown = sorted(plain_map(request.new_inputs).keys() - {"host", "version"})
        failures = [sdk.CheckFailure("", f"provider setting {key} {NOT_IMPLEMENTED}") for key in unknown]
        return sdk.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Takes the daemon's address; it is not contacted before something is to be built."""
        self.host = text_of(plain_map(request.args).get("host")) or request.variables.get("docker:config:host", "")
        return await super().configure(request)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """No functions."""
        raise StandInError(f"function {request.tok} {NOT_IMPLEMENTED}")

    def _unreachable(self, exc: Exception) -> str:
        where = self.host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
        return f"the Docker daemon at {where} cannot be reached; is it running, and is DOCKER_HOST right? ({exc})"


if __name__ == "__main__":
    main(sys.argv[1:], DockerProvider())
