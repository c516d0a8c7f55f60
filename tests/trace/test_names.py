"""What BuildKit's names say."""

import pytest

from lamina.trace.names import Phase, parse_name


@pytest.mark.parametrize(
    ("name", "platform", "stage", "index", "text"),
    [
        ("[2/5] RUN make", "", "", 2, "RUN make"),
        ("[ 8/14] RUN make", "", "", 8, "RUN make"),
        ("[builder  2/12] WORKDIR /w", "", "builder", 2, "WORKDIR /w"),
        ("[stage-2 1/3] COPY --from=builder /w /w", "", "stage-2", 1, "COPY --from=builder /w /w"),
        ("[linux/arm64 base 1/1] COPY a /a/", "linux/arm64", "base", 1, "COPY a /a/"),
        ("[linux/arm/v7 2/3] RUN x", "linux/arm/v7", "", 2, "RUN x"),
        ("[linux/amd64->linux/arm64 build 2/3] RUN x", "linux/amd64->linux/arm64", "build", 2,
         "RUN x"),
        ("[web builder 2/4] WORKDIR /w", "", "web builder", 2, "WORKDIR /w"),
        ("[web linux/arm64 builder 2/4] RUN x", "linux/arm64", "web builder", 2, "RUN x"),
        ("[1/2] ONBUILD RUN x", "", "", 1, "RUN x"),
        ("[2/2] run   x\n y", "", "", 2, "RUN x y"),
        ("[2/6] LINK COPY --link src /src", "", "", 2, "LINK COPY --link src /src"),
        (f"[1/2] FROM docker.io/library/python:3.12@sha256:{'a' * 64}", "", "", 1,
         "FROM docker.io/library/python:3.12"),
    ],
)  # fmt: skip
def test_a_step_is_named_by_platform_stage_and_text(
    name: str, platform: str, stage: str, index: int, text: str
) -> None:
    """The number of a step and the digest of a base change between builds: no part of its text."""
    found = parse_name(name)

    assert (found.platform, found.stage, found.index, found.text) == (platform, stage, index, text)


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("[internal] load build definition from Dockerfile", Phase.FRONTEND),
        ("[web internal] load .dockerignore", Phase.FRONTEND),
        ("[internal] load metadata for docker.io/library/python:3.12", Phase.METADATA),
        ("[context base] load metadata for docker.io/library/base", Phase.METADATA),
        ("[context base] OCI load from client", Phase.BASE),
        ("[auth] library/python:pull token for registry-1.docker.io", Phase.AUTH),
        ("[internal] load build context", Phase.CONTEXT),
        ("[context shared] load from client", Phase.BASE),
        ("[1/4] FROM docker.io/library/python:3.12", Phase.BASE),
        ("[2/4] COPY . .", Phase.STEP),
        ("importing cache manifest from local:1549", Phase.CACHE_IMPORT),
        ("exporting to image", Phase.EXPORT),
        ("[web] exporting to image", Phase.EXPORT),
        ("exporting to oci image format", Phase.EXPORT),
        ("exporting cache to registry", Phase.CACHE_EXPORT),
        ("exporting to GitHub Actions Cache", Phase.CACHE_EXPORT),
        ("pushing localhost:5000/x with docker", Phase.PUSH),
        ("resolve image config for docker-image://docker.io/docker/dockerfile:1", Phase.METADATA),
        ("docker-image://docker.io/docker/dockerfile:1@sha256:abc", Phase.FRONTEND),
        ("[internal] booting buildkit", Phase.OTHER),
        ("", Phase.OTHER),
    ],
)
def test_every_name_belongs_to_a_phase(name: str, phase: Phase) -> None:
    assert parse_name(name).phase is phase


def test_only_steps_that_run_or_copy_can_be_cached() -> None:
    """FROM is resolved again each time, and a LINK is a part of its COPY."""
    names = ("RUN x", "COPY a b", "ADD a b", "WORKDIR /w", "FROM x", "LINK COPY a b", "ENV A=b")

    cacheable = [name for name in names if parse_name(f"[1/9] {name}").is_cacheable]

    assert cacheable == ["RUN x", "COPY a b", "ADD a b", "WORKDIR /w"]
