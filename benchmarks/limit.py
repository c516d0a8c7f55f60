"""Layers from wheels, as a ratio to the limit: inflate, two SHA-256 and write, of the same bytes.

The limit does no more than any correct layer writer has to: it inflates every file of every wheel
with ISA-L, hashes what comes out (a layer's diff_id) and what goes in (its digest), and writes the
latter.  No tar, no RECORD, no names.  Both use as many threads as the machine has cores.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from isal import isal_zlib

from lamina.engines.layers import LayerShop
from lamina.engines.native import WORTH_A_PROCESS
from lamina.engines.splicer import Splicers
from lamina.layer.venv import Venv
from lamina.layer.zip_directory import STORED, ZipDirectory
from lamina.parallel import map_ordered
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.store.store import Store

_WINDOW = 1 << 20


def layers_against_limit(store: Store, plan: BuildPlan, *, rounds: int) -> dict[str, object]:
    """Time both, alternating; return medians in seconds and their ratio."""
    layers = [layer for layer in plan.layers if isinstance(layer, WheelLayer)]
    wheels = [[store.wheel_path(wheel.digest) for wheel in layer.wheels] for layer in layers]
    ours, limit = [], []
    for _ in range(rounds):
        limit.append(_timed_limit(wheels, store.root))
        ours.append(_timed_layers(layers, wheels, plan, store))
    best, own = sorted(limit)[rounds // 2], sorted(ours)[rounds // 2]
    return {"limit_seconds": best, "layers_seconds": own, "ratio": own / best}


def _timed_layers(
    layers: Sequence[WheelLayer], wheels: Sequence[Sequence[Path]], plan: BuildPlan, store: Store
) -> float:
    with tempfile.TemporaryDirectory(dir=store.root) as folder:
        venv = Venv(
            prefix=PurePosixPath(plan.venv),
            python=plan.base.python,
            base_interpreter=PurePosixPath(plan.base.interpreter),
        )
        own = Store.open(Path(folder))
        shop = LayerShop(own, venv, "none", workers=_cores(), no_cache=True)
        began = time.perf_counter()
        with Splicers(own, venv, "none", workers=_cores()) as splicers:

            def make(pair: tuple[WheelLayer, Sequence[Path]]) -> None:
                if pair[0].size >= WORTH_A_PROCESS:
                    splicers.make(*pair)
                else:
                    shop.wheel_layer(*pair)

            map_ordered(make, list(zip(layers, wheels, strict=True)), workers=_cores())
        return time.perf_counter() - began


def _timed_limit(wheels: Sequence[Sequence[Path]], root: Path) -> float:
    with tempfile.TemporaryDirectory(dir=root) as folder:
        began = time.perf_counter()
        map_ordered(
            lambda pair: _least(pair[1], Path(folder) / str(pair[0])),
            list(enumerate(wheels)),
            workers=_cores(),
        )
        return time.perf_counter() - began


def _least(wheels: Sequence[Path], output: Path) -> None:
    """Do the least that a layer of ``wheels`` takes, and flush it to disk."""
    plain, packed = hashlib.sha256(), hashlib.sha256()
    with output.open("wb") as file:
        for path in wheels:
            with ZipDirectory(path) as zip_:
                for member in zip_.members:
                    inflater = isal_zlib.decompressobj(-15) if member.method != STORED else None
                    for piece in zip_.packed(member):
                        packed.update(piece)
                        file.write(piece)
                        rest = piece
                        while rest and inflater is not None:
                            data = inflater.decompress(rest, _WINDOW)
                            plain.update(data)
                            rest = inflater.unconsumed_tail
                        if inflater is None:
                            plain.update(piece)
        file.flush()
        os.fsync(file.fileno())


def _cores() -> int:
    return os.cpu_count() or 2
