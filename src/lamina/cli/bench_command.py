"""``lamina bench``: a project before and after, measured side by side."""

import argparse
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lamina.bench.chart import comparison_chart
from lamina.bench.comparison import Comparison, Side, Sizes
from lamina.bench.docker import DockerSide
from lamina.bench.document import comparison_document
from lamina.bench.native import Native
from lamina.bench.run import measure
from lamina.bench.timed import timed
from lamina.cli.bench_before import found_before
from lamina.cli.environment import child_environment, environment
from lamina.cli.looking import add_looking_arguments, anatomy_of
from lamina.durable import incoming
from lamina.errors import ToolError, UsageError
from lamina.observers.printable import printable
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.project.read import read_project
from lamina.reports.document import Document
from lamina.reports.formats.json import to_json
from lamina.reports.formats.markdown import to_markdown
from lamina.reports.formats.terminal import to_terminal
from lamina.steps import silent_step
from lamina.store.store import Store

_FORMATS: Final[Mapping[str, Callable[[Document], str]]] = {
    "text": to_terminal,
    "markdown": to_markdown,
    "json": to_json,
}
_READABLE: Final = 0o644


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    before = parser.add_mutually_exclusive_group()
    before.add_argument(
        "-f", "--dockerfile", type=Path, metavar="FILE",
        help="what is before (default: the project's Dockerfile, unless Lamina wrote it, or else "
        "--naive)",
    )  # fmt: skip
    before.add_argument(
        "--naive", action="store_true",
        help="before is one stage with a compiler, and COPY before the dependencies",
    )  # fmt: skip
    before.add_argument("--alone", action="store_true", help="measure Lamina only")
    parser.add_argument(
        "--docker-option", action="append", default=[], metavar="WORD",
        help="pass this to docker build: --docker-option=--build-arg=BASE=…; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--also", action="append", default=[], metavar="LABEL=DIR",
        help="measure Lamina on another folder as well, such as a lighter lock of the project",
    )  # fmt: skip
    parser.add_argument(
        "--registry", default="", metavar="REPOSITORY",
        help="where CI builds push to, and to names that begin like it (default: no CI build is "
        "measured)",
    )  # fmt: skip
    parser.add_argument(
        "--prune", action="store_true",
        help="empty the Docker engine's whole build cache, so that it too can be measured with "
        "what the registry keeps",
    )  # fmt: skip
    parser.add_argument("--rounds", type=_count, default=1, help="the median counts (default: 1)")
    parser.add_argument(
        "--format", choices=tuple(_FORMATS), default="text", help="for people or for programs"
    )
    parser.add_argument("--chart", type=Path, metavar="FILE", help="also draw it, as SVG")
    add_looking_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Build in every scenario, and print the tables."""
    project = read_project(options.path)
    also = [_labelled(text) for text in options.also]
    _refuse_early(options)
    with TemporaryDirectory(prefix="lamina-bench-") as scratch:
        bench = _Bench(options, Path(scratch))
        before = bench.before()
        after = [bench.native("Lamina", options.path, "lamina")]
        after += [
            bench.native(label, path, f"also-{number}") for number, (label, path) in enumerate(also)
        ]
    comparison = Comparison(
        project=project.name, before=before, after=tuple(after), notes=tuple(bench.notes)
    )
    if options.chart:
        _write(options.chart, comparison_chart(comparison))
    print(_FORMATS[options.format](comparison_document(comparison)).rstrip("\n"))
    return 0


class _Bench:
    """Measures sides with what the command line says; ``notes`` says what a reader must know."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self._options = options
        self._scratch = scratch
        self._store = Store.open(scratch / "looked-into")
        # One for all sides: they share a repository, whose memo has one key.
        self._memo_key = environment().get("LAMINA_MEMO_KEY") or secrets.token_hex()
        self.notes: list[str] = []

    def before(self) -> Side | None:
        """Measure the Dockerfile, unless there is no engine and nobody insists on one."""
        options = self._options
        if options.alone:
            return None
        program = shutil.which("docker")
        if program is None:
            if options.dockerfile or options.naive:
                raise ToolError("there is no docker to build a Dockerfile with", hint="--alone")
            self.notes.append("There is no docker here, so nothing was built from a Dockerfile.")
            return None
        with found_before(options) as found:
            name = f"lamina-bench-{secrets.token_hex(4)}"
            side = DockerSide(
                program=program,
                environment=child_environment(),
                dockerfile=found.dockerfile,
                name=name,
                time=timed,
                repository=options.registry,
                words=[*self._platform(), *found.words, *options.docker_option],
                beside=found.beside,
                may_prune=options.prune,
            )
            self.notes += [*found.notes, *_how_docker_builds(options, found.label)]
            try:
                return self._measured(found.label, side, options.path, "dockerfile")
            finally:
                self._close(side)

    def native(self, label: str, path: Path, folder: str) -> Side:
        """Measure Lamina."""
        place = self._scratch / folder
        place.mkdir()
        side = Native(
            program=(sys.executable, "-m", "lamina"),
            environment=environment(),  # it is ourselves
            folder=place,
            time=timed,
            repository=self._options.registry,
            memo_key=self._memo_key,
            words=[
                *self._platform(),
                *(f"--insecure-registry={host}" for host in self._options.insecure_registry),
            ],
        )
        return self._measured(label, side, path, folder)

    def _platform(self) -> list[str]:
        """Build for the platform that is looked at afterwards."""
        return [f"--platform={self._options.platform}"] if self._options.platform else []

    def _measured(self, label: str, side: DockerSide | Native, path: Path, folder: str) -> Side:
        return measure(
            label,
            side,
            path,
            self._scratch / f"{folder}-copies",
            rounds=self._options.rounds,
            sizes_of=self._sizes,
            told=lambda line: print(printable(line), file=sys.stderr, flush=True),
        )

    def _sizes(self, image: str) -> Sizes:
        anatomy = anatomy_of(image, self._options, self._store, silent_step())
        packed = 0 if image.startswith("docker-daemon:") else anatomy.image.size
        components = anatomy.sizes(lambda part: part.component)
        return Sizes(components=components, dead=anatomy.dead_bytes, packed=packed)

    def _close(self, side: DockerSide) -> None:
        try:
            side.close()
        except ToolError as error:
            self.notes.append(f"The image {side.name} could not be removed: {error.what}.")


def _how_docker_builds(options: argparse.Namespace, label: str) -> Iterator[str]:
    """Yield what a reader has to know of Docker's side."""
    yield (
        f"{label} was built by docker with --no-cache where a build is clean or in CI finds "
        "nothing: its base and its cache mounts were there."
    )
    if options.registry and options.prune:
        yield (
            "In CI with what the registry keeps, docker read the inline cache of an earlier image, "
            "and Lamina its memo; the engine's own cache had been emptied."
        )
    elif options.registry:
        yield (
            "docker was not measured with what the registry keeps: its own cache would answer "
            "first, and --prune, which empties it, was not given."
        )


def _labelled(text: str) -> tuple[str, Path]:
    label, separator, path = text.partition("=")
    if not separator or not label or not Path(path).is_dir():
        raise UsageError(f"expected LABEL=DIR, got {text!r}", where="--also")
    read_project(Path(path))
    return label, Path(path)


def _refuse_early(options: argparse.Namespace) -> None:
    """Find now what would fail at the end: a comparison takes minutes."""
    if options.registry:
        Reference.parse(f"{options.registry}:lamina")
    if options.platform:
        Platform.parse(options.platform)
    if options.chart and not options.chart.absolute().parent.is_dir():
        raise UsageError("there is no such folder", where=f"--chart {options.chart}")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError
    return count


def _write(path: Path, text: str) -> None:
    with incoming(path.absolute().parent) as new:
        new.file.write(text.encode())
        new.commit(path, durable=False, mode=_READABLE)
