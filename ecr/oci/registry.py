"""Where a registry is and how it wants to be treated; where in it a repository is."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecr.oci.credentials import SignIn, anonymous


@dataclass(frozen=True)
class Registry:
    """Where a registry is reached, how to sign in, and what it allows.

    Attributes:
        base_url: `https://HOST`, or `http://` for a registry on this very machine.
        host: the registry host, sent as `Host`; differs from `base_url` where an endpoint override is in force.
        sign_in: who to be there.
        put_manifest_rate: manifests a second that it takes; None for no limit.
        upload_rate: uploads a second that it lets begin, and as many that it lets end; None for no limit.
        max_blob_bytes: the largest blob it takes; None for no limit.
        sign_in_first: send user name and password without being asked, which spares a request; only where it is known
            that the registry takes them so.
        sign_in_advice: what a user does when the registry refuses who they are.
        plain_http: the user asked for plain HTTP to this host, which need not be this machine.
        api_url: where `sign_in` asks ECR for a token; None for a registry that is not ECR.
    """

    base_url: str
    host: str
    sign_in: SignIn = field(default=anonymous, repr=False, compare=False)
    put_manifest_rate: float | None = None
    upload_rate: float | None = None
    max_blob_bytes: int | None = None
    sign_in_first: bool = False
    sign_in_advice: str = "sign in with docker login"
    plain_http: bool = False
    api_url: str | None = None


@dataclass(frozen=True)
class Location:
    """One repository in a registry.

    Attributes:
        registry: where.
        repository: its name there.
        name: `HOST/NAME`, for messages.
    """

    registry: Registry
    repository: str
    name: str
