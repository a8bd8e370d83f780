"""The actions that pulling, pushing and promoting an image take, and no others.

Amazon ECR user guide, "IAM permissions for pushing an image" and "Repository policy examples"; Service Authorization
Reference, "Actions, resources, and condition keys for Amazon Elastic Container Registry".
"""

from __future__ import annotations

# Signing in has no resource: it stands on "*", in policies of identities only (ECR refuses it in a repository policy).
SIGN_IN = ("ecr:GetAuthorizationToken",)

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)

# What `PromotedImage` asks of the repository that it promotes from, beside pulling: the image and its scan.
INSPECT = ("ecr:DescribeImageScanFindings", "ecr:DescribeImages")
