"""Images by digest: a tag, or nothing, may name another image each time that something starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .documents import UnreadableError, parsed
from .values import UNKNOWN, Resource, Settings, Undecided, Value, Verdict, Violation, is_list, shown, walk

KUBERNETES = "kubernetes:"
# Where resources name the images that they deploy. `[]` is each element of a list; a text on the way holds JSON.
PLACES: Mapping[str, Sequence[str]] = {
    "aws:ecs/taskDefinition:TaskDefinition": ("containerDefinitions[].image",),
    "aws:ecs/daemonTaskDefinition:DaemonTaskDefinition": ("containerDefinitions[].image",),
    "aws:ecs/expressGatewayService:ExpressGatewayService": ("primaryContainer.image",),
    "aws:lambda/function:Function": ("imageUri",),
    "aws:apprunner/service:Service": ("sourceConfiguration.imageRepository.imageIdentifier",),
    "aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion": ("containers[].image",),
    "aws:codebuild/project:Project": ("environment.image",),
    "aws:emrserverless/application:Application": ("imageConfiguration.imageUri",),
    "aws:bedrock/agentcoreAgentRuntime:AgentcoreAgentRuntime": (
        "agentRuntimeArtifact.containerConfiguration.containerUri",
    ),
    "aws:bedrock/agentcoreHarness:AgentcoreHarness": ("environmentArtifact.containerConfiguration.containerUri",),
    "aws:sagemaker/model:Model": ("primaryContainer.image", "containers[].image"),
    "aws:sagemaker/imageVersion:ImageVersion": ("baseImage",),
    "aws:sagemaker/algorithm:Algorithm": (
        "trainingSpecification.trainingImage",
        "inferenceSpecification.containers[].image",
    ),
    "aws:sagemaker/trainingJob:TrainingJob": (
        "algorithmSpecification.trainingImage",
        "debugRuleConfigurations[].ruleEvaluatorImage",
        "profilerRuleConfigurations[].ruleEvaluatorImage",
    ),
    "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob": (
        "trainingJobDefinition.algorithmSpecification.trainingImage",
        "trainingJobDefinitions[].algorithmSpecification.trainingImage",
    ),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": ("dataQualityAppSpecification.imageUri",),
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": (
        "monitoringScheduleConfig.monitoringJobDefinition.monitoringAppSpecification.imageUri",
    ),
    "aws:batch/jobDefinition:JobDefinition": (
        "containerProperties.image",
        "ecsProperties.taskProperties[].containers[].image",
        "eksProperties.podProperties.containers[].image",
        "eksProperties.podProperties.initContainers[].image",
        "nodeProperties.nodeRangeProperties[].container.image",
        "nodeProperties.nodeRangeProperties[].ecsProperties.taskProperties[].containers[].image",
        "nodeProperties.nodeRangeProperties[].eksProperties.podProperties.containers[].image",
        "nodeProperties.nodeRangeProperties[].eksProperties.podProperties.initContainers[].image",
    ),
    "docker:index/container:Container": ("image",),
    "docker:index/service:Service": ("taskSpec.containerSpec.image",),
}

# Names that stay with one image, or that have no digest, where nothing but the service itself knows them.
ALSO_ACCEPTED: Mapping[str, re.Pattern[str]] = {
    # https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html
    "aws:codebuild/project:Project": re.compile(r"aws/codebuild/\S+"),
    # Each image that is registered has a number of its own.
    # https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html
    "aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion": re.compile(
        r":[a-z0-9-]+\.[a-z0-9-]+\.[0-9]+"
    ),
}

# Of pods; steps and sidecars of Tekton and Argo, too: https://tekton.dev/docs/pipelines/tasks/
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers", "steps", "sidecars")
# One container: of Argo's templates (https://argo-workflows.readthedocs.io/en/latest/workflow-concepts/), and what
# Tekton's steps have in common.
_CONTAINER = ("container", "script", "stepTemplate")
_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
_REMEDY = "name it by its digest, REPOSITORY@sha256:..., as the stack output image_uri has it"

Found = tuple[str, Value | Violation]


def applies(type_token: str) -> bool:
    """Whether resources of the type deploy images."""
    return type_token.startswith(KUBERNETES) or type_token in PLACES


def check(resource: Resource, _settings: Settings) -> Iterator[Verdict]:
    """Each image that the resource deploys must be named by a SHA-256 digest.

    In resources of Kubernetes, containers are looked for at any depth: custom resources and lists have them, too.
    """
    also = ALSO_ACCEPTED.get(resource.type)
    # Once each: several places may begin with the same unknown value.
    yield from dict.fromkeys(verdict for where, image in _images(resource) for verdict in _verdict(where, image, also))


def _verdict(where: str, image: Value | Violation, also: re.Pattern[str] | None) -> Iterator[Verdict]:
    if image is UNKNOWN:
        yield Undecided(where)
    elif isinstance(image, Violation):
        yield image
    elif not isinstance(image, str) or not (_PINNED.fullmatch(image) or (also and also.fullmatch(image))):
        yield Violation(where, f"is {shown(image)}, which may be another image tomorrow", _REMEDY)


def _images(resource: Resource) -> Iterator[Found]:
    if resource.type.startswith(KUBERNETES):
        yield from _of_kubernetes(resource.properties)
    for path in PLACES.get(resource.type, ()):
        yield from _at(resource.properties, path.split("."), "")


def _at(value: Value, path: Sequence[str], where: str) -> Iterator[Found]:
    """What stands at a path; `UNKNOWN` when the way there is not known, nothing when there is none."""
    if value is None:
        return
    if value is UNKNOWN or not path:
        yield where, value
        return
    try:
        content = parsed(value)
    except UnreadableError as error:
        yield where, Violation(where, f"{error.problem}, so nobody can tell what it deploys", error.remedy)
        return
    name, many = path[0].removesuffix("[]"), path[0].endswith("[]")
    for key, below in content.items() if isinstance(content, Mapping) else ():
        if key.lower() != name.lower():  # AWS's provider takes `Image` in JSON as well
            continue
        place = f"{where}.{key}" if where else key
        yield from _each(below, path[1:], place) if many else _at(below, path[1:], place)


def _each(value: Value, path: Sequence[str], where: str) -> Iterator[Found]:
    try:
        elements = parsed(value)
    except UnreadableError:
        elements = value
    if not is_list(elements):
        yield from _at(value, path, where)  # unknown, absent, or not JSON
        return
    for index, element in enumerate(elements):
        yield from _at(element, path, f"{where}[{index}]")


def _of_kubernetes(properties: Value) -> Iterator[Found]:
    for where, key, value in walk(properties):
        if key in _CONTAINERS and is_list(value):
            for index, container in enumerate(value):
                yield from _of_container(container, f"{where}[{index}]")
        elif key in _CONTAINER and isinstance(value, Mapping):
            yield from _of_container(value, where)
        elif value is UNKNOWN and key in (*_CONTAINERS, "spec", "template"):
            yield where, UNKNOWN
        elif key == "image" and isinstance(value, Mapping):  # a volume of the type `image`
            yield from _at(value, ["reference"], where)


def _of_container(container: Value, where: str) -> Iterator[Found]:
    if container is UNKNOWN or isinstance(container, Mapping):  # a custom resource's steps may as well be texts
        yield from _at(container, ["image"], where)
