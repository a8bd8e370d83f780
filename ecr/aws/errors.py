"""What AWS refused, in words: the only place that maps boto3's exceptions to the project's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from ecr.errors import RemoteError

# Codes that botocore's retries gave up on, or that pass by themselves.
_TEMPORARY = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServerException", "ServiceUnavailable",
     "RequestTimeout", "InternalFailure", "InternalServerException",
     "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"}
)  # fmt: skip

_SET_REGION = "run: pulumi config set aws:region REGION; for a command, --region or AWS_REGION"
_SIGN_IN = "sign in to AWS, or name a profile that is signed in with aws:profile or AWS_PROFILE"
_CHECK_NETWORK = "check the network, the Region and AWS_ENDPOINT_URL"
_LATER = "run the command again later"

_HINTS = {
    "AccessDeniedException": "the credentials in use lack this permission on the repository",
    "UnrecognizedClientException": "the credentials are not valid in this Region, or the Region is not enabled",
    "InvalidClientTokenId": "the credentials are not valid, or the Region is not enabled for the account",
    "ExpiredTokenException": "the session has expired; sign in again",
    "ExpiredToken": "the session has expired; sign in again",
    "InvalidSignatureException": "the secret key does not fit, or this machine's clock is wrong",
    "KmsException": "the repository's KMS key is disabled, deleted or not usable with these credentials",
    "KmsError": "the repository's KMS key is disabled, deleted or not usable with these credentials",
    "ThrottlingException": f"AWS is limiting the request rate; {_LATER}",
    "ServerException": f"ECR failed on its side; {_LATER}",
    "LifecyclePolicyPreviewInProgressException": "somebody else's preview runs; run the command again in a few minutes",
    "InvalidAction": "the endpoint does not offer this operation; an emulator perhaps: see AWS_ENDPOINT_URL",
    # botocore's own: the request was not sent, or not answered.
    "NoRegionError": _SET_REGION,
    "InvalidRegionError": _SET_REGION,
    "NoCredentialsError": _SIGN_IN,
    "PartialCredentialsError": _SIGN_IN,
    "ProfileNotFound": "correct aws:profile or AWS_PROFILE",
    "EndpointConnectionError": _CHECK_NETWORK,
    "ConnectTimeoutError": _CHECK_NETWORK,
    "ReadTimeoutError": _CHECK_NETWORK,
    "ValueError": "correct AWS_ENDPOINT_URL",
}


@contextmanager
def translated(repository: str, operation: str, *, service: str = "ecr") -> Iterator[None]:
    """Turn what boto3 raises inside into `RemoteError`.

    Args:
        repository: name of the repository, for the message.
        operation: the API operation, such as `DescribeImages`.
        service: whose operation it is.

    Raises:
        RemoteError: for everything that boto3 raises.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        request_id = error.response.get("ResponseMetadata", {}).get("RequestId", "")
        code = details.get("Code", "Unknown")
        raise remote_error(
            repository, operation, code, details.get("Message", ""), request_id, service=service
        ) from error
    except (BotoCoreError, ValueError) as error:
        # A ValueError is botocore's way to refuse an endpoint that is no address.
        raise remote_error(repository, operation, type(error).__name__, str(error), service=service) from error


def remote_error(
    repository: str, operation: str, code: str, reason: str, request_id: str = "", *, service: str = "ecr"
) -> RemoteError:
    """One line: repository, operation, code, AWS's reason, what to do, and the request ID for a support case."""
    advice = _HINTS.get(code, _LATER if code in _TEMPORARY else "")
    hint = f"; {advice}" if advice else ""
    trace = f" (request {request_id})" if request_id else ""
    return RemoteError(
        f"repository {repository}: {service} {operation} failed with {code}: {_one_line(reason)}{hint}{trace}",
        service=service,
        operation=operation,
        code=code,
        request_id=request_id,
        temporary=code in _TEMPORARY,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
