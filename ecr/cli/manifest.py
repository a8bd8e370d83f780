"""`python -m ecr manifest`: a Kubernetes Deployment of a stack's image, by its digest."""

# ruff: noqa: PLC0415 - what reads YAML and talks to registries is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecr.cli import arguments, console
from ecr.errors import EcrError, ExitCode, InputError, InputErrors
from ecr.kubernetes import PORTS, USERS, Document, Workload, default_name, needs_account, problems, render
from ecr.reference import ImageReference

if TYPE_CHECKING:
    from ecr.eks_config import EksConfig

HELP = """Write a Kubernetes Deployment of a stack's image.

The image is named by its digest, so that every pod runs the same, whatever happens to the tag. The pods keep to the Pod
Security Standard "Restricted". A ServiceAccount comes with it where the stack's `eks` has a role for --service-account.
Images are pulled with the role of the node: there are no pull secrets.

--check takes the steps of a pull first, with the credentials at hand. Exit code 1 when the stack has no image, or the
image can't be pulled.

\b
Examples:
  python -m ecr manifest prod --namespace shop --replicas 3 --probe /
  python -m ecr manifest staging --check --json
"""

Stack = Annotated[str, typer.Argument(metavar="STACK", help="The stack whose image is to run.", show_default=False)]
Namespace = Annotated[str, typer.Option(metavar="NAMESPACE", help="Where it runs.")]
Name = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of the Deployment; default: the last part of the repository's name."),
]
Replicas = Annotated[int, typer.Option(min=0, max=5000, metavar="N", help="How many pods.")]
Port = Annotated[int, typer.Option(min=PORTS.start, max=PORTS[-1], metavar="N", help="On which the image listens.")]
User = Annotated[
    int, typer.Option(min=USERS.start, max=USERS[-1], metavar="UID", help="As whom it runs; 101 is nginx's own.")
]
Cpu = Annotated[str, typer.Option(metavar="AMOUNT", help="What each pod reserves of a processor.")]
Memory = Annotated[str, typer.Option(metavar="AMOUNT", help="What each pod reserves, and the most that it may use.")]
Writable = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FOLDER",
        help="May be written to, and is empty at the start; repeatable. Default: what nginx writes to.",
    ),
]
Probe = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Answers HTTP while all is well, such as /; default: nobody asks."),
]
Account = Annotated[
    str | None,
    typer.Option("--service-account", metavar="NAME", help="Whose the pods are; default: the namespace's own."),
]
Check = Annotated[bool, typer.Option("--check", help="Try to pull the image from here first.")]

_EKS = "eks"

# What nginx's own image writes to (github.com/docker-library/docs, nginx, "Running nginx in read-only mode").
_WRITABLE = ("/tmp", "/run", "/var/cache/nginx")  # noqa: S108 - folders of the container

_TIMEOUT_S = 10.0


class NotPullable(EcrError):
    """There is no image, or it can't be pulled."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, kw_only=True)
class _Published:
    """What a stack has published.

    Attributes:
        image: by its digest.
        tag: what the stack calls it, where it says so.
        role_arn: the role for service accounts, where there is one.
    """

    image: ImageReference
    tag: str | None
    role_arn: str | None


def run(
    stack: Stack,
    *,
    namespace: Namespace = "default",
    name: Name = None,
    replicas: Replicas = 2,
    port: Port = 80,
    user: User = 101,
    cpu: Cpu = "100m",
    memory: Memory = "64Mi",
    writable: Writable = None,
    probe: Probe = None,
    service_account: Account = None,
    check: Check = False,
    as_json: arguments.Json = False,
    profile: arguments.Profile = None,
    plain_http: arguments.PlainHttp = None,
) -> int:
    """Write the manifest of `stack`."""
    from ecr import stack_file, stacks

    project = stack_file.find_project(Path.cwd())
    published = _published(stack, stacks.outputs(project, stack))
    irsa, agent = _roles(project, stack, namespace, service_account)
    workload = Workload(
        image=published.image,
        stack=stack,
        tag=published.tag,
        name=default_name(published.image) if name is None else name,
        namespace=namespace,
        replicas=replicas,
        port=port,
        user=user,
        cpu=cpu,
        memory=memory,
        writable=tuple(writable or _WRITABLE),
        probe=probe,
        service_account=service_account,
        role_arn=published.role_arn if irsa else None,
        makes_account=irsa or agent,
    )
    _refuse(workload)
    if irsa and published.role_arn is None:
        raise InputError("--service-account", f"stack {stack} has no role for it yet; run `pulumi up -s {stack}`")
    if service_account is not None and not workload.makes_account:
        console.say(f"note: stack {stack} has no role for service account {namespace}/{service_account}")
    http = arguments.plain_http(plain_http, [published.image])
    if check:
        _check(published.image, profile or arguments.profile_of_stack(project, stack), http)
    _show(render(workload), as_json=as_json)
    return ExitCode.DONE


def _published(stack: str, outputs: Mapping[str, object]) -> _Published:
    uri, tag, role = (outputs.get(key) for key in ("image_uri", "image_tag", "eks_service_account_role_arn"))
    if not isinstance(uri, str):
        raise NotPullable(f"stack {stack} has no image: it neither builds nor promotes one, or `pulumi up` has not run")
    try:
        image = ImageReference.parse(uri)
    except ValueError as error:
        raise InputError(f"output image_uri of stack {stack}", str(error)) from None
    if image.digest is None:
        raise InputError(f"output image_uri of stack {stack}", "names no digest; run `pulumi up` with this program")
    return _Published(
        image=image,
        tag=tag if isinstance(tag, str) else None,
        role_arn=role if isinstance(role, str) else None,
    )


def _roles(project: Path, stack: str, namespace: str, account: str | None) -> tuple[bool, bool]:
    """Whether the stack's file has a role for this account, by the OIDC provider and by Pod Identity."""
    config = _eks(project, stack) if account is not None else None
    if config is None or account is None:
        return False, False
    return needs_account(namespace, account, by_provider=config.service_accounts, by_agent=config.pod_identities)


def _eks(project: Path, stack: str) -> EksConfig | None:
    from ecr import config_reader, eks_config, stack_file

    content = stack_file.read(project, stack).get(f"{stack_file.NAMESPACE}:{_EKS}")
    top = config_reader.open_section(stack_file.NAMESPACE, {_EKS: content})
    config = eks_config.read_eks(top)
    top.finish()
    return config


def _refuse(workload: Workload) -> None:
    errors = [
        InputError(f"--{problem.path.partition('[')[0].replace('_', '-')}", problem.reason)
        for problem in problems(workload)
    ]
    if errors:
        raise InputErrors(tuple(errors))


def _check(image: ImageReference, profile: str | None, plain_http: frozenset[str]) -> None:
    """Take the steps of a pull.

    Raises:
        NotPullable: one of them has failed.
    """
    from ecr.doctor import checks
    from ecr.doctor.examination import Examination, Subject
    from ecr.oci import registries

    location = registries.locate(image.repository, profile=profile, plain_http=plain_http)
    made = []
    for step in Examination(Subject(location=location, reference=image.reference, timeout_s=_TIMEOUT_S)).run():
        made.append(step)
        console.say(step.line)
    if not checks.passed(made):
        raise NotPullable(f"{image} can't be pulled from here; the lines above say why")


def _show(documents: Sequence[Document], *, as_json: bool) -> None:
    if as_json:
        # What kubectl takes as well: kubectl apply -f -
        console.result_json({"apiVersion": "v1", "kind": "List", "items": list(documents)})
        return
    from ecr import yaml_text

    console.result(yaml_text.documents(documents).splitlines())
