"""Events as AWS sends them: the fields of the samples in its documentation, with this project's names in them.

ECR user guide, "Amazon ECR events and EventBridge", "EventBridge events sent for enhanced scanning in Amazon ECR" and
"Logging Amazon ECR actions with AWS CloudTrail"; Inspector user guide, "Amazon EventBridge event schema for Amazon
Inspector events".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

Event = dict[str, object]

ACCOUNT, REGION = "123456789012", "ap-northeast-2"
REPOSITORY = "dev/yoon-app"
DIGEST = f"sha256:{'7f5b' * 16}"


def arn(name: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:ecr:{region}:{account}:repository/{name}"


def _event(source: str, detail_type: str, detail: Mapping[str, object], resources: tuple[str, ...] = ()) -> Event:
    return {
        "version": "0",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-11-16T01:54:34Z",
        "region": REGION,
        "resources": list(resources),
        "detail": dict(detail),
    }


_IMAGE = {"repository-name": REPOSITORY, "image-digest": DIGEST}
_MEDIA = {
    "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
    "artifact-media-type": "application/vnd.oci.image.config.v1+json",
}

PUSH = _event(
    "aws.ecr", "ECR Image Action", {**_IMAGE, "result": "SUCCESS", "action-type": "PUSH", "image-tag": "v1.0.0"}
)
DELETE = _event(
    "aws.ecr", "ECR Image Action", {**_IMAGE, "result": "SUCCESS", "action-type": "DELETE", "image-tag": "v1.0.0"}
)
_MOVED = {**_IMAGE, **_MEDIA, "result": "SUCCESS", "action-type": "UPDATE_STORAGE_CLASS"}
ARCHIVE = _event("aws.ecr", "ECR Image Action", {**_MOVED, "target-storage-class": "ARCHIVE"})
RESTORE = _event(
    "aws.ecr",
    "ECR Image Action",
    {**_MOVED, "target-storage-class": "STANDARD", "last-activated-at": "2026-10-10T19:13:02.74Z"},
)
RESTORED_REFERRER = {**RESTORE, "detail-type": "ECR Referrer Action"}
CACHED = _event(
    "aws.ecr",
    "ECR Pull Through Cache Action",
    {**_IMAGE, "rule-version": "1", "sync-status": "SUCCESS", "ecr-repository-prefix": "dev", "image-tag": "3.17.2"},
    (arn(REPOSITORY),),
)
SCAN = _event(
    "aws.ecr",
    "ECR Image Scan",
    {
        **_IMAGE,
        "scan-status": "COMPLETE",
        "finding-severity-counts": {"CRITICAL": 10, "MEDIUM": 9},
        "image-tags": ["v1.0.0", "latest"],
    },
    (arn(REPOSITORY),),
)
ENHANCED_SCAN = _event(
    "aws.inspector2",
    "Inspector2 Scan",
    {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": arn(REPOSITORY),
        "finding-severity-counts": {"CRITICAL": 7, "HIGH": 61, "MEDIUM": 62, "TOTAL": 158},
        "image-digest": DIGEST,
        "image-tags": ["latest"],
        "version": "1.0",
    },
    (arn(REPOSITORY),),
)
INSTANCE_SCAN = _event(
    "aws.inspector2",
    "Inspector2 Scan",
    {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": {"CRITICAL": 7, "HIGH": 61, "MEDIUM": 62, "TOTAL": 158},
        "instance-id": "i-087d63509b8c97098",
        "version": "1.0",
    },
    ("i-087d63509b8c97098",),
)
FINDING = _event(
    "aws.inspector2",
    "Inspector2 Finding",
    {
        "severity": "CRITICAL",
        "status": "ACTIVE",
        "title": "CVE-2026-17498 - libssh2",
        "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "id": f"{arn(REPOSITORY)}/{DIGEST}"}],
    },
    (f"{arn(REPOSITORY)}/{DIGEST}",),
)
_REPLICATED = {
    **_IMAGE,
    "source-account": ACCOUNT,
    "action-type": "REPLICATE",
    "source-region": "us-west-2",
    "image-tag": "v1.0.0",
}
REPLICATION_FAILED = _event(
    "aws.ecr", "ECR Replication Action", {**_REPLICATED, "result": "FAILED"}, (arn(REPOSITORY),)
)
REPLICATED = _event("aws.ecr", "ECR Replication Action", {**_REPLICATED, "result": "SUCCESS"}, (arn(REPOSITORY),))

_ACTION = {
    "lifecycleEventImage": {"digest": DIGEST, "tagStatus": "Tagged", "tagList": ["v0"], "pushedAt": 1584042813000},
    "rulePriority": 1,
}
LIFECYCLE = _event(
    "aws.ecr",
    "AWS Service Event via CloudTrail",
    {
        "eventVersion": "1.05",
        "userIdentity": {"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
        "eventTime": "2026-11-16T01:54:30Z",
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PolicyExecutionEvent",
        "awsRegion": REGION,
        "requestParameters": None,
        "eventID": "9354dd7f-9aac-4e9d-956d-12561a4923aa",
        "readOnly": True,
        "eventType": "AwsServiceEvent",
        "serviceEventDetails": {
            "repositoryName": REPOSITORY,
            "lifecycleEventPolicy": {
                "lifecycleEventRules": [
                    {
                        "rulePriority": 1,
                        "description": "remove all images > 2",
                        "lifecycleEventSelection": {"tagStatus": "Any", "tagPrefixList": [], "countNumber": 2},
                        "action": "expire",
                    }
                ],
                "policyVersion": 1,
            },
            "lifecycleEventImageActions": [_ACTION, _ACTION],
        },
    },
)


def changed(event: Event, path: str, value: object = None) -> Event:
    """The event with another value at a path such as `detail result`; without it for None."""
    copied = copy.deepcopy(event)
    *parents, last = path.split()
    place: object = copied
    for key in parents:
        assert isinstance(place, dict), path
        place = place[key]
    assert isinstance(place, dict), path
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copied
