"""The stages of a Dockerfile of ours, each as paragraphs."""

from collections.abc import Sequence
from typing import Final

from lamina.dockerfile.annotated import Paragraph
from lamina.dockerfile.instructions import (
    Arg,
    Assignment,
    Copy,
    From,
    Heredoc,
    Setting,
)
from lamina.engines.buildkit import mounts, scripts
from lamina.engines.buildkit.foundation import Foundation
from lamina.engines.buildkit.groups import Group
from lamina.engines.buildkit.mounts import bound, run, run_script
from lamina.engines.buildkit.uv_pin import UV
from lamina.plan.plan import BuildPlan

_APT_IGNORE: Final = (
    "Versions come with the release of the base, which the digest or the tag chooses.\n"
    "hadolint ignore=DL3008"
)

_VERSION: Final = (
    Arg(pairs=(("VERSION", "0+unknown"),)),
    Assignment(
        keyword="ENV",
        pairs=tuple((name, "${VERSION}") for name in (
            "SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION",
            "POETRY_DYNAMIC_VERSIONING_BYPASS", "UV_DYNAMIC_VERSIONING_BYPASS",
        )),
    ),
)  # fmt: skip
_VERSION_NOTE: Final = (
    "\nThe version comes from tags, and there is no repository here: pass\n"
    '`--build-arg VERSION="$(git describe --tags --abbrev=0)"`, or another version.'
)


def base_argument(foundation: Foundation) -> Paragraph:
    """Name the images; ``--build-arg BASE=...`` replaces them."""
    builder = foundation.builder or "${BASE}"
    return Paragraph(
        instructions=(Arg(pairs=(("BASE", foundation.base),)), Arg(pairs=(("BUILDER", builder),))),
        comment="What the image stands on, and where distributions are installed: the latter "
        "needs pip and a shell.\nBoth have to have the same Python at the same path.",
    )


def builder(plan: BuildPlan, foundation: Foundation) -> list[Paragraph]:
    """Prepare the empty environment and the installer."""
    return [
        Paragraph(instructions=(From(image="${BUILDER}", name="builder"),)),
        *_apt(foundation.build_packages),
        Paragraph(
            instructions=(_written(UV, f"{scripts.UV}.txt"),
                          _written(_filled(scripts.INSTALL, plan), scripts.INSTALLER, mode="755")),
            comment="Certificates and logins come as secrets, so no layer, argument or history "
            "has them.",
        ),
        Paragraph(
            instructions=(run_script(_filled(scripts.VENV, plan), *mounts.PIP),),
            comment="The empty environment, as `lamina build` makes it, and uv beside it.",
        ),
        Paragraph(instructions=(Assignment(keyword="ENV", pairs=_uv_settings(plan)),)),
    ]  # fmt: skip


def lock(path: str, groups: Sequence[Group]) -> list[Paragraph]:
    """Divide the lock, so that a changed line re-runs the one group that it belongs to."""
    listed = "".join(" ".join((g.name, *g.distributions)) + "\n" for g in groups)
    return [
        Paragraph(
            instructions=(
                From(image="builder", name="lock"),
                Setting(keyword="WORKDIR", value="/lock"),
                _written(scripts.SPLIT, "split.py"),
                _written(listed, "groups"),
                run("python3 split.py", bound(path, at="/lock/requirements.txt")),
            ),
            comment="The lock, divided into groups: what changes least comes first.\n"
            "A group is installed again when one of its own lines changed.",
        )
    ]


def group(found: Group, *, is_pinned: bool) -> Paragraph:
    """Install one group."""
    hashes = "--no-deps --require-hashes " if is_pinned else ""
    command = f"install-into-venv {hashes}-r {scripts.REQUIREMENTS}"
    listed = bound(f"/lock/{found.name}.txt", stage="lock")
    size = f", {found.size / 1e6:.0f} MB of wheels" if found.size else ""
    count = len(found.distributions)
    return Paragraph(
        instructions=(From(image="builder", name=found.name), run(command, *mounts.UV, listed)),
        comment=f"{count} distribution{'s' * (count != 1)}{size}.",
    )


def own_wheel(plan: BuildPlan, *, is_versioned_by_tags: bool) -> list[Paragraph]:
    """Build the project's wheel in one stage, which can be replaced, and install it in another.

    ``is_versioned_by_tags`` asks for the version, for the context of a build has no repository.
    """
    built = bound("/dist", stage="wheel", at="/dist")
    return [
        Paragraph(
            instructions=(
                From(image="builder", name="build-wheel"),
                *(_VERSION if is_versioned_by_tags else ()),
                Copy(sources=(".",), destination="/src"),
                run_script(_filled(scripts.BUILD_WHEEL, plan), *mounts.UV),
                From(image="scratch", name="wheel"),
                Copy(flags=(("from", "build-wheel"),), sources=("/dist",), destination="/dist"),
            ),
            comment="The project as a wheel; nothing else of the source gets into the image.\n"
            "`--build-context wheel=DIR` takes one that was built before."
            + (_VERSION_NOTE if is_versioned_by_tags else ""),
        ),
        Paragraph(
            instructions=(
                From(image="builder", name="project"),
                run("install-into-venv --no-deps --no-index /dist/*.whl", built),
            )
        ),
    ]


def runtime(plan: BuildPlan, foundation: Foundation) -> list[Paragraph]:
    """Prepare what both targets stand on: libraries, the user, the working directory."""
    user = scripts.NONROOT if foundation.is_assembled else ""
    return [
        Paragraph(
            instructions=(From(image="${BASE}", name="runtime"),),
            comment="What the image is without the project and what it depends on.",
        ),
        *_apt(foundation.packages, user),
        Paragraph(
            instructions=(
                Copy(flags=(("from", "builder"),), sources=(scripts.LAYER,), destination="/"),
                Setting(keyword="WORKDIR", value=plan.runtime.working_directory),
            ),
            comment="Below all links: what stands on those has to put their files together first.",
        ),
    ]


def files(plan: BuildPlan, copies: Sequence[Copy]) -> Paragraph:
    """Collect files of the project in a stage of their own, which is where their times go."""
    return Paragraph(
        instructions=(From(image="builder", name="files"), *copies, run(scripts.SETTLE_LAYER)),
        comment=f"Files of the project, below {plan.runtime.working_directory}.",
    )


def copied(stage: str) -> Copy:
    """Take over what a stage has, as a layer that depends on nothing below it."""
    flags = (("link", None), ("from", stage))
    return Copy(flags=flags, sources=(scripts.LAYER,), destination="/")


def _apt(packages: Sequence[str], more: str = "") -> list[Paragraph]:
    if not packages:
        return []
    script = scripts.APT_INSTALL.format(packages=" ".join(packages)) + more + scripts.SETTLE
    return [Paragraph(instructions=(run_script(script, *mounts.APT),), comment=_APT_IGNORE)]


def _written(text: str, path: str, *, mode: str = "") -> Copy:
    return Copy(
        flags=(("chmod", mode),) if mode else (),
        sources=("<<'EOF'",),
        destination=path,
        heredocs=(Heredoc(name="EOF", content=text, expands=False),),
    )


def _uv_settings(plan: BuildPlan) -> tuple[tuple[str, str], ...]:
    compiled = (("UV_COMPILE_BYTECODE", "1"), ("PYC_INVALIDATION_MODE", "unchecked-hash"))
    return (
        ("UV_LINK_MODE", "copy"),
        ("UV_NO_INSTALLER_METADATA", "1"),
        ("UV_PYTHON_DOWNLOADS", "never"),
        *(compiled if plan.bytecode == "all" else ()),
    )


def _filled(script: str, plan: BuildPlan) -> str:
    return script.format(
        venv=plan.venv,
        workdir=plan.runtime.working_directory,
        layer=scripts.LAYER,
        settle=scripts.SETTLE_LAYER,
        uv=scripts.UV,
        ca=scripts.CA,
    )
