"""Project files go into a layer as they are, however large they are."""

import gzip
import random
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.engines.layers import LayerShop
from lamina.errors import IntegrityError
from lamina.oci.digest import Digest
from lamina.plan.plan import FileLayer, PlannedFile
from lamina.store.file_digest import file_facts
from lamina.store.store import Store
from tests.elf.conftest import elf
from tests.support.toys import VENV, files, tree

MIB = 1 << 20

_BUILD = """
import sys
from pathlib import Path
from lamina.engines.layers import LayerShop
from lamina.plan.plan import FileLayer, PlannedFile
from lamina.store.file_digest import file_facts
from lamina.store.store import Store
from tests.support.toys import VENV

source, store = Path(sys.argv[1]), Store.open(Path(sys.argv[2]))
facts = file_facts(source, store, lambda: 0.0)
file = PlannedFile(
    path="app/model.bin", digest=facts.digest, size=facts.size, mode=0o644, source=str(source)
)
shop = LayerShop(store, VENV, "none", workers=1)
(layer, _), _ = shop.file_layer(FileLayer(name="files", files=(file,)))
_, _, peak = Path("/proc/self/status").read_text().partition("VmHWM:")  # in KiB, since the start
print(int(peak.split()[0]) // 1024, layer.size)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def shop(store: Store) -> LayerShop:
    return LayerShop(store, VENV, "none", workers=1)


def planned(source: Path, data: bytes) -> FileLayer:
    source.write_bytes(data)
    file = PlannedFile(
        path="app/file", digest=Digest.of(data), size=len(data), mode=0o644, source=str(source)
    )
    return FileLayer(name="files", files=(file,))


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 511, 3 * MIB + 512])
@pytest.mark.parametrize("kind", ["text", "noise"])
def test_a_file_of_any_size_comes_back(
    store: Store, shop: LayerShop, tmp_path: Path, size: int, kind: str
) -> None:
    text, noise = b"a line of text\n" * size, random.Random(1).randbytes(size)
    data = text[:size] if kind == "text" else noise

    (layer, contents), _ = shop.file_layer(planned(tmp_path / "file", data))

    blob = store.blobs.path(layer.descriptor.digest).read_bytes()
    assert files(tree([gzip.decompress(blob)]))["app/file"] == data
    assert contents.items[-1].size == size
    assert contents.items[-1].digest == Digest.of(data).hex


def test_what_shrinks_is_compressed_and_what_does_not_is_stored(
    shop: LayerShop, tmp_path: Path
) -> None:
    """Noise after text is stored though the file began well, and the other way round."""
    text, noise = b"a line of text\n" * (4 * MIB // 15), random.Random(1).randbytes(4 * MIB)

    (layer, _), _ = shop.file_layer(planned(tmp_path / "file", text + noise + text))

    assert layer.size < 5 * MIB + MIB


def test_a_large_file_that_changes_after_the_plan_is_refused_and_hashed_again(
    store: Store, shop: LayerShop, tmp_path: Path
) -> None:
    """Its size and its times may be as before on a disk that does not keep them."""
    source = tmp_path / "file"
    layer = planned(source, b"1" * (2 * MIB))
    file_facts(source, store, lambda: 9e9)
    known = store.recall("file digest", bytes(source).hex())
    source.write_bytes(b"2" * (2 * MIB))

    with pytest.raises(IntegrityError, match="changed while"):
        shop.file_layer(layer)

    assert known is not None
    assert store.recall("file digest", bytes(source).hex()) is None


@pytest.mark.parametrize("size", [MIB, 3 * MIB])
def test_a_large_file_that_grows_or_is_cut_after_the_plan_is_refused(
    shop: LayerShop, tmp_path: Path, size: int
) -> None:
    layer = planned(tmp_path / "file", bytes(2 * MIB))
    (tmp_path / "file").write_bytes(bytes(size))

    with pytest.raises(IntegrityError, match="changed while"):
        shop.file_layer(layer)


def test_what_a_large_library_of_the_project_needs_is_known(
    shop: LayerShop, tmp_path: Path
) -> None:
    data = elf(needed=["libgone.so.1"], symbols=12 * MIB)

    (_, contents), _ = shop.file_layer(planned(tmp_path / "file", data))

    assert contents.objects["app/file"].needed == ("libgone.so.1",)


def test_a_file_of_300_mb_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    with source.open("wb") as file:
        file.truncate(300_000_000)

    done = subprocess.run(
        [sys.executable, "-c", _BUILD, source, tmp_path / "store"],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )

    peak_mib, size = map(int, done.stdout.split())
    assert peak_mib < 150
    assert size < 5_000_000
