"""`lamina scan` says what is wrong with an image or a project, and what it did not look at."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.cli import scan_parts
from lamina.oci.annotations import BASE_DIGEST, BASE_NAME
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.project.read import read_project
from lamina.testing.images import Memory
from lamina.testing.registry import InMemoryRegistry
from tests.scan.advisory_server import AdvisoryServer
from tests.scan.planted import (
    RELEASES,
    all_secrets,
    drawn,
    installed,
    planted_config,
    planted_layers,
)
from tests.support.bases import python_index
from tests.support.synthetic import Row, file, image_of, save_like_docker
from tests.support.toys import Outcome, lamina

AMD64 = ("--platform", "linux/amd64")
CLEAN = [installed("six", "1.17.0"), file("app/main.py", b"print('hello')\n")]
HASH = f"--hash=sha256:{'0' * 64}"
ACCEPT = """
[[tool.lamina.scan.accept]]
id = "PYSEC-2021-66"
until = {until}
reason = "not reachable"
"""


class Bench:
    """A store, a folder without a project, and an index of advisories that pip is told of."""

    def __init__(self, folder: Path, server: AdvisoryServer) -> None:
        self.folder = folder
        self.server = server
        self.store = folder / "store"

    def image(
        self,
        *layers: list[Row],
        user: str = "nonroot",
        config: bytes = b"",
        annotations: dict[str, str] | None = None,
    ) -> str:
        """Write a layout, whose config may hold what ours never would."""
        image, content = image_of(layers, runtime=RuntimeConfig(user=user))
        return self.layout(image.manifest_bytes, image.config_bytes, content, config, annotations)

    def layout(
        self,
        manifest_bytes: bytes,
        config_bytes: bytes,
        content: Memory,
        config: bytes,
        annotations: dict[str, str] | None,
    ) -> str:
        value = json.loads(config_bytes) | json.loads(config or b"{}")
        data = json.dumps(value).encode()
        manifest = json.loads(manifest_bytes)
        manifest["config"] |= {"digest": str(Digest.of(data)), "size": len(data)}
        manifest["annotations"] = annotations or {}
        document = json.dumps(manifest).encode()
        place = self.folder / f"layout-{Digest.of(document).short}"
        blobs = place / "blobs/sha256"
        blobs.mkdir(parents=True, exist_ok=True)
        for blob in (*content.blobs.values(), data, document):
            (blobs / Digest.of(blob).hex).write_bytes(blob)
        row = {
            "mediaType": manifest["mediaType"],
            "digest": str(Digest.of(document)),
            "size": len(document),
        }
        (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [row]}))
        (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return f"oci:{place}"

    def project(self, settings: str = "", **files: str) -> Path:
        """Write a project on ``scratch``."""
        place = self.folder / "project"
        place.mkdir(exist_ok=True)
        text = f'[project]\nname = "toy"\n[tool.lamina]\nbase = "scratch"\n{settings}'
        (place / "pyproject.toml").write_text(text)
        for name, content in files.items():
            (place / name.replace("_", ".")).write_text(content)
        return place

    def scan(self, *words: str | Path) -> Outcome:
        done = lamina("scan", *words, store=self.store)
        assert "Traceback" not in done.err
        return done


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("LAMINA_OSV_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    with AdvisoryServer(RELEASES) as server:
        monkeypatch.setenv("UV_DEFAULT_INDEX", server.simple_url)
        yield Bench(tmp_path, server)


def test_a_clean_image_is_0_where_all_was_scanned(bench: Bench) -> None:
    image = bench.image(CLEAN, annotations={BASE_NAME: "scratch"})

    done = bench.scan(image)

    assert (done.code, done.out.splitlines()[-1]) == (0, "clean")
    assert done.out.count("  clean  ") == 6


def test_an_image_that_does_not_say_its_base_is_4_and_says_so(bench: Bench) -> None:
    image = bench.image(CLEAN)

    done = bench.scan(image)

    assert (done.code, done.out.splitlines()[-1]) == (4, "not scanned: base")
    assert bench.scan(image, "--allow-unscanned", "base").code == 0
    assert bench.scan(image, "--scanners", "secrets,permissions").code == 0


def test_all_that_is_planted_is_found_and_nothing_shown(bench: Bench) -> None:
    image = bench.image(*planted_layers(), user="", config=planted_config())

    for name in ("text", "json", "sarif", "markdown"):
        done = bench.scan(image, "--format", name)

        assert done.code == 1
        assert [s for s in all_secrets() if s in done.out + done.err] == []


def test_secrets_in_steps_that_made_no_layer_are_found(bench: Bench) -> None:
    history = [{"created_by": "ENV TOKEN=hunter22", "empty_layer": True}, {"created_by": "RUN x"}]
    image = bench.image(CLEAN, config=json.dumps({"history": history}).encode())

    done = bench.scan(image, "--scanners", "secrets")

    assert (done.code, "secret/assignment:history 1" in done.out) == (1, True)


def test_an_image_that_docker_saved_is_scanned_with_its_history(bench: Bench) -> None:
    path = bench.folder / "saved.tar"
    save_like_docker(path, [[installed("jinja2", "2.11.2")]])

    done = bench.scan(f"docker-archive:{path}", "--format", "json", "--allow-unscanned", "base")

    found = {row["name"]: row for row in json.loads(done.out)["scanners"]}
    assert [row["id"] for row in found["vulnerabilities"]["findings"]] == [
        "PYSEC-2021-66:jinja2 2.11.2"
    ]
    assert [row["id"] for row in found["permissions"]["findings"]] == ["config/root-user:USER"]


def test_the_threshold_decides_what_fails(bench: Bench) -> None:
    image = bench.image([file("srv/store.p12", b"0")], annotations={BASE_NAME: "scratch"})

    assert bench.scan(image, "--severity", "high").code == 0
    assert bench.scan(image, "--severity", "medium").code == 1


def test_answers_of_today_serve_offline(bench: Bench) -> None:
    image = bench.image(CLEAN)
    words = (image, "--scanners", "vulnerabilities")

    assert bench.scan(*words, "--offline").code == 4
    assert bench.scan(*words).code == 0
    asked = len(bench.server.asked)
    assert bench.scan(*words, "--offline").code == 0
    assert bench.scan(*words).code == 0
    assert len(bench.server.asked) == asked


def test_osv_is_asked_where_it_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_OSV_URL", bench.server.origin)
    bench.server.osv = {("six", "1.17.0"): [{"id": "GHSA-1"}]}

    done = bench.scan(bench.image(CLEAN), "--scanners", "vulnerabilities")

    assert (done.code, "GHSA-1:six 1.17.0" in done.out) == (1, True)
    assert set(bench.server.asked) == {"/v1/query"}


def test_without_an_index_nothing_is_called_clean(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    done = bench.scan(bench.image(CLEAN), "--scanners", "vulnerabilities")

    assert (done.code, "no index is configured" in done.out) == (4, True)


def test_what_is_accepted_does_not_fail_until_its_day(bench: Bench) -> None:
    image = bench.image([installed("jinja2", "2.11.2")], annotations={BASE_NAME: "scratch"})

    valid = bench.scan(image, "--project", bench.project(ACCEPT.format(until="2999-01-01")))
    expired = bench.scan(image, "--project", bench.project(ACCEPT.format(until="2020-01-01")))

    assert (valid.code, expired.code) == (0, 1)
    assert "accepted until 2999-01-01: PYSEC-2021-66:jinja2 2.11.2 (not reachable)" in valid.out
    assert "PYSEC-2021-66 was accepted until 2020-01-01" in expired.out


def test_denied_licences_are_those_of_the_project(bench: Bench) -> None:
    image = bench.image([installed("six", "1.17.0", "License: GPLv3")])
    project = bench.project('[tool.lamina.scan]\ndeny-licenses = ["GPL-*"]\n')

    done = bench.scan(image, "--project", project, "--scanners", "licenses")

    assert (done.code, "license/denied:six" in done.out) == (1, True)


def test_a_wrong_setting_stops_before_anything_is_scanned(bench: Bench) -> None:
    project = bench.project("[tool.lamina.scan]\nacept = []\n")

    done = bench.scan(bench.image(CLEAN), "--project", project)

    assert (done.code, done.out) == (3, "")
    assert "did you mean 'accept'" in done.err


def test_a_project_is_scanned_before_there_is_an_image(bench: Bench) -> None:
    token = "gh" + "p_" + drawn(36)
    lock = f"jinja2==2.11.2 {HASH}\nsix==1.17.0 {HASH}\n"
    project = bench.project(requirements_txt=lock, main_py=f"TOKEN = '{token}'\n")
    (project / ".env").write_text(f"TOKEN={drawn(20)}\n")  # stays out of the image

    done = bench.scan(project)

    assert done.code == 1
    assert "PYSEC-2021-66:jinja2 2.11.2" in done.out
    assert "in: main.py, line 1" in done.out
    assert ".env" not in done.out
    assert token not in done.out


def test_a_project_that_pins_nothing_is_not_called_clean(bench: Bench) -> None:
    project = bench.project(requirements_txt="six\n")

    done = bench.scan(project)

    assert (done.code, "nothing is pinned" in done.out) == (4, True)


def test_what_needs_an_image_is_not_scanned_in_a_project(bench: Bench) -> None:
    done = bench.scan(bench.project(), "--scanners", "permissions,debian,licenses")

    assert (done.code, done.out.count("scan its image")) == (4, 3)


def test_a_program_of_others_is_asked_for_by_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = bench.folder / "tools"
    tools.mkdir()
    trivy = tools / "trivy"
    trivy.write_text('#!/bin/sh\nfor last; do :; done\ntest -f "$last/index.json" || exit 9\n'
                     """echo '{"SchemaVersion": 2, "Results": []}'\n""")  # fmt: skip
    trivy.chmod(0o755)
    image = bench.image(CLEAN)

    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    done = bench.scan(image, "--scanners", "trivy,grype")

    assert (done.code, "grype is not installed" in done.out) == (4, True)
    assert "trivy  clean" in done.out
    assert bench.scan(image, "--scanners", "trivy").code == 0


@pytest.mark.usefixtures("hasty")
def test_a_newer_base_in_the_registry_is_found(bench: Bench) -> None:
    content = Memory()
    with InMemoryRegistry() as registry:
        old = python_index(content, "old")
        registry.keep("bases/python", "3", old, content)
        tag = f"{registry.address}/bases/python:3"
        annotations = {BASE_NAME: tag, BASE_DIGEST: str(old.descriptor.digest)}
        image = bench.image(CLEAN, annotations=annotations)

        current = bench.scan(image, "--scanners", "base")
        registry.keep("bases/python", "3", python_index(content, "new"), content)
        newer = bench.scan(image, "--scanners", "base")
        offline = bench.scan(image, "--scanners", "base", "--offline")

    assert (current.code, newer.code, offline.code) == (0, 1, 4)
    assert f"base/newer:{tag}" in newer.out
    assert bench.scan(image, "--scanners", "base").code == 4  # the registry is gone


def test_the_base_can_be_named_for_an_image_that_does_not_say_it(bench: Bench) -> None:
    """Its lowest layers are those of the base as it is now, or they are not."""
    bottom = [file("etc/base", b"1")]
    base, other = bench.image(bottom), bench.image([file("etc/base", b"2")])
    image = bench.image(bottom, CLEAN)

    def scan(name: str, *words: str) -> Outcome:
        return bench.scan(image, "--scanners", "base", "--base", name, *words)

    assert [scan(name).code for name in (base, image)] == [0, 0]
    assert scan(other).code == 1
    assert f"base/other:{other}" in scan(other).out
    assert scan("docker://127.0.0.1:9/python:3", "--offline").code == 4
    assert bench.scan(bench.project(), "--base", base).code == 2


def test_a_folder_without_a_project_is_no_project(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the package ``shop`` there is an image of that name."""
    layout = Path(bench.image(CLEAN).removeprefix("oci:"))
    (bench.folder / "shop").mkdir()
    monkeypatch.chdir(bench.folder)

    assert "there is no image" in bench.scan("shop").err
    assert "this is not a Python project" in bench.scan("./shop").err
    assert f"name it oci:{layout.name}" in bench.scan(layout.name).err


def test_an_unknown_scanner_is_a_mistake_of_the_command_line(bench: Bench) -> None:
    for option in ("--scanners", "--allow-unscanned"):
        done = bench.scan(bench.image(CLEAN), option, "secret")

        assert (done.code, "there is no scanner 'secret'" in done.err) == (2, True)


def test_a_hostile_image_is_not_scanned_and_no_traceback(bench: Bench) -> None:
    image, content = image_of([b"\xff" * 4096], runtime=RuntimeConfig(user="1"))
    place = bench.layout(image.manifest_bytes, image.config_bytes, content, b"", None)

    done = bench.scan(place)

    assert done.code == 4
    assert done.out.count("not scanned  ") >= 5


def test_files_of_a_wheel_count_whatever_dockerignore_says(bench: Bench) -> None:
    """A build backend does not read .dockerignore, so what it names may be in the wheel."""
    text = '[build-system]\nrequires = []\n[project]\nname = "toy"\nversion = "1"\n'
    project = bench.project()
    (project / "pyproject.toml").write_text(text)
    (project / ".dockerignore").write_text("toy.py\n")
    (project / "toy.py").write_text("TOKEN = '" + "gh" + "p_" + drawn(36) + "'\n")

    names = [path.name for path in scan_parts.files_of(read_project(project))]

    assert "toy.py" in names
