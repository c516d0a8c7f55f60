"""LayerShop: each kind of layer, made once and then found in the store by its key."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lamina.bytecode.compiler import Compiler, find_interpreter
from lamina.durable import incoming
from lamina.engines.idle_drops import remember_drops
from lamina.engines.project_files import add_file
from lamina.errors import ProjectError, StoreError
from lamina.layer.compress import compress
from lamina.layer.key import file_layer_key, venv_layer_key, wheel_layer_key
from lamina.layer.memo import Finished
from lamina.layer.venv import Venv
from lamina.layer.wheel import Options, add_wheel
from lamina.layer.write import LayerWriter
from lamina.oci.entry import Entry
from lamina.plan.drops import Drops
from lamina.plan.plan import Bytecode, FileLayer, WheelLayer
from lamina.store.store import Store


class LayerShop:
    """Makes the layers above the base; results and their contents stay in the store."""

    def __init__(
        self, store: Store, venv: Venv, bytecode: Bytecode, *, workers: int, no_cache: bool = False
    ) -> None:
        self._store = store
        self._venv = venv
        self._bytecode = bytecode
        self._no_cache = no_cache
        self._compile = _compiler(venv.python, workers) if bytecode != "none" else None

    def key(self, layer: WheelLayer) -> str:
        """Return the layer's key."""
        return wheel_layer_key(layer, self._venv, self._bytecode)

    def has(self, layer: WheelLayer) -> bool:
        """Say whether the layer is there, so that its wheels need not be fetched."""
        return not self._no_cache and self._store.has_layer(self.key(layer))

    def made(self, layer: WheelLayer) -> Finished:
        """Return a layer that another process has just made."""
        key = self.key(layer)
        found = self._store.find_layer(key)
        if found is None:
            raise StoreError("a layer that was just made is gone", where=str(self._store.root))
        return _shown(layer, found, key)

    def venv_layer(self, working_directory: str, home: str = "") -> tuple[Finished, bool]:
        """Make the layer with the empty environment, the working directory, and a home if need be.

        Everybody may write there, for it belongs to root, as all of a layer does.
        """

        def fill(writer: LayerWriter) -> None:
            for entry in self._venv.entries():
                writer.add(entry, owner="lamina")
            if inside := working_directory.strip("/"):
                writer.add(Entry(path=inside, kind="directory", mode=0o755), owner="lamina")
            if inside := home.strip("/"):
                writer.add(Entry(path=inside, kind="directory", mode=0o1777))  # the user's

        key = venv_layer_key(self._venv, working_directory, home)
        made, is_there = self._find_or_make(key, fill, created_by=f"lamina: {self._venv.prefix}")
        return (made[0].with_key(key), made[1]), is_there

    def wheel_layer(self, layer: WheelLayer, paths: Sequence[Path]) -> tuple[Finished, bool]:
        """Splice the wheels at ``paths``, in the plan's order; say if the layer was there."""
        imported = frozenset(layer.loaded) if self._bytecode == "imported" else None
        drops = Drops(layer.diet) if layer.diet and layer.diet.drop else None

        def fill(writer: LayerWriter) -> None:
            for wheel, path in zip(layer.wheels, paths, strict=True):
                add_wheel(
                    writer,
                    path,
                    filename=wheel.filename,
                    venv=self._venv,
                    options=Options(
                        lenient=wheel.name in layer.lenient,
                        compile_sources=self._compile,
                        imported=imported,
                        diet=layer.diet,
                        drops=drops,
                    ),
                )

        named = " ".join(f"{wheel.name}=={wheel.version}" for wheel in layer.wheels)
        key = self.key(layer)
        compressed = self._compile is not None  # bytecode is ours to compress
        made, is_there = self._find_or_make(
            key, fill, created_by=f"lamina: {named}", compressed=compressed
        )
        if drops is not None and not is_there:
            remember_drops(self._store, key, drops.met)
        return _shown(layer, made, key), is_there

    def file_layer(self, layer: FileLayer) -> tuple[Finished, bool]:
        """Write the project's files into a layer; say if it was there."""

        def fill(writer: LayerWriter) -> None:
            for path in layer.directories:
                writer.add(Entry(path=path, kind="directory", mode=0o755), owner="project")
            for file in layer.files:
                add_file(writer, file, self._store)

        key = file_layer_key(layer)
        made, is_there = self._find_or_make(
            key, fill, created_by=f"lamina: {len(layer.files)} project files", compressed=True
        )
        return (made[0].with_key(key), made[1]), is_there

    def _find_or_make(
        self,
        key: str,
        fill: Callable[[LayerWriter], None],
        *,
        created_by: str,
        compressed: bool = False,
    ) -> tuple[Finished, bool]:
        found = None if self._no_cache else self._store.find_layer(key)
        if found is not None:
            return found, True
        with incoming(self._store.ingest) as new:
            writer = LayerWriter(new.file, **({"encode": compress} if compressed else {}))
            fill(writer)
            layer, contents = writer.finish(created_by=created_by)
            new.commit(self._store.blobs.path(layer.descriptor.digest))
        self._store.remember_layer(key, layer, contents)
        return (layer, contents), False


def _shown(layer: WheelLayer, made: Finished, key: str) -> Finished:
    """Say in a layer's descriptor what it was made from, if that is the same for everybody.

    The project's own wheel holds the modes of a checkout, which layers do not.
    """
    return made if layer.is_own else (made[0].with_key(key), made[1])


def _compiler(python: str, workers: int) -> Compiler:
    interpreter = find_interpreter(python)
    if interpreter is None:
        raise ProjectError(
            f"bytecode for Python {python} needs a Python {python} on this machine",
            where="pyproject.toml, tool.lamina.bytecode",
            hint=f'install it (`uv python install {python}`), or set bytecode = "none"',
        )
    return Compiler(python, interpreter, workers=max(1, workers // 2))
