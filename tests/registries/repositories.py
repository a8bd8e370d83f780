"""Repositories of the test registries, seen without the product."""

from __future__ import annotations

from dataclasses import dataclass

from tests.registries.images import Content
from tests.registries.plain_client import PlainClient
from tests.registries.servers import Server

TAG = "v1.0.0"


@dataclass(frozen=True)
class Repository:
    """One repository: where it lies, and a client that the product has no part in."""

    server: Server
    name: str
    plain: PlainClient

    def push(self, content: Content, tag: str | None = None) -> Content:
        return self.plain.push(self.name, content, tag)

    def digest(self, reference: str = TAG) -> str | None:
        return self.plain.digest(self.name, reference)

    def differences(self, expected: Content, tag: str = TAG) -> list[str]:
        return self.plain.differences(self.name, tag, expected)
