"""The lifecycle policy of one ECR repository: the live one, and AWS's own preview of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from ecr.aws import answers, errors
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

# API reference, GetLifecyclePolicyPreview, status.
_RUNNING, _COMPLETE = "IN_PROGRESS", "COMPLETE"
_STATUSES = frozenset({_RUNNING, _COMPLETE, "EXPIRED", "FAILED"})
_OUTCOMES = {"EXPIRE": Outcome.EXPIRE, "TRANSITION": Outcome.ARCHIVE}


class _Policy(TypedDict, total=False):
    lifecyclePolicyText: str


class _NextToken(TypedDict, total=False):
    nextToken: str


@dataclass(frozen=True)
class _Page:
    """A page of a preview, understood: what it says once the preview is complete."""

    status: str
    results: tuple[PreviewResult, ...] = ()
    next_token: str = ""


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
    with repository.reading("GetLifecyclePolicy"):
        if text := answers.text(answer["lifecyclePolicyText"], "lifecyclePolicyText"):
            return text
        raise ValueError("the text of the policy is empty")


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
    results, token, seen = [*first.results], first.next_token, {""}
    while token not in seen:
        if len(seen) > MAX_PAGES:
            break
        seen.add(token)
        page = _page(repository, token)
        _require_complete(repository, page)
        results += page.results
        token = page.next_token
    if token:
        raise _failed(repository, "MalformedAnswer", "the preview has no last page")
    return results


def _start(repository: EcrRepository, policy_text: str | None) -> None:
    given: _Policy = {} if policy_text is None else {"lifecyclePolicyText": policy_text}
    with repository.errors(_START):
        repository.client.start_lifecycle_policy_preview(
            repositoryName=repository.name, **given, **repository.registry_id
        )


def _finished(repository: EcrRepository, timeout_s: float, timing: Timing) -> _Page:
    """The first page of a preview that has ended well."""
    deadline = timing.clock() + timeout_s
    while (page := _page(repository, "")).status == _RUNNING:
        if timing.clock() + _POLL_S > deadline:
            raise _failed(
                repository, "TimeoutExpired", f"not done after {timeout_s:.0f} s; run the command again later"
            )
        timing.sleep(_POLL_S)
    _require_complete(repository, page)
    return page


def _page(repository: EcrRepository, token: str) -> _Page:
    more: _NextToken = {"nextToken": token} if token else {}
    with repository.errors(_GET):
        answer = repository.client.get_lifecycle_policy_preview(
            repositoryName=repository.name, maxResults=PAGE_SIZE, **more, **repository.registry_id
        )
    with repository.reading(_GET):
        return _understood(answer)


def _understood(answer: GetLifecyclePolicyPreviewResponseTypeDef) -> _Page:
    status = answers.text(answer["status"], "status")
    if status not in _STATUSES:
        raise ValueError(f"the status of the preview is {status[:80]!r}")
    if status != _COMPLETE:
        return _Page(status)
    return _Page(
        status,
        tuple(_result(entry) for entry in answer["previewResults"]),
        answers.text(answer.get("nextToken", ""), "nextToken"),
    )


def _require_complete(repository: EcrRepository, page: _Page) -> None:
    if page.status != _COMPLETE:
        raise _failed(repository, page.status, f"AWS's preview ended as {page.status}; run the command again")


def _result(entry: LifecyclePolicyPreviewResultTypeDef) -> PreviewResult:
    action = answers.text(entry["action"]["type"], "an action")
    if action not in _OUTCOMES:
        raise ValueError(f"the action of an image is {action[:80]!r}")
    priority = entry.get("appliedRulePriority")
    return PreviewResult(
        digest=answers.digest(entry["imageDigest"], "imageDigest"),
        tags=tuple(sorted(answers.texts(entry.get("imageTags", ()), "a tag"))),
        outcome=_OUTCOMES[action],
        rule_priority=None if priority is None else answers.count(priority, "appliedRulePriority"),
    )


def _failed(repository: EcrRepository, code: str, reason: str) -> RemoteError:
    return errors.remote_error(repository.name, _GET, code, reason)
