"""Both sides of a verification: the image that is there, and the one that the project makes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from lamina.build import make_plan
from lamina.cli import images, wiring
from lamina.errors import ImageError, InputError, UsageError
from lamina.image.blobs import ImageTree
from lamina.image.document_difference import read_json
from lamina.image.index_difference import index_difference
from lamina.image.load import fits, load_tree
from lamina.image.owners import owners_of
from lamina.image.verify import Difference, Expected, Verdict, read_config, verify
from lamina.lock.target import check_supported
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.parse import parse_index, parse_manifest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.parts import parts_of
from lamina.plan.plan import BuildPlan
from lamina.project.project import Project
from lamina.protocols import Content
from lamina.registry.pull import RemoteContent
from lamina.steps import Step
from lamina.store.store import Store
from lamina.workshop import Workshop

_REGISTRY = "docker://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One platform's image, the plan that it should come from, and what was found."""

    digest: Digest
    plan: BuildPlan
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """An image of one or more platforms; ``others`` is what is wrong with the index."""

    images: tuple[Examined, ...]
    others: tuple[Difference, ...] = ()

    @property
    def is_proven(self) -> bool:
        """All of it is as expected."""
        return not self.others and all(one.verdict.is_proven for one in self.images)


def find_tree(text: str, store: Store, insecure: Collection[str]) -> tuple[ImageTree, Content]:
    """Find all of what ``text`` names; of a registry only manifests are fetched yet."""
    if not text.startswith(_REGISTRY):
        return images.find_tree(text, store, insecure)
    reference = Reference.parse(text.removeprefix(_REGISTRY))
    client = wiring.registries(insecure)(reference)
    root, _ = client.get_manifest(str(reference.digest or reference.tag))
    content = RemoteContent(client)
    return load_tree(content, root), content


def examine(  # noqa: PLR0913 - two sides of a comparison
    tree: ImageTree,
    content: Content,
    project: Project,
    workshop: Workshop,
    step: Step,
    *,
    platform: Platform | None = None,
    is_quick: bool = False,
) -> Examination:
    """Make what ``project`` makes, and compare it with the images of ``tree``.

    Only the image for ``platform`` is looked at where one is given.
    """
    rows = _rows(tree)
    chosen = [row for row in rows if _is_image(row) and (not platform or fits(row, platform))]
    if not chosen:
        raise ImageError(f"there is no image for {platform or 'any platform'}")
    made: list[Image] = []
    found: list[Examined] = []
    for row in chosen:
        wanted = platform or _platform(tree, content, row)
        plan = make_plan(project, wanted, workshop, step)
        with step.child(f"make what is missing of {wanted}") as making:
            image, ours = workshop.engine.build(plan, making)
        expected = Expected(
            image=image,
            content=ours,
            names=[name for name, _ in parts_of(plan, len(image.layers))],
            owners=partial(_owners, workshop.store),
        )
        with step.child(f"compare {row.digest.short}"):
            verdict = verify(expected, row, content, is_quick=is_quick)
        made.append(image)
        found.append(Examined(digest=row.digest, plan=plan, verdict=verdict))
    others = () if platform else _others(tree, made, found, rows)
    return Examination(images=tuple(found), others=others)


def _owners(store: Store, layer: Layer) -> dict[str, str]:
    return owners_of(store.contents(layer))


def _rows(tree: ImageTree) -> Sequence[Descriptor]:
    """List what the image or index consists of."""
    if tree.root.media_type not in media_type.INDEXES:
        return [tree.root]
    return parse_index(tree.manifests[tree.root], where=str(tree.root.digest))


def _is_image(row: Descriptor) -> bool:
    """Say whether a row may be an image of ours, and is no index, and no attestation."""
    if row.media_type not in media_type.MANIFESTS:
        return False
    try:
        if row.platform is not None and row.platform.architecture:
            check_supported(row.platform)
    except UsageError:
        return False
    return True


def _platform(tree: ImageTree, content: Content, row: Descriptor) -> Platform:
    """Find out what an image says it is for; this machine's platform where that cannot be."""
    if row.platform is not None and row.platform.architecture:
        return row.platform
    config, _ = parse_manifest(tree.manifests[row], where=str(row.digest), any_layers=True)
    try:
        said = read_json(read_config(content, config))
        return check_supported(Platform.from_json(said if isinstance(said, dict) else {}))
    except (InputError, UsageError):
        return wiring.host_platform()


def _others(
    tree: ImageTree, made: Sequence[Image], found: Sequence[Examined], rows: Sequence[Descriptor]
) -> tuple[Difference, ...]:
    if tree.root.media_type not in media_type.INDEXES:
        return ()
    strange = [row for row in rows if not _is_image(row)]
    is_proven = all(one.verdict.is_proven and not one.verdict.notes for one in found)
    lines = index_difference(
        tree.manifests[tree.root], made, strange=strange, compares_bytes=is_proven
    )
    return (Difference(where="index", what=lines),) if lines else ()
