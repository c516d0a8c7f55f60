"""Each path belongs to the distribution or Debian package that says so in the image itself."""

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.owners import OwnerKind
from lamina.anatomy.read import read_layer
from lamina.oci.config import RuntimeConfig
from lamina.plan.component import Component
from tests.support.synthetic import Row, file, filled, folder, gone, image_of, link

SITE = "usr/local/lib/python3.12/site-packages"
STATUS = (
    b"Package: libz1\nStatus: install ok installed\nVersion: 1:1.2-3\nDescription: one\n two\n\n"
    b"Package: curl\nStatus: install ok installed\nVersion: 8\n\n"
    b"Package: old\nStatus: deinstall ok config-files\nVersion: 1\n"
)


def distribution(name: str, *rows: Row, more: str = "", local: bool = False) -> tuple[Row, ...]:
    """Describe an installed distribution whose RECORD lists ``rows``, as pip writes it."""
    info = f"{SITE}/{name}.dist-info"
    listed = [row[0].name.removeprefix(f"{SITE}/") for row in rows]
    lines = "".join(f"{path},,\n" for path in [*listed, f"{name}.dist-info/RECORD"]) + more
    origin = b'{"url": "file:///src", "dir_info": {}}'
    return (
        *rows,
        file(f"{info}/METADATA", b"Name: x\n"),
        file(f"{info}/RECORD", lines.encode()),
        *((file(f"{info}/direct_url.json", origin),) if local else ()),
    )


def apart(*layers: tuple[Row, ...], labels: dict[str, str] | None = None) -> Anatomy:
    image, content = image_of(layers, runtime=RuntimeConfig(labels=labels or {}))
    read = [read_layer(content.open(layer.descriptor), layer) for layer in image.layers]
    return take_apart(image, read)


def owners(anatomy: Anatomy) -> dict[str, str]:
    return {part.path: str(part.owner) for part in anatomy.parts if part.owner}


def components(anatomy: Anatomy) -> dict[str, Component]:
    return {part.path: part.component for part in anatomy.parts if part.size}


def test_a_distribution_owns_what_its_record_lists() -> None:
    rows = (file(f"{SITE}/Foo_Bar/a.py", b"x"), file(f"{SITE}/Foo_Bar/it's, odd.txt", b"x"))
    more = '../../../bin/foo,,\n"Foo_Bar/it\'s, odd.txt",,\n/etc/passwd,,\n../../../../../../x,,\n'
    found = owners(
        apart((*distribution("Foo_Bar-1.0", *rows, more=more), file("usr/local/bin/foo", b"x"),
               file("etc/passwd", b"x"), file("x", b"x")))
    )  # fmt: skip

    assert found == {
        f"{SITE}/Foo_Bar/a.py": "foo-bar 1.0",
        f"{SITE}/Foo_Bar/it's, odd.txt": "foo-bar 1.0",
        f"{SITE}/Foo_Bar-1.0.dist-info/RECORD": "foo-bar 1.0",
        "usr/local/bin/foo": "foo-bar 1.0",
    }


def test_a_record_says_the_same_by_any_of_its_names() -> None:
    """Installers that link from a cache of the same layer leave a link where it is installed."""
    source = file(f"{SITE}/foo/a.py", b"x")
    *_, record = distribution("foo-1", source)
    there = file("cache/foo-1.dist-info/RECORD", record[1])
    linked = link(record[0].name, there[0].name, is_hard=True)

    found = owners(apart((source, there, linked), (gone("cache"),)))

    assert found[source[0].name] == "foo 1"


def test_bytecode_belongs_to_who_owns_its_source() -> None:
    """Uv and Python itself write bytecode that no RECORD lists."""
    source = file(f"{SITE}/foo/a.py", b"x")
    compiled = file(f"{SITE}/foo/__pycache__/a.cpython-312.pyc", b"x")

    found = owners(apart((*distribution("foo-1", source), compiled)))

    assert found[compiled[0].name] == "foo 1"


def test_a_debian_package_owns_what_dpkg_lists_through_merged_folders() -> None:
    anatomy = apart(
        (
            file("var/lib/dpkg/status", STATUS),
            file("var/lib/dpkg/info/libz1:amd64.list", b"/.\n/lib\n/lib/libz.so.1\n/usr/lib\n"),
            file("var/lib/dpkg/info/old.list", b"/etc/old\n"),
            folder("usr"), folder("usr/lib"), link("lib", "usr/lib"),
            file("usr/lib/libz.so.1", b"x"), file("etc/old", b"x"),
        ),
    )  # fmt: skip

    assert owners(anatomy)["usr/lib/libz.so.1"] == "libz1 1:1.2-3"
    assert "etc/old" not in owners(anatomy)
    assert "usr/lib" not in owners(anatomy)


def test_an_image_without_dpkg_lists_its_packages_in_status_d() -> None:
    anatomy = apart(
        (
            file("var/lib/dpkg/status.d/libz1", b"Package: libz1\nVersion: 1\n"),
            file("var/lib/dpkg/status.d/libz1.md5sums", b"0123  usr/lib/libz.so.1\n"),
            file("usr/lib/libz.so.1", b"x"),
        ),
    )

    assert owners(anatomy) == {
        "usr/lib/libz.so.1": "libz1 1",
        "var/lib/dpkg/status.d/libz1": "libz1 1",
        "var/lib/dpkg/status.d/libz1.md5sums": "libz1 1",
    }


def test_what_a_package_brings_is_its_own_even_if_it_is_a_distribution() -> None:
    rows = distribution("foo-1", file(f"{SITE}/foo.py", b"x"))
    listed = f"/{SITE}/foo.py\n".encode()

    anatomy = apart(
        (*rows, file("var/lib/dpkg/status", STATUS), file("var/lib/dpkg/info/curl.list", listed))
    )

    (part,) = (part for part in anatomy.parts if part.path == f"{SITE}/foo.py")
    assert part.owner is not None
    assert (part.owner.kind, part.owner.name) == (OwnerKind.PACKAGE, "curl")


def test_the_lists_that_count_are_those_of_the_merged_image() -> None:
    """An upgrade replaces the RECORD; a removal takes it away."""
    old = distribution("foo-1", file(f"{SITE}/foo.py", b"1"))
    new = (gone(f"{SITE}/foo-1.dist-info"), *distribution("foo-2", file(f"{SITE}/foo.py", b"2")))

    assert owners(apart(old, new))[f"{SITE}/foo.py"] == "foo 2"
    assert owners(apart(old, (gone(f"{SITE}/foo-1.dist-info"),))) == {}


BASE = (filled("usr/bin/sh", 900), file("usr/local/lib/python3.12/os.py", b"x" * 800))


def test_components_are_told_by_layer_owner_and_path() -> None:
    anatomy = apart(
        (*BASE, *distribution("pip-24.0", filled(f"{SITE}/pip.py", 700))),
        (
            file("var/lib/dpkg/status", STATUS),
            file("var/lib/dpkg/info/curl.list", b"/usr/bin/curl\n"),
            filled("usr/bin/curl", 600), filled("etc/curlrc", 500),
        ),
        (
            *distribution("foo-1", filled(f"{SITE}/foo.py", 400)),
            *distribution("mine-1", filled(f"{SITE}/mine.py", 300), local=True),
            filled(f"{SITE}/unlisted.pth", 200),
            filled("root/.cache/pip/x", 100),
            file("opt/venv/pyvenv.cfg", b"home"), filled("opt/venv/bin/activate", 90),
        ),
        (filled("app/main.py", 80),),
    )  # fmt: skip

    found = components(anatomy)

    assert anatomy.base.count == 1
    assert {path: str(found[path]) for path in (
        "usr/bin/sh", f"{SITE}/pip.py", "usr/bin/curl", "etc/curlrc", f"{SITE}/foo.py",
        f"{SITE}/mine.py", f"{SITE}/unlisted.pth", "root/.cache/pip/x", "opt/venv/bin/activate",
        "app/main.py",
    )} == {
        "usr/bin/sh": "base",
        f"{SITE}/pip.py": "base",
        "usr/bin/curl": "system",
        "etc/curlrc": "system",
        f"{SITE}/foo.py": "dependencies",
        f"{SITE}/mine.py": "application",
        f"{SITE}/unlisted.pth": "dependencies",
        "root/.cache/pip/x": "other",
        "opt/venv/bin/activate": "environment",
        "app/main.py": "application",
    }  # fmt: skip
    assert sum(anatomy.sizes(lambda part: part.component).values()) == anatomy.live_bytes


def test_the_project_that_an_image_is_called_after_is_the_application() -> None:
    anatomy = apart(
        BASE,
        distribution("my_app-1", filled(f"{SITE}/my_app.py", 400)),
        labels={"org.opencontainers.image.title": "My.App"},
    )

    assert components(anatomy)[f"{SITE}/my_app.py"] == Component.APPLICATION


def test_a_layer_of_everything_is_no_base() -> None:
    """A squashed image has one layer, and what is in it is told by its owners."""
    everything = (*BASE, *distribution("foo-1", filled(f"{SITE}/foo.py", 400)))

    anatomy = apart(everything)

    assert anatomy.base.count == 0
    assert components(anatomy)[f"{SITE}/foo.py"] == Component.DEPENDENCIES


def test_a_base_without_python_is_its_lowest_layer() -> None:
    anatomy = apart((filled("usr/bin/sh", 900),), (filled("app/x", 800),))

    assert (anatomy.base.count, anatomy.base.evidence) == (1, "the lowest layer")


def test_the_base_can_be_given() -> None:
    image, content = image_of([BASE, (filled("usr/bin/a", 10),), (filled("usr/bin/b", 20),)])
    read = [read_layer(content.open(layer.descriptor), layer) for layer in image.layers]
    known = [layer.diff_id for layer in image.layers[:2]]

    found = take_apart(image, read, base=known)

    assert found.base.count == 2
    assert components(found)["usr/bin/b"] == Component.SYSTEM
