"""``lamina build --sbom``: bills of materials and provenance beside every image that is pushed."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from lamina.cli.environment import environment
from lamina.cli.registries import OpenClient
from lamina.errors import UsageError
from lamina.image.blobs import images_of
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.plan.plan import BuildPlan
from lamina.protocols import Content, Destination, Engine
from lamina.registry.attestations import Document, attach_document
from lamina.registry.client import RegistryClient
from lamina.steps import Step
from lamina.workshop import Workshop

_REGISTRY: Final = "docker://"


def add_attesting_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what decides whether documents go along with images."""
    parser.add_argument(
        "--sbom", action=argparse.BooleanOptionalAction, default=None,
        help="attach CycloneDX, SPDX and SLSA provenance to every image that is pushed "
        "(default: the setting `sbom`)",
    )  # fmt: skip


class Attesting:
    """Notes which plan became which image, and attaches what follows from that."""

    def __init__(self, directory: Path, open_client: OpenClient) -> None:
        self._directory = directory
        self._open_client = open_client
        self._plans: dict[Digest, BuildPlan] = {}
        self._workshop: Workshop | None = None

    def workshop(self, workshop: Workshop) -> Workshop:
        """Return ``workshop`` with an engine that is watched."""
        self._workshop = workshop
        return replace(workshop, engine=_Watched(workshop.engine, self._plans))

    def destination(self, output: str, destination: Destination) -> Destination:
        """Return ``destination``, which, if it is a registry, gets the documents as well."""
        if not output.startswith(_REGISTRY):
            return destination
        reference = Reference.parse(output.removeprefix(_REGISTRY))
        return _Attested(destination, partial(self._open_client, reference), self._documents)

    def _documents(self, image: Image, step: Step) -> tuple[Document, ...]:
        from lamina.cli import attestation  # noqa: PLC0415 - only for who wants it

        assert self._workshop  # noqa: S101 - destinations are written to by builds
        plan = self._plans[image.descriptor.digest]
        return attestation.documents(
            plan, image, self._workshop, self._directory, step, variables=environment()
        )


def begin_attesting(
    options: argparse.Namespace, outputs: list[str], open_client: OpenClient
) -> Attesting | None:
    """Begin, if that is asked for.

    Raises ``UsageError`` for ``--sbom`` where nothing is pushed, and where BuildKit builds: the
    documents follow from the wheels that the native engine puts into layers.
    """
    is_pushed = any(output.startswith(_REGISTRY) for output in outputs)
    if options.sbom and not is_pushed:
        raise UsageError(
            "--sbom attaches documents to images in registries, and nothing is pushed",
            hint="add --push, or write one with `lamina sbom -o FILE`",
        )
    is_wanted = is_pushed and (_setting(options.path) if options.sbom is None else options.sbom)
    if is_wanted and options.engine == "buildkit":
        raise UsageError(
            "bills of materials are attached to what the native engine builds",
            hint="add --no-sbom; `lamina sbom IMAGE` reads what is in any image",
        )
    return Attesting(options.path, open_client) if is_wanted else None


def watched(attesting: Attesting | None, workshop: Workshop) -> Workshop:
    """Let ``attesting`` know of what is built, if there is one."""
    return workshop if attesting is None else attesting.workshop(workshop)


def attested(attesting: Attesting | None, output: str, destination: Destination) -> Destination:
    """Let ``attesting`` add documents to what is written, if there is one."""
    return destination if attesting is None else attesting.destination(output, destination)


def _setting(directory: Path) -> bool:
    from lamina.project.read import read_project  # noqa: PLC0415 - only for pushes

    return read_project(directory).settings.sbom


class _Watched:
    """An engine, and whoever wants to know what it made of which plan."""

    def __init__(self, engine: Engine, plans: dict[Digest, BuildPlan]) -> None:
        self._engine = engine
        self._plans = plans

    def build(self, plan: BuildPlan, step: Step) -> tuple[Image, Content]:
        """Build, and note the plan."""
        image, content = self._engine.build(plan, step)
        self._plans[image.descriptor.digest] = plan
        return image, content


class _Attested:
    """A registry whose images get documents."""

    def __init__(
        self,
        destination: Destination,
        open_client: Callable[[], RegistryClient],
        documents: Callable[[Image, Step], tuple[Document, ...]],
    ) -> None:
        self._destination = destination
        self._open_client = open_client
        self._documents = documents

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Push, and then attach to the image of each platform."""
        with step:
            descriptor = self._destination.write(image, content, step.child("push"))
            client = self._open_client()
            for single in images_of(image):
                with step.child(f"attach to {single.descriptor.digest.short}") as attaching:
                    for document in self._documents(single, attaching):
                        attach_document(client, single.descriptor, document)
                        attaching.log(f"{document.title} is attached as {document.kind}")
        return descriptor
