"""The referrers API of the distribution protocol, page by page ("Listing Referrers")."""

from __future__ import annotations

import re
from http import HTTPStatus

from ecr.oci.exchange import Answer, Call, Exchange
from ecr.oci.manifest import MAX_MANIFEST_BYTES, OCI_INDEX, Descriptor, descriptors_in, json_object

_MAX_PAGES = 100
_NEXT = re.compile(r'<([^<>]{0,4096})>\s{0,16};[^,<]{0,256}\brel="?next"?')
# How registries say that they know no referrers API: the specification has 404; some refuse the unknown path otherwise.
_NO_SUCH_API = frozenset({400, 404, 405, 501})
_LIST_TYPES = frozenset({OCI_INDEX, "application/json", ""})


def listed_referrers(exchange: Exchange, path: str, limit: int) -> tuple[Descriptor, ...] | None:
    """What a registry lists; None when it has no such API. Stops soon after `limit` entries.

    Raises:
        RemoteError: when the list can't be had or read, or has no end.
    """
    found: dict[str, Descriptor] = {}
    following: str | None = path
    for _ in range(_MAX_PAGES):
        if following is None or len(found) > limit:
            return tuple(found.values())
        call = Call(
            operation="ListReferrers", method="GET", path=following, headers={"Accept": OCI_INDEX},
            limit=MAX_MANIFEST_BYTES,
        )  # fmt: skip
        answer = exchange.fetch(call)
        if following == path and _is_unknown(answer):
            return None
        if answer.status != HTTPStatus.OK:
            raise exchange.refusal(call, answer)
        try:
            entries = descriptors_in(json_object(answer.body), "manifests")
        except ValueError as error:
            raise exchange.error(call, f"answers {path} with something that {error}", "MALFORMED") from error
        found |= {entry.digest: entry for entry in entries}
        link = _NEXT.search(answer.headers.get("link", ""))
        following = exchange.resolved(call, answer.url, link[1]) if link else None
    raise exchange.error(
        Call(operation="ListReferrers", method="GET", path=path), f"lists {path} without end", "TOO_MANY"
    )


def _is_unknown(answer: Answer) -> bool:
    served = answer.headers.get("content-type", "").partition(";")[0].strip()
    return answer.status in _NO_SUCH_API or (answer.status == HTTPStatus.OK and served not in _LIST_TYPES)
