"""What AWS refused, in words: the only place that maps boto3's exceptions to the project's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ecr.errors import RemoteError

# Codes that botocore's retries gave up on, or that pass by themselves.
_TEMPORARY = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServerException", "ServiceUnavailable",
     "RequestTimeout", "InternalFailure", "InternalServerException",
     "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"}
)  # fmt: skip

_SET_REGION = "run: pulumi config set aws:region REGION; without a stack, set AWS_REGION or give --region"
_SIGN_IN = (
    "sign in to AWS, such as with `aws sso login`, or name a profile that is signed in with aws:profile, AWS_PROFILE "
    "or --profile"
)
_SSO = "run `aws sso login` with the profile's name as --profile"
_LOGIN = "run `aws login` with the profile's name as --profile"
_EXPIRED = "the session has expired; sign in again, such as with `aws sso login`"
_CHECK_NETWORK = "check the network, the Region and AWS_ENDPOINT_URL"
_LATER = "run the command again later"

_DENIED = "AccessDeniedException"

_HINTS = {
    _DENIED: "the credentials in use lack this permission on the repository",
    "UnrecognizedClientException": "the credentials are not valid in this Region, or the Region is not enabled",
    "InvalidClientTokenId": "the credentials are not valid, or the Region is not enabled for the account",
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
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
    "SSOTokenLoadError": _SSO,
    "UnauthorizedSSOTokenError": _SSO,
    "TokenRetrievalError": _SSO,
    "LoginTokenLoadError": _LOGIN,
    "LoginRefreshRequired": _LOGIN,
    "CredentialRetrievalError": "run the profile's credential_process by hand to see why it fails",
    "ProfileNotFound": "correct aws:profile or AWS_PROFILE",
    "EndpointConnectionError": _CHECK_NETWORK,
    "ConnectTimeoutError": _CHECK_NETWORK,
    "ReadTimeoutError": _CHECK_NETWORK,
    "ConnectionClosedError": _CHECK_NETWORK,
    "ProxyConnectionError": "check HTTPS_PROXY and NO_PROXY",
    "SSLError": "check this machine's clock, the proxy and AWS_CA_BUNDLE",
    "ValueError": "correct AWS_ENDPOINT_URL, or what the AWS profile sets",
    # Ours: AWS answers in no such way.
    "MalformedAnswer": "check what answers in the place of AWS, such as a proxy or AWS_ENDPOINT_URL",
    "UnknownImageStatus": "a newer version of this program may know what it means",
}
_MAX_REASON = 1000  # a page that a proxy shows to people is longer

# What comes of reading an answer as something that it is not.
_WRONG_SHAPE = (ValueError, TypeError, AttributeError, LookupError, OverflowError)
# And what botocore raises beside its own family: RuntimeError for a time far off (botocore.utils.parse_timestamp), and
# with it RecursionError for JSON that is nested without end.
_UNREADABLE = (*_WRONG_SHAPE, ResponseParserError, RuntimeError)


@contextmanager
def translated(repository: str, operation: str, *, service: str = "ecr") -> Iterator[None]:
    """Turn what boto3 raises inside, for one call, into `RemoteError`.

    Args:
        repository: name of the repository, for the message.
        operation: the API operation, such as `DescribeImages`.
        service: whose operation it is.

    Raises:
        RemoteError: for everything that boto3 raises; `MalformedAnswer` when it can't read what it got.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        request_id = error.response.get("ResponseMetadata", {}).get("RequestId", "")
        # Nothing makes sure that these two are text.
        code, reason = str(details.get("Code") or "Unknown"), str(details.get("Message") or "no reason is given")
        raise remote_error(repository, operation, code, reason, request_id, service=service) from error
    except BotoCoreError as error:
        raise remote_error(repository, operation, type(error).__name__, str(error), service=service) from error
    except _UNREADABLE as error:
        raise _malformed(repository, operation, error, service) from error


@contextmanager
def connecting(repository: str, *, service: str = "ecr") -> Iterator[None]:
    """Turn what boto3 raises while it makes a client into `RemoteError`.

    Raises:
        RemoteError: when the Region, the profile, the credentials or the endpoint can't be used.
    """
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        # A ValueError is botocore's way to refuse an endpoint that is no address.
        raise remote_error(repository, "Connect", type(error).__name__, str(error), service=service) from error


@contextmanager
def reading(repository: str, operation: str, *, service: str = "ecr") -> Iterator[None]:
    """Turn what an answer of the wrong shape raises while it is read inside into `RemoteError`.

    Raises:
        RemoteError: `MalformedAnswer`.
    """
    try:
        yield
    except _WRONG_SHAPE as error:
        raise _malformed(repository, operation, error, service) from error


def _malformed(repository: str, operation: str, error: Exception, service: str) -> RemoteError:
    match error:
        case KeyError():
            what = f"there is no {error}"
        case RecursionError():
            what = "it is nested without end"
        case ValueError() | RuntimeError():
            what = str(error)
        case _:
            what = f"it has another shape than AWS's ({type(error).__name__}: {error})"
    reason = f"the answer makes no sense: {what}"
    return remote_error(repository, operation, "MalformedAnswer", reason, service=service)


def remote_error(
    repository: str, operation: str, code: str, reason: str, request_id: str = "", *, service: str = "ecr"
) -> RemoteError:
    """One line: repository, operation, code, AWS's reason, what to do, and the request ID for a support case."""
    advice = _HINTS.get(code, _LATER if code in _TEMPORARY else "")
    if code == _DENIED:
        advice = f"{advice}: {service}:{operation}"
    said = _one_line(reason)
    line = f"{said.removesuffix('.')}; {advice}" if advice else said
    trace = f" (request {request_id})" if request_id else ""
    return RemoteError(
        f"repository {repository}: {service} {operation} failed with {code}: {line}{trace}",
        service=service,
        operation=operation,
        code=code,
        request_id=request_id,
        temporary=code in _TEMPORARY,
    )


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_REASON else f"{line[: _MAX_REASON - 3]}..."
