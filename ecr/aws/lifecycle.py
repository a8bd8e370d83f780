"""The lifecycle policy of one ECR repository: the live one, and AWS's own preview of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from ecr.aws import errors
from ecr.errors import RemoteError
from ecr.lifecycle.comparison import PreviewResult
from ecr.lifecycle.evaluation import Outcome

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        GetLifecyclePolicyPreviewResponseTypeDef,
        LifecyclePolicyPreviewResultTypeDef,
    )

    from ecr.aws.repository import EcrRepository

_START, _GET = "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"
PAGE_SIZE = 100  # API reference, GetLifecyclePolicyPreview, maxResults
MAX_PAGES = 10_000
_POLL_S = 2.0

# API reference, GetLifecyclePolicyPreview, status: the others are COMPLETE, EXPIRED and FAILED.
_RUNNING = "IN_PROGRESS"
_OUTCOMES = {"EXPIRE": Outcome.EXPIRE, "TRANSITION": Outcome.ARCHIVE}


class _Policy(TypedDict, total=False):
    lifecyclePolicyText: str


class _NextToken(TypedDict, total=False):
    nextToken: str


@dataclass(frozen=True)
class Timing:
    """A clock that only goes forward, in seconds, and a way to wait; tests have their own."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def live_policy(repository: EcrRepository) -> str | None:
    """The text of the repository's policy; None when it has none, or is not there. Needs ecr:GetLifecyclePolicy.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    client = repository.client
    with repository.errors("GetLifecyclePolicy"):
        try:
            answer = client.get_lifecycle_policy(repositoryName=repository.name, **repository.registry_id)
        except (
            client.exceptions.LifecyclePolicyNotFoundException,
            client.exceptions.RepositoryNotFoundException,
        ):
            return None
    return answer["lifecyclePolicyText"]


def preview(
    repository: EcrRepository, policy_text: str | None, *, timeout_s: float, timing: Timing | None = None
) -> list[PreviewResult]:
    """What AWS says that a policy would do: the images that it would expire or archive.

    Takes a minute or more, and changes nothing. Needs ecr:StartLifecyclePolicyPreview and
    ecr:GetLifecyclePolicyPreview.

    Args:
        repository: whose images are looked at.
        policy_text: the policy; None for the repository's own.
        timeout_s: how long to wait for AWS to be done.
        timing: the clock; None for the real one.

    Raises:
        RemoteError: when AWS refuses, fails, is not done in time or can't be reached; there is no such repository; or a
            preview of this repository runs already.
    """
    _start(repository, policy_text)
    first = _finished(repository, timeout_s, timing or Timing())
    results = [_result(repository, entry) for entry in first.get("previewResults", ())]
    token, seen = first.get("nextToken") or "", {""}
    while token not in seen:
        if len(seen) > MAX_PAGES:
            break
        seen.add(token)
        page = _page(repository, token)
        _require_complete(repository, page)
        results += [_result(repository, entry) for entry in page.get("previewResults", ())]
        token = page.get("nextToken") or ""
    if token:
        raise _failed(repository, "MalformedAnswer", "the preview has no last page")
    return results


def _start(repository: EcrRepository, policy_text: str | None) -> None:
    given: _Policy = {} if policy_text is None else {"lifecyclePolicyText": policy_text}
    with repository.errors(_START):
        repository.client.start_lifecycle_policy_preview(
            repositoryName=repository.name, **given, **repository.registry_id
        )


def _finished(repository: EcrRepository, timeout_s: float, timing: Timing) -> GetLifecyclePolicyPreviewResponseTypeDef:
    """The first page of a preview that has ended well."""
    deadline = timing.clock() + timeout_s
    while (page := _page(repository, ""))["status"] == _RUNNING:
        if timing.clock() + _POLL_S > deadline:
            raise _failed(
                repository, "TimeoutExpired", f"not done after {timeout_s:.0f} s; run the command again later"
            )
        timing.sleep(_POLL_S)
    _require_complete(repository, page)
    return page


def _page(repository: EcrRepository, token: str) -> GetLifecyclePolicyPreviewResponseTypeDef:
    more: _NextToken = {"nextToken": token} if token else {}
    with repository.errors(_GET):
        return repository.client.get_lifecycle_policy_preview(
            repositoryName=repository.name, maxResults=PAGE_SIZE, **more, **repository.registry_id
        )


def _require_complete(repository: EcrRepository, page: GetLifecyclePolicyPreviewResponseTypeDef) -> None:
    status = page["status"]
    if status != "COMPLETE":
        raise _failed(repository, status, f"AWS's preview ended as {status}; run the command again")


def _result(repository: EcrRepository, entry: LifecyclePolicyPreviewResultTypeDef) -> PreviewResult:
    outcome = _OUTCOMES.get(entry.get("action", {}).get("type", ""))
    if outcome is None or "imageDigest" not in entry:
        raise _failed(repository, "MalformedAnswer", "an image of the preview has no digest or no action")
    return PreviewResult(
        digest=entry["imageDigest"],
        tags=tuple(sorted(entry.get("imageTags", ()))),
        outcome=outcome,
        rule_priority=entry.get("appliedRulePriority"),
    )


def _failed(repository: EcrRepository, code: str, reason: str) -> RemoteError:
    return errors.remote_error(repository.name, _GET, code, reason)
