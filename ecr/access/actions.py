"""The actions that pulling, pushing and promoting an image take, and no others.

Amazon ECR user guide, "IAM permissions for pushing an image" and "Repository policy examples"; Service Authorization
Reference, "Actions, resources, and condition keys for Amazon Elastic Container Registry".
"""

from __future__ import annotations

# Signing in has no resource: it stands on "*", in policies of identities only (ECR refuses it in a repository policy).
SIGN_IN = ("ecr:GetAuthorizationToken",)

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

# What a service takes that pulls by itself (ECR user guide, "Repository policy examples", CodeBuild; AWS Lambda
# developer guide, "Amazon ECR permissions").
SERVICE_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

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

# With enhanced scanning, ECR asks Inspector in the caller's name (ECR user guide, "Enhanced scanning"). Neither action
# has a resource (Service Authorization Reference, "Amazon Inspector2").
INSPECT_ENHANCED = ("inspector2:ListCoverage", "inspector2:ListFindings")

# What `PromotedImage` asks of the repository that it promotes to: where it is and what it holds, beside all that it
# asks of the other one, because an image that is gone from there is promoted from what the target holds. Referrers take
# no action of their own (ECR API reference, ListImageReferrers: "must have the ecr:BatchGetImage permission").
PROMOTE_TO = tuple(sorted({*PULL, *PUSH, *INSPECT, "ecr:DescribeRepositories"}))
