"""`lamina sbom`, and `lamina build --sbom`: of a project, of any image, and beside pushed ones."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamina.oci.digest import Digest
from lamina.registry.referrers import referrers_of
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import Rule, Status
from lamina.testing.projects import locked_project
from lamina.testing.registry import Choices, InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.registry.talking import talk_to
from tests.support import toys
from tests.support.proven import make_project
from tests.support.schemas import cyclonedx_problem, spdx_problems

AMD64 = ("--platform", "linux/amd64")
SECRET = "canary-s3cret"  # looked for in what is attached


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture(params=[True, False], ids=["api", "fallback tag"])
def registry(request: pytest.FixtureRequest) -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(choices=Choices(has_referrers=request.param)) as registry:
        yield registry


def named(text: str) -> set[str]:
    return {f"{row['name']} {row['version']}" for row in json.loads(text)["components"]}


ALL = {
    "large 1.0", "libc6 2.36-9+deb12u10", "other 1.0", "own 1.0",
    "pip 24.0", "toy 1.0", "tzdata 2025b-0+deb12u1",
}  # fmt: skip


def test_a_project_is_listed_before_anything_is_built(project: Path, tmp_path: Path) -> None:
    """Wheels from the lock, and what the base's layers say is in it."""
    done = toys.lamina("sbom", project, *AMD64, store=tmp_path / "store")

    assert done.code == 0, done.err
    assert named(done.out) == ALL
    assert cyclonedx_problem(done.out.encode()) == ""
    toy = next(row for row in json.loads(done.out)["components"] if row["name"] == "toy")
    wheel = (tmp_path / "wheels/toy-1.0-py3-none-any.whl").read_bytes()
    assert toy["hashes"][0]["content"] == Digest.of(wheel).hex


def test_an_image_is_listed_as_its_layers_say(project: Path, tmp_path: Path) -> None:
    store, layout = tmp_path / "store", tmp_path / "layout"
    toys.build(project, layout, store)

    cases = [f"oci:{layout}", toys.NAME]
    listed = [toys.lamina("sbom", case, *AMD64, store=store) for case in cases]

    assert [(one.code, named(one.out)) for one in listed] == [(0, ALL), (0, ALL)]
    component = json.loads(listed[0].out)["metadata"]["component"]
    assert (
        component["version"]
        == json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]
    )


def test_a_file_is_written_whole(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "sbom.spdx.json"

    done = toys.lamina(
        "sbom", project, *AMD64, "--format", "spdx-json", "-o", out, store=tmp_path / "store"
    )

    assert (done.code, done.out) == (0, "")
    assert spdx_problems(out.read_bytes()) == []


def test_a_wheel_that_cannot_be_looked_into_is_a_warning(project: Path, tmp_path: Path) -> None:
    """Its digest is that of the lock, whether it is here or not."""
    (tmp_path / "wheels/toy-1.0-py3-none-any.whl").unlink()

    done = toys.lamina("sbom", project, *AMD64, store=tmp_path / "store")

    assert done.code == 0, done.err
    assert "the licence of toy-1.0-py3-none-any.whl is not known" in done.err
    assert named(done.out) == ALL


def test_a_bill_is_of_one_platform(project: Path, tmp_path: Path) -> None:
    done = toys.lamina(
        "sbom", project, "--platform", "linux/amd64,linux/arm64", store=tmp_path / "store"
    )

    assert done.code == 2


def test_no_image_is_an_error(tmp_path: Path) -> None:
    done = toys.lamina("sbom", "nothing:1", store=tmp_path / "store")

    assert done.code == 3
    assert "there is no image nothing:1 in the store" in done.err


def push(project: Path, registry: InMemoryRegistry, store: Path, *words: str) -> str:
    name = f"{registry.address}/demo/app:1"
    done = toys.lamina("build", project, "-t", name, "--push", *AMD64, *words, store=store)
    assert done.code == 0, done.err
    return name


def attached(registry: InMemoryRegistry, digest: Digest) -> dict[str, Any]:
    """Read the documents of an image by their type."""
    client = talk_to(registry.address)
    found = {}
    for row in referrers_of(client, digest):
        manifest = json.loads(client.get_manifest(str(row.digest))[1])
        blob = registry.repositories["demo/app"].blobs[
            Digest.parse(manifest["layers"][0]["digest"])
        ]
        found[manifest["artifactType"]] = json.loads(blob)
    return found


def test_both_bills_and_the_provenance_go_along_with_a_pushed_image(
    project: Path, registry: InMemoryRegistry, tmp_path: Path
) -> None:
    push(project, registry, tmp_path / "store", "--sbom")

    digest = registry.repositories["demo/app"].tags["1"]
    documents = attached(registry, digest)
    assert {*documents} == {
        "application/vnd.cyclonedx+json",
        "application/spdx+json",
        "application/vnd.in-toto+json",
    }
    bill = documents["application/vnd.cyclonedx+json"]
    assert named(json.dumps(bill)) == ALL
    assert bill["metadata"]["component"]["version"] == str(digest)
    assert spdx_problems(json.dumps(documents["application/spdx+json"]).encode()) == []
    statement = documents["application/vnd.in-toto+json"]
    assert statement["subject"][0]["digest"] == {"sha256": digest.hex}


def test_documents_that_a_registry_refuses_are_an_error(
    project: Path, registry: InMemoryRegistry, tmp_path: Path
) -> None:
    """They were asked for; the image is there all the same."""
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(403), method="PUT", path="/manifests/sha256"))

        done = toys.lamina(
            "build", project, "-t", f"{proxy.address}/demo/app:1", "--push", "--sbom", *AMD64,
            store=tmp_path / "store",
        )  # fmt: skip

    assert done.code == 4
    assert "1" in registry.repositories["demo/app"].tags


def test_each_platform_has_its_own(registry: InMemoryRegistry, tmp_path: Path) -> None:
    project = locked_project(tmp_path / "project", [ToyWheel()], settings="sbom = true")
    name = f"{registry.address}/demo/app:1"

    done = toys.lamina(
        "build", project, "-t", name, "--push", "--platform", "linux/amd64,linux/arm64",
        store=tmp_path / "store",
    )  # fmt: skip

    assert done.code == 0, done.err
    repository = registry.repositories["demo/app"]
    index = json.loads(repository.manifests[repository.tags["1"]].data)
    platforms = {}
    for row in index["manifests"]:
        bill = attached(registry, Digest.parse(row["digest"]))["application/vnd.cyclonedx+json"]
        rows = bill["metadata"]["component"]["properties"]
        platforms[row["platform"]["architecture"]] = rows[0]["value"]
    assert platforms == {"amd64": "linux/amd64", "arm64": "linux/arm64"}


def test_pushing_again_adds_nothing(
    project: Path, registry: InMemoryRegistry, tmp_path: Path
) -> None:
    push(project, registry, tmp_path / "store", "--sbom")
    before = len(registry.repositories["demo/app"].manifests)

    push(project, registry, tmp_path / "another store", "--sbom")

    assert len(registry.repositories["demo/app"].manifests) == before


def test_nothing_is_attached_without_a_wish(
    project: Path, registry: InMemoryRegistry, tmp_path: Path
) -> None:
    path = project / "pyproject.toml"
    push(project, registry, tmp_path / "store")
    text = path.read_text().replace("[tool.lamina]", "[tool.lamina]\nsbom = true")
    path.write_text(text)
    push(project, registry, tmp_path / "store", "--no-sbom")

    assert len(registry.repositories["demo/app"].manifests) == 1


def test_a_wish_that_cannot_be_is_an_error(project: Path, tmp_path: Path) -> None:
    done = toys.lamina("build", project, "-t", "x:1", *AMD64, "--sbom", store=tmp_path / "store")

    assert done.code == 2
    assert "nothing is pushed" in done.err


def test_the_setting_does_not_stand_in_the_way_of_other_outputs(
    project: Path, tmp_path: Path
) -> None:
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace("[tool.lamina]", "[tool.lamina]\nsbom = true"))

    done = toys.build(project, tmp_path / "layout", tmp_path / "store")

    assert done.code == 0, done.err


def test_an_attached_bill_is_found_and_another_one_is_made(
    project: Path, registry: InMemoryRegistry, tmp_path: Path
) -> None:
    """What is attached knows the wheels' digests; the layers do not."""
    name = push(project, registry, tmp_path / "store", "--sbom")
    words = ("sbom", f"docker://{name}", *AMD64)

    found = toys.lamina(*words, store=tmp_path / "empty")
    read = toys.lamina(*words, "--read", store=tmp_path / "empty")

    with_hashes = [
        {row["name"] for row in json.loads(one.out)["components"] if "hashes" in row}
        for one in (found, read)
    ]
    assert with_hashes == [{"toy", "other", "large", "own"}, set()]
    assert "attached to the image" in found.err
    assert named(read.out) == ALL


def test_an_image_without_a_bill_is_read(
    project: Path, registry: InMemoryRegistry, tmp_path: Path
) -> None:
    name = push(project, registry, tmp_path / "store")

    done = toys.lamina("sbom", f"docker://{name}", *AMD64, store=tmp_path / "empty")

    assert named(done.out) == ALL


def test_secrets_of_the_machine_are_in_no_document(
    project: Path, registry: InMemoryRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are paths of it, or addresses of wheels."""
    for variable in ("AWS_SECRET_ACCESS_KEY", "LAMINA_MEMO_KEY", "PIP_INDEX_URL", "HOME"):
        monkeypatch.setenv(variable, f"/{SECRET}-long-enough")
    push(project, registry, tmp_path / "store", "--sbom")

    digest = registry.repositories["demo/app"].tags["1"]
    text = json.dumps(attached(registry, digest))

    assert SECRET not in text
    # The base is a folder here, and is called as in the settings; nothing else names one.
    assert str(tmp_path) not in text.replace(f"oci:{tmp_path}/base", "")


def test_the_commit_of_the_checkout_is_in_the_provenance(
    project: Path, registry: InMemoryRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CI"):
        monkeypatch.delenv(name, raising=False)
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm1", "--allow-empty"],
    ):
        subprocess.run(["git", "-C", project, *words], check=True)
    head = subprocess.run(
        ["git", "-C", project, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    push(project, registry, tmp_path / "store", "--sbom")

    digest = registry.repositories["demo/app"].tags["1"]
    statement = attached(registry, digest)["application/vnd.in-toto+json"]

    asked = statement["predicate"]["buildDefinition"]["externalParameters"]
    assert asked["revision"] == head
