"""An untouched image is proven; whatever is changed in it, with all digests right, is named."""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.proven import SITE, make_project
from tests.support.tampering import Tampered

Tampering = Callable[[Tampered], None]
_RECORD = f"{SITE}/toy-1.0.dist-info/RECORD"


class Built:
    """A project, its image as a layout, and the store that it was built with."""

    def __init__(self, folder: Path) -> None:
        self.project = make_project(folder / "project")
        self.store = folder / "store"
        self.layout = folder / "layout"
        done = toys.build(self.project, self.layout, self.store)
        assert done.code == 0, done.err

    def verify(self, layout: Path, *words: str | Path) -> toys.Outcome:
        platform = ("--platform", "linux/amd64")
        return toys.lamina(
            "verify", f"oci:{layout}", self.project, *platform, *words, store=self.store
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("built"))


@pytest.fixture
def layout(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.layout, tmp_path / "layout"))


def changed_file(image: Tampered) -> None:
    image.edit(f"{SITE}/toy.py", lambda _, data: data.replace(b"42", b"43"))


def longer_file(image: Tampered) -> None:
    image.edit(f"{SITE}/toy.py", lambda _, data: data + b"import evil\n")


def changed_model(image: Tampered) -> None:
    image.edit("app/model.txt", lambda _, __: b"poison!")


def changed_own_module(image: Tampered) -> None:
    image.edit(f"{SITE}/own.py", lambda _, __: b"def main(): print()\n")


def changed_script(image: Tampered) -> None:
    image.edit("opt/venv/bin/own", lambda _, data: data.replace(b"own", b"pwn"))


def _member(path: str, **members: object) -> Tampering:
    def change(info: tarfile.TarInfo, _: bytes) -> None:
        for name, value in members.items():
            setattr(info, name, value)

    return lambda image: image.edit(path, change)


def _added(beside: str, name: str, data: bytes = b"", **members: object) -> Tampering:
    return lambda image: image.add(image.find(beside), name, data, **members)


def removed_file(image: Tampered) -> None:
    number = image.find(f"{SITE}/other.py")
    entries = [row for row in image.entries(number) if row[0].name != f"{SITE}/other.py"]
    image.replace(number, entries)


def extra_layer(image: Tampered) -> None:
    image.insert(len(image.layers), [(tarfile.TarInfo("app/sitecustomize.py"), b"import evil\n")])


def extra_layer_below(image: Tampered) -> None:
    image.insert(0, [(tarfile.TarInfo("etc/evil"), b"")])


def repeated_layer(image: Tampered) -> None:
    image.insert(len(image.layers), image.entries(0))


def removed_layer(image: Tampered) -> None:
    number = image.find("app/model.txt")
    del image.manifest["layers"][number]
    del image.config["rootfs"]["diff_ids"][number]
    del image.config["history"][number]


def swapped_layers(image: Tampered) -> None:
    for rows in (image.manifest["layers"], image.config["rootfs"]["diff_ids"]):
        rows[-1], rows[-2] = rows[-2], rows[-1]


def other_wheel(image: Tampered) -> None:
    """Install another version of a wheel as anybody would."""
    number = image.find(f"{SITE}/toy.py")
    entries = []
    for info, data in image.entries(number):
        info.name = info.name.replace("toy-1.0", "toy-2.0")
        is_metadata = info.name.endswith("toy-2.0.dist-info/METADATA")
        entries.append(
            (info, data.replace(b"Version: 1.0", b"Version: 2.0") if is_metadata else data)
        )
    image.replace(number, entries)


def added_distribution(image: Tampered) -> None:
    folder = f"{SITE}/evil-6.6.dist-info/METADATA"
    data = b"Metadata-Version: 2.1\nName: evil\nVersion: 6.6\n"
    image.add(image.find(f"{SITE}/toy.py"), folder, data)


def older_debian_package(image: Tampered) -> None:
    image.edit("var/lib/dpkg/status", lambda _, data: data.replace(b"2.36-9+deb12u10", b"2.36-9"))


def other_order_of_entries(image: Tampered) -> None:
    number = image.find("app/model.txt")
    first, *rest = image.entries(number)
    image.replace(number, [*rest, first])


def other_tar_headers(image: Tampered) -> None:
    _member("app/model.txt", uname="root")(image)


def hidden_behind_the_end(image: Tampered) -> None:
    number = image.find("app/model.txt")
    image.put(number, image.tar(number) + b"payload".ljust(512, b"\0"))


def broken_layer(image: Tampered) -> None:
    number = image.find("app/model.txt")
    image.put(number, image.tar(number)[:600])


def _config(change: Callable[[dict[str, Any]], object]) -> Tampering:
    def tamper(image: Tampered) -> None:
        change(image.config["config"])

    return tamper


def _variable(image: Tampered) -> None:
    variables = image.config["config"]["Env"]
    variables[:] = [line.replace("MODE=production", "MODE=debug") for line in variables]


def variables_in_another_order(image: Tampered) -> None:
    image.config["config"]["Env"].reverse()


def changed_history(image: Tampered) -> None:
    image.config["history"][-1]["created_by"] = "lamina: innocent==1.0"


def changed_time(image: Tampered) -> None:
    image.config["created"] = "2020-01-01T00:00:00Z"


def changed_diff_id(image: Tampered) -> None:
    image.config["rootfs"]["diff_ids"][0] = image.config["rootfs"]["diff_ids"][1]


def respelled_config(image: Tampered) -> None:
    image.config_bytes = json.dumps(image.config, indent=1).encode()


def base_annotation(image: Tampered) -> None:
    image.manifest["annotations"]["org.opencontainers.image.base.name"] = "docker.io/other"


def added_annotation(image: Tampered) -> None:
    image.manifest["annotations"]["dev.evil"] = "1"


def layer_key(image: Tampered) -> None:
    image.manifest["layers"][-2]["annotations"]["dev.lamina.layer.key"] = "sha256:" + "0" * 64


def layer_type(image: Tampered) -> None:
    kind = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    image.manifest["layers"][0]["mediaType"] = kind


def layer_address(image: Tampered) -> None:
    image.manifest["layers"][0]["urls"] = ["https://evil.example/layer"]


def subject(image: Tampered) -> None:
    image.manifest["subject"] = dict(image.manifest["config"])


def respelled_manifest(image: Tampered) -> None:
    image.manifest["config"] |= {}
    image.manifest_bytes = json.dumps(image.manifest).encode()


def doubled_member(image: Tampered) -> None:
    """Name the layers twice, the wrong ones first: readers take either."""
    text = json.dumps(image.manifest)
    first = json.dumps(image.manifest["layers"][:1])
    image.manifest_bytes = ('{"layers": ' + first + ", " + text[1:]).encode()


TAMPERINGS: dict[str, tuple[Tampering, list[str]]] = {
    "changed file": (changed_file, ["(tiny wheels)", "toy.py (toy 1.0): sha256 "]),
    "longer file": (longer_file, ["toy.py (toy 1.0): size 24 instead of 12"]),
    "changed project file": (changed_model, ["(files)", "/app/model.txt (project): sha256"]),
    "changed own module": (changed_own_module, ["(own)", "own.py (own 1.0): size"]),
    "changed script": (changed_script, ["/opt/venv/bin/own (own 1.0): sha256"]),
    "changed RECORD": (
        lambda image: image.edit(_RECORD, lambda _, data: data.replace(b"sha256", b"SHA256")),
        ["toy-1.0.dist-info/RECORD (toy 1.0): sha256"],
    ),
    "mode": (_member(f"{SITE}/toy.py", mode=0o666), ["(toy 1.0): mode 0666 instead of 0644"]),
    "setuid": (_member("usr/local/bin/python3.12", mode=0o4755), ["mode 4755 instead of 0755"]),
    "uid": (_member(f"{SITE}/toy.py", uid=1000), ["(toy 1.0): uid 1000 instead of 0"]),
    "gid": (_member(f"{SITE}/toy.py", gid=7), ["(toy 1.0): gid 7 instead of 0"]),
    "mtime": (_member("app/model.txt", mtime=1), ["mtime 1 instead of 315532800"]),
    "symlink": (
        _member("usr/local/bin/python3", linkname="/tmp/python"),
        ["/usr/local/bin/python3", "target /tmp/python instead of python3.12"],
    ),
    "file becomes a link": (
        _member(f"{SITE}/toy.py", type=tarfile.SYMTYPE, linkname="/tmp/x"),
        ["toy.py is a symlink and not a file (toy 1.0)"],
    ),
    "extended attribute": (
        _member("app/model.txt", pax_headers={"SCHILY.xattr.security.capability": "x"}),
        ["extended attributes ['security.capability'] instead of []"],
    ),
    "device": (
        _added("app/model.txt", "app/disk", type=tarfile.BLKTYPE, devmajor=8),
        ["/app/disk is a block that does not belong here (beside project)"],
    ),
    "added file": (
        _added(f"{SITE}/large/data.bin", f"{SITE}/large/evil.py", b"1"),
        ["evil.py is a file that does not belong here (beside large 1.0)"],
    ),
    "added .pth": (
        _added(f"{SITE}/toy.py", f"{SITE}/evil.pth", b"import evil"),
        ["evil.pth is a file that does not belong here"],
    ),
    "removed file": (removed_file, ["other.py is missing (other 1.0)"]),
    "whiteout": (
        _added("app/model.txt", "usr/local/bin/.wh.python3.12"),
        ["is a whiteout, which removes /usr/local/bin/python3.12"],
    ),
    "opaque whiteout": (
        _added("app/model.txt", "etc/.wh..wh..opq"),
        ["/etc/.wh..wh..opq is a whiteout, which hides all that is below its folder"],
    ),
    "extra layer": (
        extra_layer,
        ["another layer 8", "does not belong to the image", "/app/sitecustomize.py is a file"],
    ),
    "extra layer below": (extra_layer_below, ["another layer 1", "/etc/evil is a file"]),
    "layer twice": (repeated_layer, ["another layer 8", "does not belong to the image"]),
    "removed layer": (removed_layer, ["(files)", "is missing"]),
    "swapped layers": (swapped_layers, ["stands at place 6 and not 7"]),
    "other wheel": (
        other_wheel,
        ["toy 2.0 instead of 1.0", "toy-1.0.dist-info/METADATA is missing"],
    ),
    "added distribution": (added_distribution, ["evil 6.6 does not belong here"]),
    "older Debian package": (
        older_debian_package,
        ["layer 2 of 7 (base)", "libc6 2.36-9 instead of 2.36-9+deb12u10"],
    ),
    "replaced interpreter": (
        lambda image: image.edit("usr/local/bin/python3.12", lambda _, __: b"evil"),
        ["layer 1 of 7 (base)", "/usr/local/bin/python3.12"],
    ),
    "order of entries": (other_order_of_entries, ["the entries are in another order"]),
    "tar headers": (other_tar_headers, ["has the same entries, and other headers of the tar"]),
    "behind the end": (hidden_behind_the_end, ["(files)", "data behind its end"]),
    "broken layer": (broken_layer, ["(files)", "cannot be read: the layer is cut short"]),
    "variable": (_variable, ['config.Env.MODE is "debug" instead of "production"']),
    "added variable": (
        _config(lambda config: config["Env"].append("LD_PRELOAD=/tmp/x.so")),
        ['config.Env.LD_PRELOAD is "/tmp/x.so", and nothing was expected'],
    ),
    "order of variables": (variables_in_another_order, ["config.Env is in another order"]),
    "entry point": (
        _config(lambda config: config.update(Entrypoint=["sh"])),
        ['config.Entrypoint.0 is "sh" instead of "own"'],
    ),
    "command": (
        _config(lambda config: config.update(Cmd=["--evil"])),
        ['config.Cmd is ["--evil"], and nothing was expected'],
    ),
    "user": (
        _config(lambda config: config.update(User="0")),
        ['config.User is "0" instead of "65532:65532"'],
    ),
    "no user": (_config(lambda config: config.pop("User")), ["config.User is missing"]),
    "label": (
        _config(lambda config: config["Labels"].update(team="x")),
        ['config.Labels.team is "x" instead of "models"'],
    ),
    "unknown member": (
        _config(lambda config: config.update(OnBuild=["RUN evil"])),
        ["config.OnBuild is"],
    ),
    "history": (changed_history, ["history.6.created_by is"]),
    "created": (changed_time, ['created is "2020-01-01T00:00:00Z" instead of "1970']),
    "diff_id": (changed_diff_id, ["rootfs.diff_ids.0 is"]),
    "respelled config": (respelled_config, ["config", "written in another way"]),
    "base annotation": (base_annotation, ["manifest", "annotations.org.opencontainers.image.base"]),
    "added annotation": (added_annotation, ['annotations.dev.evil is "1"']),
    "layer key": (layer_key, ["layers.5.annotations.dev.lamina.layer.key is"]),
    "layer type": (layer_type, ["layers.0.mediaType is"]),
    "layer address": (layer_address, ["layers.0.urls is"]),
    "subject": (subject, ["subject is"]),
    "respelled manifest": (respelled_manifest, ["manifest", "written in another way"]),
    "member twice": (doubled_member, ["names a member twice"]),
}


def test_an_untouched_image_is_proven(built: Built) -> None:
    done = built.verify(built.layout)

    assert done.code == 0, done.out
    assert "these 3 wheels, this base, oci:" in done.out
    assert "this project (own), nothing else" in done.out
    assert "7 layers are read, and are what they should be" in done.out


def test_rewriting_an_image_with_the_tests_own_means_changes_nothing(
    built: Built, layout: Path
) -> None:
    """Else the tests below could pass for another reason than they say."""
    Tampered(layout).save()

    assert built.verify(layout).code == 0


@pytest.mark.parametrize(("tamper", "named"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_what_was_changed_is_named(
    built: Built, layout: Path, tamper: Tampering, named: list[str]
) -> None:
    image = Tampered(layout)
    tamper(image)
    image.save()

    done = built.verify(layout)

    assert done.code == 1, done.out
    assert [text for text in named if text not in done.out] == [], done.out
    assert "proven: " not in done.out.replace("NOT proven: ", "")


@pytest.mark.parametrize("name", [name for name in TAMPERINGS if name != "member twice"])
def test_the_quick_comparison_notices_as_well(built: Built, layout: Path, name: str) -> None:
    image = Tampered(layout)
    TAMPERINGS[name][0](image)
    image.save()

    assert built.verify(layout, "--quick").code == 1


def test_there_are_more_than_thirty_of_them() -> None:
    assert len(TAMPERINGS) >= 30


def test_a_blob_with_other_bytes_is_noticed_by_reading_it(built: Built, layout: Path) -> None:
    """A registry or disk that hands out something else under a right digest."""
    image = Tampered(layout)
    digest = image.layers[3]["digest"].removeprefix("sha256:")
    path = layout / "blobs/sha256" / digest
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)

    read, quick = built.verify(layout), built.verify(layout, "--quick")

    assert "its blob is not the sha256:" in read.out
    assert (read.code, quick.code) == (1, 0)


def test_a_layer_that_is_packed_otherwise_is_the_same_layer(built: Built, layout: Path) -> None:
    """Another compressor is no other content, and it is said; without reading it is not known."""
    image = Tampered(layout)
    number = image.find("app/model.txt")
    image.put(number, image.tar(number), level=1)
    image.save()

    read, quick = built.verify(layout), built.verify(layout, "--quick")

    assert (read.code, quick.code) == (0, 1)
    assert "note: layer 6 of 7 (files) holds the same, compressed by something else" in read.out
    assert "; the config is the same to the byte" in read.out


def test_only_an_untouched_image_is_the_same_to_the_byte(built: Built, layout: Path) -> None:
    assert "; manifest and config are the same to the byte" in built.verify(layout).out


def test_a_layer_that_is_not_compressed_as_it_is_called_is_noticed(
    built: Built, layout: Path
) -> None:
    """Some engines go by the media type alone, and could not unpack it."""
    image = Tampered(layout)
    number = image.find("app/model.txt")
    image.put(number, image.tar(number), level=None)
    image.save()

    done = built.verify(layout)

    assert done.code == 1
    assert "is compressed by nothing, and the manifest calls it" in done.out


def test_packing_a_layer_otherwise_excuses_nothing_else(built: Built, layout: Path) -> None:
    image = Tampered(layout)
    number = image.find("app/model.txt")
    image.put(number, image.tar(number), level=1)
    doubled_member(image)
    image.save()

    assert built.verify(layout).code == 1


def test_another_lock_makes_another_image(tmp_path: Path) -> None:
    """The names of the changed distributions come before their files."""
    old = Built(tmp_path)
    make_project(tmp_path / "new", ToyWheel(version="2.0"), base=f"oci:{tmp_path / 'base'}")

    done = toys.lamina(
        "verify", f"oci:{old.layout}", tmp_path / "new", "--platform", "linux/amd64",
        store=old.store,
    )  # fmt: skip

    assert done.code == 1
    assert "toy 1.0 instead of 2.0" in done.out
    assert "other 1.0 does not belong here" in done.out


def test_all_differences_are_in_the_json(built: Built, layout: Path) -> None:
    image = Tampered(layout)
    image.replace(
        image.find("app/model.txt"),
        [(tarfile.TarInfo(f"app/{number}"), b"") for number in range(50)],
    )
    image.save()

    text = built.verify(layout).out
    report = json.loads(built.verify(layout, "--format", "json").out)

    (found,) = report["images"]
    lines = found["differences"][0]["what"]
    assert (report["isProven"], found["isProven"]) == (False, False)
    assert len(lines) == 52
    assert "and 32 more lines, which --format json has" in text


def test_a_name_cannot_pose_as_a_verdict(built: Built, layout: Path) -> None:
    image = Tampered(layout)
    image.add(image.find("app/model.txt"), "app/x\nproven: everything\x1b[2J")
    image.save()

    done = built.verify(layout)

    assert "\nproven" not in done.out
    assert "\x1b" not in done.out
