"""What changed between two images, and nothing else."""

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.difference import compare
from lamina.anatomy.read import read_layer
from lamina.anatomy.reuse import reuse
from lamina.oci.config import Healthcheck, RuntimeConfig
from tests.anatomy.test_owners import SITE, STATUS, distribution
from tests.support.synthetic import Row, file, filled, image_of, link

BASE = (filled("usr/bin/sh", 9000),)


def apart(*layers: tuple[Row, ...], runtime: RuntimeConfig | None = None) -> Anatomy:
    image, content = image_of(layers, runtime=runtime)
    read = [read_layer(content.open(layer.descriptor), layer) for layer in image.layers]
    return take_apart(image, read)


def test_an_image_does_not_differ_from_itself() -> None:
    one = apart(BASE, distribution("foo-1", filled(f"{SITE}/foo.py", 50)))

    found = compare(one, one)

    assert (found.packages, found.files, found.settings) == ((), (), ())
    assert (found.reuse.rate, found.reuse.pulled) == (1.0, 0)


def test_distributions_that_came_went_and_changed_are_named() -> None:
    old = apart(
        BASE,
        (*distribution("foo-1", filled(f"{SITE}/foo.py", 50)),
         *distribution("gone-3", filled(f"{SITE}/gone.py", 70))),
    )  # fmt: skip
    new = apart(
        BASE,
        (*distribution("foo-2", filled(f"{SITE}/foo.py", 80)),
         *distribution("fresh-4", filled(f"{SITE}/fresh.py", 90))),
    )  # fmt: skip

    rows = [(row.name, row.before, row.after) for row in compare(old, new).packages]

    assert rows == [("foo", "1", "2"), ("fresh", "", "4"), ("gone", "3", "")]


def test_each_copy_of_a_distribution_is_compared() -> None:
    """An image of two environments has two of pip, one of which may be upgraded."""

    def pip(site: str, version: str) -> tuple[Row, ...]:
        info = f"{site}/pip-{version}.dist-info"
        record = f"pip/a.py,,\npip-{version}.dist-info/RECORD,,\n".encode()
        return file(f"{site}/pip/a.py", b"x"), file(f"{info}/RECORD", record)

    one, other = "opt/venv/site-packages", "usr/lib/python3/site-packages"
    both = apart((*pip(one, "24.0"), *pip(other, "24.0")))
    upgraded = apart((*pip(one, "24.0"), *pip(other, "25.1")))
    alone = apart(pip(one, "24.0"))
    cached = apart((*pip(one, "24.0"), *pip("root/.cache/uv/archive-v0/x", "24.0")))

    def rows(old: Anatomy, new: Anatomy) -> list[tuple[str, str]]:
        return [(row.before, row.after) for row in compare(old, new).packages]

    assert rows(both, upgraded) == [("24.0 (twice)", "24.0, 25.1")]
    assert rows(both, alone) == [("24.0 (twice)", "24.0")]
    assert rows(alone, cached) == []


def test_debian_packages_are_compared_too() -> None:
    listed = file("var/lib/dpkg/info/curl.list", b"/usr/bin/curl\n")
    curl = filled("usr/bin/curl", 600)
    old = apart((file("var/lib/dpkg/status", STATUS), listed, curl))
    upgraded = STATUS.replace(b"Version: 8", b"Version: 9")
    new = apart((file("var/lib/dpkg/status", upgraded), listed, filled("usr/bin/curl", 650)))

    (row,) = compare(old, new).packages

    assert (row.kind, row.name, row.before, row.after) == ("package", "curl", "8", "9")
    assert row.size_after - row.size_before == 50


def test_of_a_file_it_is_said_what_changed() -> None:
    old = apart(
        (file("same", b"x"), file("text", b"1"), file("mode", b"x"), file("owner", b"x"),
         link("way", "text"), file("kind", b"x"), file("gone", b"x" * 9)),
    )  # fmt: skip
    new = apart(
        (file("same", b"x", mtime=99), file("text", b"22"), file("mode", b"x", mode=0o755),
         file("owner", b"x", uid=5), link("way", "mode"), link("kind", "x"), file("new", b"x")),
    )  # fmt: skip

    found = {row.path: (row.change, row.what) for row in compare(old, new).files}

    assert found == {
        "gone": ("removed", "file"),
        "kind": ("changed", "file became symlink"),
        "mode": ("changed", "mode"),
        "new": ("added", "file"),
        "owner": ("changed", "owner"),
        "text": ("changed", "content"),
        "way": ("changed", "target"),
    }


def test_settings_are_compared_one_by_one() -> None:
    old = RuntimeConfig(
        environment=(("A", "1"), ("B", "2")), user="0", labels={"x": "1"}, command=("a",)
    )
    new = RuntimeConfig(
        environment=(("B", "2"), ("A", "3")), user="65532", ports=(80,), command=("a", "b c"),
        healthcheck=Healthcheck(test=("CMD", "x")),
    )  # fmt: skip

    rows = compare(apart(runtime=old), apart(runtime=new)).settings
    found = {row.name: (row.before, row.after) for row in rows}

    assert found["variable A"] == ("1", "3")
    assert found["label x"] == ("1", "")
    assert found["user"] == ("0", "65532")
    assert found["ports"] == ("", "80")
    assert found["command"] == ("a", "a 'b c'")
    assert found.keys() == {"variable A", "label x", "user", "ports", "command", "healthcheck"}


def test_reuse_counts_compressed_bytes_and_the_base_apart() -> None:
    old, _ = image_of([BASE, (filled("a", 9000),), (filled("b", 9000),)])
    new, _ = image_of([BASE, (filled("a", 9000),), (filled("c", 7000),)])

    found = reuse(old, new, base=1)

    sizes = [layer.size for layer in new.layers]
    assert (found.held, found.pulled) == (sizes[0] + sizes[1], sizes[2])
    assert found.base_held == sizes[0]
    assert found.layers == {0, 1}
    assert found.rate == (sizes[0] + sizes[1]) / sum(sizes)


def test_layers_that_were_never_compressed_are_compared_by_what_is_in_them() -> None:
    """An image that comes from Docker's own store, against the same one in a registry."""
    from dataclasses import replace  # noqa: PLC0415

    image, _ = image_of([BASE, (filled("a", 9000),)])
    plain = tuple(
        replace(layer, descriptor=replace(layer.descriptor, digest=layer.diff_id))
        for layer in image.layers
    )

    assert reuse(image, replace(image, layers=plain)).layers == {0, 1}
