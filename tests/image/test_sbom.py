"""Bills of materials: what is in them, and that others can read them."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.errors import ArchiveError
from lamina.image.cyclonedx import cyclonedx
from lamina.image.facts_json import facts_from_json, facts_to_json
from lamina.image.installed import Found, Installed, installed
from lamina.image.license import License, license_of
from lamina.image.purl import deb_purl, oci_purl, pypi_purl
from lamina.image.sbom import Bill, bill_of_image, bill_of_plan
from lamina.image.spdx import spdx
from lamina.image.wheel_metadata import WheelFacts, wheel_facts
from lamina.layer.zip_directory import ZipDirectory
from lamina.lock.lock import LockedWheel
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.plan import BaseImage, BuildPlan, FileLayer, PlannedFile, WheelLayer
from lamina.testing.images import Memory, toy_image
from lamina.testing.wheels import ToyWheel
from tests.support.proven import RELEASE, STATUS
from tests.support.schemas import cyclonedx_problem, spdx_problems

AMD64 = Platform("linux", "amd64")
IMAGE = Digest.of(b"image")


def package(name: str, version: str, *, architecture: str = "amd64") -> DebianPackage:
    return DebianPackage(
        name=name,
        version=version,
        architecture=architecture,
        archive="bookworm/main",
        path=f"pool/{name}_{version}_{architecture}.deb",
        size=1,
        sha256=Digest.of(name.encode()).hex,
        control=f"Package: {name}\nSource: {name}-source (7)\n",
    )


SELECTION = DebianSelection(
    suite="bookworm",
    version_id="12",
    architecture="amd64",
    python="3.11",
    glibc="2.36",
    base=(package("libc6", "2.36-9+deb12u10"), package("tzdata", "2025b", architecture="all")),
    system=(package("ffmpeg", "7:5.1"), package("tzdata", "2025b", architecture="all")),
)


def wheel(name: str, version: str = "1.0") -> LockedWheel:
    filename = f"{name}-{version}-py3-none-any.whl"
    return LockedWheel(
        name=name, version=version, filename=filename, digest=Digest.of(name.encode()), size=9
    )


PLAN = BuildPlan(
    name="app",
    base=BaseImage(
        reference="debian:bookworm",
        platform=AMD64,
        digest=Digest.of(b"base"),
        python="3.11",
        python_full="3.11.2",
        interpreter="/usr/bin/python3.11",
        glibc=(2, 36),
    ),
    venv="/opt/venv",
    layers=(
        WheelLayer(
            name="tiny wheels", wheels=(wheel("numpy", "1.26.4"), wheel("torch", "2.9+cpu"))
        ),
        WheelLayer(name="app", wheels=(wheel("app"),), is_own=True),
    ),
    runtime=RuntimeConfig(command=("app",)),
    created=1_700_000_000,
)
FACTS = {
    Digest.of(b"numpy"): WheelFacts(license=License(expression="BSD-3-Clause AND MIT")),
    Digest.of(b"torch"): WheelFacts(
        license=License(said="as it pleases us"),
        vendored=(Found(name="Six", version="1.16", path="torch/_vendor/six.dist-info/METADATA"),),
    ),
}


def bill(**changes: Any) -> Bill:
    made = bill_of_plan(PLAN, image=IMAGE, version="1.0", selection=SELECTION, facts=FACTS)
    return replace(made, **changes)


def components(data: bytes) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(data)["components"]}


def properties(row: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in row["properties"]}


def test_every_wheel_and_package_is_named_with_its_digest_and_purl() -> None:
    found = components(cyclonedx(bill(), tool_version="1"))

    assert {*found} == {"numpy", "torch", "six", "app", "libc6", "tzdata", "ffmpeg"}
    assert found["torch"]["purl"] == "pkg:pypi/torch@2.9%2Bcpu"
    assert found["torch"]["hashes"] == [{"alg": "SHA-256", "content": Digest.of(b"torch").hex}]
    assert found["libc6"]["hashes"] == [{"alg": "SHA-256", "content": Digest.of(b"libc6").hex}]
    assert found["libc6"]["purl"] == (
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12"
        "&upstream=libc6-source%407"
    )
    assert [found[name]["type"] for name in ("numpy", "app")] == ["library", "application"]


def test_it_is_said_what_each_is_for() -> None:
    found = components(cyclonedx(bill(), tool_version="1"))

    roles = {name: properties(row)["lamina:role"] for name, row in found.items()}

    assert roles == {
        "numpy": "dependencies",
        "torch": "dependencies",
        "six": "dependencies",
        "app": "application",
        "libc6": "base",
        "tzdata": "base",
        "ffmpeg": "system",
    }


def test_a_copy_inside_a_wheel_is_named_with_its_place() -> None:
    six = components(cyclonedx(bill(), tool_version="1"))["six"]

    found_at = properties(six)["lamina:found-at"]

    assert found_at == "torch-2.9+cpu-py3-none-any.whl, torch/_vendor/six.dist-info/METADATA"
    assert "hashes" not in six


def test_a_licence_that_is_no_expression_is_quoted() -> None:
    found = components(cyclonedx(bill(), tool_version="1"))
    document = json.loads(spdx(bill(), tool_version="1"))
    packages = {row["name"]: row for row in document["packages"]}

    assert found["numpy"]["licenses"] == [{"expression": "BSD-3-Clause AND MIT"}]
    assert found["torch"]["licenses"] == [{"license": {"name": "as it pleases us"}}]
    assert packages["numpy"]["licenseDeclared"] == "BSD-3-Clause AND MIT"
    assert packages["torch"]["licenseDeclared"] == "NOASSERTION"
    assert packages["torch"]["licenseComments"] == "it says: as it pleases us"


@pytest.mark.parametrize(
    "made",
    [
        bill(),
        bill(image=None, plan=None, is_complete=False),
        bill(ingredients=()),
        bill_of_plan(replace(PLAN, layers=())),
        bill_of_image("x", toy_image(Memory(), "a"), IMAGE, Installed()),
    ],
    ids=["plan", "unknown", "empty", "no layers", "no packages"],
)
def test_both_documents_are_valid_to_the_letter(made: Bill) -> None:
    assert cyclonedx_problem(cyclonedx(made, tool_version="0.1")) == ""
    assert spdx_problems(spdx(made, tool_version="0.1")) == []


def test_the_validators_say_no_where_they_should() -> None:
    """Else the test above could not fail."""
    document = json.loads(cyclonedx(bill(), tool_version="1"))
    package_list = json.loads(spdx(bill(), tool_version="1"))
    document["components"][0]["kind"] = "?"
    package_list["packages"][1]["SPDXID"] = "no id"

    assert cyclonedx_problem(json.dumps(document).encode())
    assert spdx_problems(json.dumps(package_list).encode())


@pytest.mark.parametrize("write", [cyclonedx, spdx])
def test_equal_bills_have_equal_bytes_and_others_another_name(write: Any) -> None:
    one, again = write(bill(), tool_version="1"), write(bill(), tool_version="1")
    other = write(bill(ingredients=bill().ingredients[1:]), tool_version="1")

    key = "serialNumber" if write is cyclonedx else "documentNamespace"
    assert one == again
    assert json.loads(one)[key] != json.loads(other)[key]
    assert json.loads(one)[key].startswith("urn:uuid:")


def test_the_time_is_that_of_the_image_and_no_clocks() -> None:
    document = json.loads(cyclonedx(bill(), tool_version="1"))

    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_the_image_is_named_by_its_digest() -> None:
    document = json.loads(cyclonedx(bill(), tool_version="1"))
    package_list = json.loads(spdx(bill(), tool_version="1"))

    described = package_list["packages"][0]
    assert document["metadata"]["component"]["version"] == str(IMAGE)
    assert described["checksums"] == [{"algorithm": "SHA256", "checksumValue": IMAGE.hex}]
    assert len(package_list["relationships"]) == 1 + 7


def test_files_without_a_wheel_are_the_project() -> None:
    file = PlannedFile(path="app/x.py", digest=IMAGE, size=1, mode=0o644, source="/x")
    plan = replace(PLAN, layers=(FileLayer(name="files", files=(file,)),))

    (own,) = bill_of_plan(plan, version="2").ingredients

    assert (own.kind, own.name, own.version, own.purl) == ("project", "app", "2", "")


def test_a_bill_is_complete_where_all_is_known_by_digest() -> None:
    """What the layers of somebody's base say is what they say."""
    ours = bill_of_plan(PLAN, selection=SELECTION)
    theirs = bill_of_plan(PLAN, base=Installed())

    aggregates = [
        json.loads(cyclonedx(one, tool_version="1"))["compositions"][0]["aggregate"]
        for one in (ours, theirs)
    ]
    assert aggregates == ["complete", "incomplete"]


@pytest.mark.parametrize(
    "purl",
    [
        pypi_purl("Zope.Interface", "1!2.0+local"),
        pypi_purl("x", ""),
        deb_purl("debian", "g++", "4:12.2.0-3~x", architecture="all", distro="debian-12"),
        deb_purl("ubuntu", "libc6", "1", source="glibc"),
        deb_purl("debian", "x", ""),
        oci_purl(Reference.parse("registry.example.com:5000/bases/python:3"), IMAGE),
        oci_purl(Reference.parse(f"python@{IMAGE}"), IMAGE),
    ],
)
def test_purls_are_those_of_the_specifications_own_parser(purl: str) -> None:
    """Read and written again they are the same, less what quoting leaves open."""
    parsed = PackageURL.from_string(purl)

    assert PackageURL.from_string(parsed.to_string()) == parsed
    assert parsed.to_string().replace("/", "%2F") == purl.replace("/", "%2F")


@pytest.mark.parametrize(
    ("lines", "expression", "said"),
    [
        ("License-Expression: mit or apache-2.0", "MIT OR Apache-2.0", ""),
        ("License: BSD-3-Clause", "BSD-3-Clause", ""),
        ("License: Apache License, Version 2.0", "Apache-2.0", ""),
        ("License: Apache License Version 2", "", "Apache License Version 2"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT", ""),
        ("Classifier: License :: OSI Approved :: BSD License", "", "OSI Approved :: BSD License"),
        (
            (
                "Classifier: License :: OSI Approved :: MIT License\n"
                "Classifier: License :: OSI Approved :: Apache Software License"
            ),
            "",
            "OSI Approved :: MIT License; OSI Approved :: Apache Software License",
        ),
        ("License: BSD 3-Clause License\n        \n        Copyright me", "BSD-3-Clause", ""),
        (
            (
                "License: Copyright me\n        all rights\n"
                "Classifier: License :: OSI Approved :: BSD License"
            ),
            "",
            "OSI Approved :: BSD License",
        ),
        ("License-Expression: LicenseRef-Mine", "", "LicenseRef-Mine"),
        ("License: " + "x" * 500, "", "x" * 99 + "…"),
        ("Summary: nothing", "", ""),
    ],
)
def test_a_licence_is_what_metadata_says_and_no_guess(
    lines: str, expression: str, said: str
) -> None:
    metadata = f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{lines}\n\ntext\n".encode()

    assert license_of(metadata) == License(expression=expression, said=said)


def test_a_wheel_is_asked_for_its_licence_and_for_what_it_carries(tmp_path: Path) -> None:
    vendored = "toy/_vendor/six-1.16.dist-info/METADATA"
    text = b"Metadata-Version: 2.1\nName: six\nVersion: 1.16\nLicense: MIT\n\n"
    path = ToyWheel(files={"toy/__init__.py": b"", vendored: text}).write(tmp_path)

    with ZipDirectory(path) as zip_:
        facts = wheel_facts(zip_)

    assert facts.license == License()
    (six,) = facts.vendored
    assert (six.name, six.version, six.license.expression) == ("six", "1.16", "MIT")
    assert facts_from_json(json.loads(json.dumps(facts_to_json(facts)))) == facts


def layer(entries: dict[str, bytes | None], **kinds: bytes) -> io.BytesIO:
    """Write a tar: files, and folders where there is no content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, data in entries.items():
            info = tarfile.TarInfo(path)
            info.type = kinds.get(path, tarfile.DIRTYPE if data is None else tarfile.REGTYPE)
            info.size = len(data or b"")
            archive.addfile(info, io.BytesIO(data or b""))
    out.seek(0)
    return out


def metadata(name: str, version: str = "1") -> bytes:
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return text.encode("utf-8", "surrogateescape")


def names(*layers: dict[str, bytes | None]) -> list[str]:
    found = installed([layer(one) for one in layers])
    return [f"{one.name} {one.version}" for one in found.found]


def test_dist_info_and_dpkg_say_what_is_installed() -> None:
    found = installed(
        [
            layer(
                {
                    "var/lib/dpkg/status": STATUS.encode(),
                    "etc/os-release": RELEASE.encode(),
                    "usr/lib/python3/dist-packages/old.egg-info": metadata("old"),
                    "opt/x/a-1.dist-info/METADATA": metadata("a"),
                    "opt/x/b.egg-info/PKG-INFO": metadata("b"),
                }
            ),
            layer(
                {"var/lib/dpkg/status.d/tini": b"Package: tini\nVersion: 2\nArchitecture: all\n"}
            ),
        ]
    )

    assert [one.name for one in found.distributions] == ["a", "b", "old"]
    assert [(one.name, one.architecture) for one in found.packages] == [
        ("libc6", "amd64"),
        ("tzdata", "all"),
        ("tini", "all"),
    ]
    assert found.release["ID"] == "debian"
    bill = bill_of_image("x", toy_image(Memory(), "a"), IMAGE, found)
    purls = {one.name: one.purl for one in bill.ingredients}
    assert purls["libc6"] == (
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12&upstream=glibc"
    )


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        ({"s/.wh.a-1.dist-info": b""}, ["b 1"]),
        ({"s/a-1.dist-info/.wh.METADATA": b""}, ["b 1"]),
        ({".wh.s": b""}, []),
        ({"s/.wh..wh..opq": b""}, []),
        ({".wh..wh..opq": b""}, []),
        ({"s": b"a file instead"}, []),
        ({"s/.wh..wh..opq": b"", "s/c-1.dist-info/METADATA": metadata("c")}, ["c 1"]),
        ({"s/.wh.a": b""}, ["a 1", "b 1"]),
        ({"s": None}, ["a 1", "b 1"]),
        ({"s/a-1.dist-info/METADATA": metadata("a", "2")}, ["a 2", "b 1"]),
    ],
)
def test_what_a_later_layer_removes_is_not_installed(
    upper: dict[str, bytes | None], left: list[str]
) -> None:
    lower: dict[str, bytes | None] = {
        "s/a-1.dist-info/METADATA": metadata("a"),
        "s/b-1.dist-info/METADATA": metadata("b"),
    }

    assert names(lower, upper) == left


def test_what_cannot_be_read_is_noted_and_not_left_out_silently() -> None:
    found = installed(
        [layer({"a.dist-info/METADATA": b"\xff\xfe", "var/lib/dpkg/status": b"no field\n"})]
    )

    assert found.found == ()
    assert [note.partition(" cannot")[0] for note in found.notes] == [
        "/a.dist-info/METADATA",
        "/var/lib/dpkg/status",
    ]


def test_packages_of_other_systems_are_not_passed_over_in_silence() -> None:
    found = installed([layer({"lib/apk/db/installed": b"P:musl\n"})])

    assert found.notes == ("/lib/apk/db/installed lists packages that are not read here",)


def test_a_hostile_name_becomes_no_broken_document() -> None:
    """Halves of characters in a path, and a name without an end."""
    data = metadata("x" * 5000, "\udcff")
    found = installed([layer({"\udcff.dist-info/METADATA": data})])

    made = bill_of_image("x", toy_image(Memory(), "a"), IMAGE, found)

    assert cyclonedx_problem(cyclonedx(made, tool_version="1")) == ""
    assert len(found.found[0].name) == 200


def test_a_malformed_layer_is_an_error() -> None:
    with pytest.raises(ArchiveError):
        installed([io.BytesIO(b"x" * 2000)])
