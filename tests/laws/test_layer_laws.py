"""Laws that hold for any set of wheels."""

import gzip
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.bases.scratch import ScratchBase
from lamina.engines.native import NativeEngine
from lamina.layer.entries import LayerReader
from lamina.layer.memo import NoMemo
from lamina.lock.lock import LockedWheel
from lamina.oci.config import RuntimeConfig
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.plan.partition import partition
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel
from tests.support.toys import SITE, Tree, files, tree, write_layer

PARTS = st.text(
    st.characters(
        blacklist_characters='/\\:,"', blacklist_categories=["Cs", "Cc", "Zl", "Zp"]
    ),
    min_size=1,
    max_size=12,
).filter(
    lambda part: part not in {".", ".."}
    and not part.startswith(".wh.")
    and not part.endswith((".data", ".dist-info"))
)  # fmt: skip
CONTENTS = st.one_of(
    st.binary(max_size=600),
    st.builds(lambda byte, count: byte * count, st.binary(max_size=3), st.integers(0, 9000)),
)
METHODS = st.sampled_from([0, 8])


@st.composite
def wheel_sets(draw: st.DrawFn) -> list[ToyWheel]:
    """Draw up to four wheels with any files, some shared by all, at most one program each."""
    shared = {f"space/{draw(PARTS)}": draw(CONTENTS)} if draw(st.booleans()) else {}
    wheels = []
    for number in range(draw(st.integers(1, 4))):
        name = f"w{number}"
        own = draw(st.dictionaries(PARTS.map(f"{name}/{{}}".format), CONTENTS, max_size=4))
        point = f"[console_scripts]\n{name} = {name}:main\n" if draw(st.booleans()) else ""
        wheels.append(
            ToyWheel(
                name=name,
                files={**shared, **own},
                executables=tuple(path for path in own if draw(st.booleans())),
                entry_points=point,
                compression=draw(METHODS),
            )
        )
    return wheels


class Wheels:
    """A source whose wheels are in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, wheel: LockedWheel, step: Step) -> Path:
        with step:
            return self._folder / wheel.filename


def written(wheels: Sequence[ToyWheel], folder: Path) -> list[tuple[Path, str]]:
    return [(wheel.write(folder), wheel.filename) for wheel in wheels]


def merged(layers: Sequence[Sequence[ToyWheel]], folder: Path) -> Tree:
    blobs = [write_layer(written(wheels, folder))[0] for wheels in layers]
    return tree([gzip.decompress(blob) for blob in blobs])


@settings(deadline=None, max_examples=60)
@given(wheels=wheel_sets())
def test_a_layer_holds_exactly_the_files_of_its_wheels(wheels: list[ToyWheel]) -> None:
    """And what installing adds: programs, INSTALLER, and RECORD rewritten."""
    expected: dict[str, bytes] = {}
    modes: dict[str, int] = {}
    for wheel in wheels:
        for name, data in wheel.members.items():
            expected[f"{SITE}/{name}"] = data
            modes[f"{SITE}/{name}"] = 0o755 if name in wheel.executables else 0o644
    made = {
        f"{SITE}/{wheel.dist_info}/{name}" for wheel in wheels for name in ("RECORD", "INSTALLER")
    }
    made |= {f"opt/venv/bin/{wheel.name}" for wheel in wheels if wheel.entry_points}

    with TemporaryDirectory() as folder:
        found = merged([wheels], Path(folder))

    assert files(found).keys() == expected.keys() | made
    for path in expected.keys() - made:
        assert found[path] == ("file", modes[path], expected[path])


@settings(deadline=None, max_examples=60)
@given(wheels=wheel_sets())
def test_the_diff_id_is_the_digest_of_what_gzip_unpacks(wheels: list[ToyWheel]) -> None:
    with TemporaryDirectory() as folder:
        blob, layer, _ = write_layer(written(wheels, Path(folder)))

    assert layer.descriptor.digest.hex == hashlib.sha256(blob).hexdigest()
    assert layer.descriptor.size == len(blob)
    assert layer.diff_id.hex == hashlib.sha256(gzip.decompress(blob)).hexdigest()


@settings(deadline=None, max_examples=40)
@given(wheels=wheel_sets(), data=st.data())
def test_dividing_wheels_among_layers_never_changes_the_image(
    wheels: list[ToyWheel], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, 2), min_size=len(wheels), max_size=len(wheels)))
    layers = [[w for w, place in zip(wheels, places, strict=True) if place == n] for n in range(3)]

    with TemporaryDirectory() as folder:
        together = merged([wheels], Path(folder))
        apart = merged(layers, Path(folder))

    assert apart == together


@settings(deadline=None, max_examples=40)
@given(wheels=wheel_sets())
def test_contents_tarfile_and_our_own_reader_agree(wheels: list[ToyWheel]) -> None:
    with TemporaryDirectory() as folder:
        blob, _, contents = write_layer(written(wheels, Path(folder)))

    reader = LayerReader(io.BytesIO(blob))
    ours = {member.path: b"".join(reader.chunks()) for member in reader}
    theirs = tree([gzip.decompress(blob)])
    assert [item.path for item in contents.items] == list(ours) == list(theirs)
    assert ours == {path: data for path, (_, _, data) in theirs.items()}
    assert {item.path: item.digest for item in contents.items if item.kind == "file"} == {
        path: hashlib.sha256(data).hexdigest() for path, data in files(theirs).items()
    }


@settings(deadline=None, max_examples=15)
@given(wheels=wheel_sets(), data=st.data())
def test_equal_wheels_in_any_order_with_any_threads_give_one_image(
    wheels: list[ToyWheel], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(wheels))
    threads = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))

    with TemporaryDirectory() as folder:
        one = _image(wheels, Path(folder) / "one", (1, 1))
        other = _image(shuffled, Path(folder) / "other", threads)

    assert one == other
    assert one.descriptor == other.descriptor


def _image(wheels: Sequence[ToyWheel], folder: Path, threads: tuple[int, int]) -> Image:
    """Build an image whose wheels stand together, as a plan puts small ones, and then apart."""
    locked = [wheel.locked(folder / "wheels") for wheel in wheels]
    apart = [
        WheelLayer(name=wheel.name, wheels=(wheel,))
        for wheel in sorted(locked, key=lambda wheel: wheel.name)
    ]
    base = ScratchBase("3.11")
    plan = BuildPlan(
        name="toys",
        base=base.resolve("scratch", Platform.parse("linux/amd64"), (), silent_step()),
        venv="/opt/venv",
        layers=(*partition(locked), *apart),
        runtime=RuntimeConfig(),
    )
    engine = NativeEngine(
        store=Store.open(folder / "store"),
        base=base,
        source=Wheels(folder / "wheels"),
        memo=NoMemo(),
        fetchers=threads[0],
        writers=threads[1],
    )
    return engine.build(plan, silent_step())[0]
