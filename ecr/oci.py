"""The OCI distribution protocol, as far as it is needed to read an image's configuration.

Nothing that comes from a registry is trusted: sizes are bounded, digests are checked, redirects get no credentials.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.util import Retry, Timeout, make_headers

from ecr.errors import RemoteError
from ecr.reference import is_digest

INDEX_MEDIA_TYPES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
MANIFEST_MEDIA_TYPES = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)

# The configuration of an image holds no layers; the largest seen in the wild stay below 100 kB.
MAX_CONFIG_BYTES = 4 << 20
MAX_REDIRECTS = 3
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0

# Only repeated where repeating is safe: this module only reads. A registry may ask for more patience, not for hours.
_TEMPORARY = frozenset({429, 500, 502, 503, 504})
_RETRY = Retry(
    total=4, redirect=0, status_forcelist=_TEMPORARY, backoff_factor=0.3, backoff_jitter=0.3, retry_after_max=5,
    raise_on_status=False,
)  # fmt: skip


@dataclass(frozen=True)
class Registry:
    """Where a registry is reached, and how to sign in.

    Attributes:
        base_url: `https://HOST`, or `http://` for a registry on this very machine.
        host: the registry host, sent as `Host`; differs from `base_url` where an endpoint override is in force.
        authorization: value of the `Authorization` header. Secret.
    """

    base_url: str
    host: str
    authorization: str

    def __repr__(self) -> str:
        return f"Registry({self.base_url!r}, {self.host!r}, authorization=***)"


@dataclass(frozen=True)
class Descriptor:
    """A reference from a manifest to something else (OCI image specification, "Content descriptors")."""

    media_type: str
    digest: str
    size: int
    platform: str = ""


def config_descriptor(manifest: str) -> Descriptor | None:
    """The configuration that a manifest names, or None when it is not an image's manifest.

    Raises:
        ValueError: when `manifest` is not JSON of the expected shape.
    """
    document = _object(manifest)
    config = document.get("config")
    return _descriptor(config) if isinstance(config, dict) else None


def platform_manifests(manifest: str) -> tuple[Descriptor, ...]:
    """The manifests that an index names, in its order; empty for a manifest that is no index.

    Attestations (platform `unknown/unknown`) are left out: they are not images.

    Raises:
        ValueError: when `manifest` is not JSON of the expected shape.
    """
    entries = _object(manifest).get("manifests")
    if not isinstance(entries, list):
        return ()
    descriptors = tuple(_descriptor(entry) for entry in entries if isinstance(entry, dict))
    return tuple(descriptor for descriptor in descriptors if descriptor.platform != "unknown/unknown")


def config_labels(config: bytes) -> Mapping[str, str]:
    """The labels of an image, from the bytes of its configuration (OCI image specification, "Image configuration").

    Raises:
        ValueError: when `config` is not JSON of the expected shape.
    """
    section = _object(config).get("config")
    labels = section.get("Labels") if isinstance(section, dict) else None
    if not isinstance(labels, dict):
        return {}
    return {str(key): str(value) for key, value in labels.items()}


def fetch_blob(registry: Registry, repository: str, blob: Descriptor, *, limit: int = MAX_CONFIG_BYTES) -> bytes:
    """The bytes of a blob, checked against its size and digest.

    Raises:
        RemoteError: when it is larger than `limit` bytes, differs from its digest, or can't be had.
    """
    if blob.size > limit:
        raise _error(f"blob {blob.digest} of {repository} has {blob.size} bytes; at most {limit} are read", "TOO_LARGE")
    data = _get(registry, f"/v2/{repository}/blobs/{blob.digest}", min(blob.size, limit))
    if len(data) != blob.size:
        raise _error(f"blob {blob.digest} of {repository} has {len(data)} bytes, and not {blob.size}", "SIZE")
    seen = f"sha256:{hashlib.sha256(data).hexdigest()}"
    if seen != blob.digest:
        raise _error(f"blob {blob.digest} of {repository} arrived as {seen}; the registry's copy is damaged", "DIGEST")
    return data


def _get(registry: Registry, path: str, limit: int) -> bytes:
    url = registry.base_url + path
    headers = {"Host": registry.host, "Authorization": registry.authorization}
    for _ in range(MAX_REDIRECTS + 1):
        _refuse_plain_http(url)
        try:
            with _pool(url) as pool:
                response = pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
                body = response.read(limit + 1)
        except urllib3.exceptions.HTTPError as error:
            raise _error(
                f"registry {registry.host} can't be reached: {_reason(error)}", "UNREACHABLE", temporary=True
            ) from error
        location = response.get_redirect_location()
        if location:
            # A registry redirects to a storage service with a signed URL; our credentials are not for it.
            url, headers = _redirected(registry, url, location), {}
            continue
        if response.status != HTTPStatus.OK:
            raise _error(
                f"registry {registry.host} answered {response.status} for {path}",
                str(response.status),
                temporary=response.status in _TEMPORARY,
            )
        if len(body) > limit:
            raise _error(f"registry {registry.host} sent more than {limit} bytes for {path}", "TOO_LARGE")
        return body
    raise _error(f"registry {registry.host} redirects more than {MAX_REDIRECTS} times for {path}", "REDIRECTS")


def _pool(url: str) -> urllib3.PoolManager:
    """Connections to `url` as boto3 makes them: with the proxy and the certificate authorities of the environment."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    timeout = Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
    authorities = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or None
    if proxy is None:
        return urllib3.PoolManager(timeout=timeout, retries=_RETRY, ca_certs=authorities)
    user = urlsplit(proxy)
    sign_in = make_headers(proxy_basic_auth=f"{user.username}:{user.password}") if user.username else None
    return urllib3.ProxyManager(proxy, proxy_headers=sign_in, timeout=timeout, retries=_RETRY, ca_certs=authorities)


def _redirected(registry: Registry, url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError as error:
        raise _error(f"registry {registry.host} redirects to something that is no address", "REDIRECTS") from error
    return target


def _refuse_plain_http(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise _error(f"{parts.scheme}://{parts.hostname} is refused: registries are read over https", "INSECURE")


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    return type(cause).__name__


def _error(problem: str, code: str, *, temporary: bool = False) -> RemoteError:
    return RemoteError(problem, service="registry", operation="GetBlob", code=code, temporary=temporary)


def _object(text: str | bytes) -> Mapping[str, object]:
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("is JSON without end") from error
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 (wrong data, not a wrong type in the program)
    return document


def _descriptor(entry: Mapping[str, object]) -> Descriptor:
    media_type, digest, size = entry.get("mediaType", ""), entry.get("digest"), entry.get("size")
    if not (isinstance(media_type, str) and isinstance(digest, str) and is_digest(digest) and isinstance(size, int)):
        raise ValueError("has a descriptor without digest and size")
    platform = entry.get("platform")
    name = ""
    if isinstance(platform, dict):
        name = "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))
    return Descriptor(media_type, digest, size, name)
