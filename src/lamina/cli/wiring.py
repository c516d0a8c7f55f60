"""The composition root: reads the environment, and puts the parts together."""

import os
import platform as host
import re
import secrets
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import uv

from lamina.bases.debian import Archive, DebianBase
from lamina.cli.bases import AnyBase
from lamina.cli.environment import child_environment, environment
from lamina.cli.recording import Recording
from lamina.cli.registries import OpenClient, client_opener
from lamina.engines.native import NativeEngine, Offer, unoffered
from lamina.errors import UsageError
from lamina.events import StepWarned
from lamina.http.patience import VARIABLE, read_patience
from lamina.http.settings import HttpSettings
from lamina.layer.memo import Memo, NoMemo
from lamina.lock.index_credentials import Login, index_credentials, uv_config_paths
from lamina.lock.index_settings import merges_indexes, pip_config_paths, uv_environment
from lamina.lock.uv import Uv
from lamina.oci.platform import Platform
from lamina.parallel import NamedLocks
from lamina.protocols import Base, Downloader
from lamina.rootfs.unpack import unpack
from lamina.sdist.builder import StoreSdistBuilder
from lamina.sources.index import IndexSource
from lamina.sources.parts import WheelParts
from lamina.sources.remembered import RememberedSource
from lamina.steps import Listener, Step, broadcast
from lamina.store.location import store_location
from lamina.store.store import Store
from lamina.workshop import Workshop

if TYPE_CHECKING:
    from lamina.cli.engines import Engines
    from lamina.http.client import HttpClient

_NO_MEMO = NoMemo()
_SEARCH = NamedLocks[str]()
_DEFAULT_CREATED = 0
_LATEST_CREATED = 253_402_300_799  # the end of the year 9999, the last that has four digits


def host_platform() -> Platform:
    """Say which platform images are built for when none is named: this machine's, on Linux."""
    return Platform.parse(f"linux/{host.machine().lower()}")


def open_store() -> Store:
    """Open the user's store."""
    return Store.open(store_location(environment()))


def workshop(  # noqa: PLR0913 - what the command line may ask for
    directory: Path = Path(),
    *,
    offline: bool = False,
    refresh: bool = False,
    no_cache: bool = False,
    is_early: bool = False,
    insecure: Collection[str] = (),
    memo: Memo = _NO_MEMO,
    offer: Offer = unoffered,
) -> Workshop:
    """Wire a build of the project in ``directory``: the user's store, indexes, base and engine.

    ``is_early`` makes the base's layers as soon as it is resolved: for builds, not for plans.
    ``insecure`` names registries that are talked to without TLS.  ``memo`` knows layers that the
    store lacks, and ``offer`` takes those that are made.
    """
    store = open_store()
    client = _LateClient(lambda: http_settings(environment(), credentials=_credentials(directory)))
    index = IndexSource(client, store, offline=offline)
    source = RememberedSource(index, memo, store)
    debian = DebianBase(
        store,
        lambda: _open_archive(store, client),
        memo=memo,
        clock=time.time,
        refresh=refresh or no_cache,
        offline=offline,
        is_early=is_early,
        no_cache=no_cache,
    )
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    registry = _registry_base(store, insecure, memo, refresh=refresh, is_offline=offline)
    base = AnyBase(debian, registry, store, memo=memo, python=python, directory=directory)
    return Workshop(
        store=store,
        base=base,
        engine=NativeEngine(
            store=store,
            base=base,
            source=source,
            memo=memo,
            writers=os.cpu_count() or 2,
            no_cache=no_cache,
            offer=offer,
        ),
        memo=memo,
        sdists=StoreSdistBuilder(store, index, base, memo=memo, uv_for=uv_program, unpack=unpack),
        measure=index.measure,
        uv_for=uv_program,
        environment={**uv_settings(), **({"UV_OFFLINE": "1"} if offline else {})},
        clock=time.time,
        created=_created(environment()),
        renewal=secrets.token_hex(8) if no_cache else "",
    )


def wheel_parts(directory: Path, *, offline: bool) -> WheelParts:
    """Open wheels where they are, for who needs no more than their directories."""
    store = open_store()
    client = _LateClient(lambda: http_settings(environment(), credentials=_credentials(directory)))
    return WheelParts(client, IndexSource(client, store, offline=offline), store, offline=offline)


def debian_archive(directory: Path) -> Archive:
    """Open the Debian archive itself, whatever is remembered of it."""
    client = _LateClient(lambda: http_settings(environment(), credentials=_credentials(directory)))
    return _open_archive(open_store(), client)


def _open_archive(store: Store, client: Downloader) -> Archive:
    from lamina.bases.debian_archive import DebianArchive  # noqa: PLC0415 - seldom needed

    return DebianArchive(store, client, clock=time.time)


def index_http(directory: Path) -> HttpSettings:
    """Say how indexes are talked to for the project in ``directory``, with the user's logins."""
    return http_settings(environment(), credentials=_credentials(directory))


def registries(insecure: Collection[str]) -> OpenClient:
    """Give clients of registries the user's credentials, certificates and proxies."""
    return client_opener(insecure, environment(), http_settings(environment()))


def engines(store: Store) -> "Engines":
    """Find engines as the docker command does."""
    from lamina.cli.engines import Engines  # noqa: PLC0415 - seldom needed

    return Engines(store, child_environment())


def _registry_base(
    store: Store, insecure: Collection[str], memo: Memo, *, refresh: bool, is_offline: bool
) -> Callable[[], Base]:
    def make() -> Base:
        from lamina.bases.registry import RegistryBase  # noqa: PLC0415 - seldom needed

        opener = registries(insecure)
        return RegistryBase(
            store, opener, memo=memo, clock=time.time, refresh=refresh, is_offline=is_offline
        )

    return make


class _LateClient:
    """The HTTP client, loaded by its first request: a build that fetches nothing needs none."""

    def __init__(self, settings: Callable[[], HttpSettings]) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> "HttpClient":
        from lamina.http.client import HttpClient  # noqa: PLC0415 - 0.1 s

        return HttpClient(self._settings())

    def download(self, *arguments: Any, **options: Any) -> int:  # noqa: ANN401 - Downloader's
        return self._client.download(*arguments, **options)

    def size(self, url: str) -> int:
        return self._client.size(url)

    def read_range(self, url: str, start: int, stop: int) -> bytes:
        return self._client.read_range(url, start, stop)


def uv_program(is_pinned: bool) -> Uv:  # noqa: FBT001 - a callback with one flag
    """Give uv the user's settings, pip's included."""
    settings = uv_environment(child_environment(), _pip_configs(), is_pinned=is_pinned)
    with _SEARCH.of("uv"):  # sysconfig, which uv asks, is half filled while another thread fills it
        program = uv.find_uv_bin()
    return Uv(program=program, environment=settings)


def uv_settings() -> Mapping[str, str]:
    """Return what uv is told when it resolves: its own variables, and pip's settings."""
    return uv_environment(child_environment(), _pip_configs(), is_pinned=False)


def index_origins(directory: Path) -> frozenset[str]:
    """List the origins of indexes that there are credentials for."""
    return frozenset(where for where, _ in _credentials(directory))


def http_settings(
    variables: Mapping[str, str], *, credentials: tuple[tuple[str, Login], ...] = ()
) -> HttpSettings:
    """Read certificates and proxies from the environment, as pip, curl and requests do.

    How patient we are is a variable of our own.
    """
    certificates = next(
        (
            variables[n]
            for n in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
            if variables.get(n)
        ),
        None,
    )
    proxies = {
        scheme: variables.get(f"{scheme}_proxy") or variables.get(f"{scheme.upper()}_PROXY")
        for scheme in ("http", "https")
    }
    exceptions = variables.get("no_proxy") or variables.get("NO_PROXY") or ""
    return HttpSettings(
        certificates=Path(certificates) if certificates else None,
        credentials=credentials,
        proxies=tuple((scheme, url) for scheme, url in proxies.items() if url),
        no_proxy=tuple(rule.strip() for rule in exceptions.split(",")),
        timeout_s=read_patience(variables.get(VARIABLE, "")),
    )


@contextmanager
def listening(
    progress: str, stream: TextIO | None = None, *, recording: Recording | None = None
) -> Iterator[Step]:
    """Make the root step of a command, observed as ``progress`` (auto, plain, rawjson) asks.

    With a ``recording`` it goes into the history as well.
    """
    out = stream or sys.stderr
    listener, close = _observer(progress, out)
    listeners = (listener, recording.recorder) if recording else (listener,)
    try:
        with Step("", broadcast(listeners), time.time) as step:
            yield step
    finally:
        # An observer never fails a build, not even at its end.
        with suppress(Exception):
            for notice in recording.finish() if recording else ():
                listener(StepWarned(step=step.id, time=time.time(), text=notice))
        with suppress(Exception):
            close()


def warn_about_indexes(step: Step) -> None:
    """Warn when unpinned names may come from any of several indexes (dependency confusion)."""
    if merges_indexes(uv_program(is_pinned=False).environment):
        step.warn(
            "several indexes may each supply any name, so whoever can publish to one of them can "
            "supply yours: pin the index of each package in uv's settings (tool.uv.sources)"
        )


def _observer(progress: str, stream: TextIO) -> tuple[Listener, Callable[[], None]]:
    if progress == "rawjson":
        from lamina.observers.jsonl import JsonLines  # noqa: PLC0415 - one observer is loaded

        return JsonLines(stream), lambda: None
    if progress == "plain" or not stream.isatty():
        from lamina.observers.plain import PlainLines  # noqa: PLC0415

        return PlainLines(stream), lambda: None
    from lamina.observers.terminal import LiveTerminal  # noqa: PLC0415 - rich takes 0.1 s

    terminal = LiveTerminal(stream)
    return terminal, terminal.close


def _pip_configs() -> list[str]:
    return list(texts(pip_config_paths(environment())).values())


def _credentials(directory: Path) -> tuple[tuple[str, Login], ...]:
    """Collect what uv would send to each origin, for the files that uv only names."""
    variables = environment()
    configs = texts(uv_config_paths(variables, str(directory.absolute())))
    settings = uv_environment(variables, _pip_configs(), is_pinned=False)
    return index_credentials(settings, configs.values(), _netrc(variables))


def _netrc(variables: Mapping[str, str]) -> dict[str, Login]:
    """Read the user's netrc; one that cannot be read counts as none, as for pip and uv."""
    import netrc  # noqa: PLC0415 - only for downloads

    path = Path(variables.get("NETRC") or Path(variables.get("HOME", "/")) / ".netrc")
    try:
        hosts = netrc.netrc(str(path)).hosts
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return {}
    return {host: (row[0], row[2] or "") for host, row in hosts.items() if host != "default"}


def texts(names: Iterable[str]) -> dict[str, str]:
    """Read those of the files that are there."""
    paths = (path for path in map(Path, names) if path.is_file() and os.access(path, os.R_OK))
    return {str(path): path.read_text("utf-8", "replace") for path in paths}


def _created(variables: Mapping[str, str]) -> int:
    text = variables.get("SOURCE_DATE_EPOCH")
    if not text:
        return _DEFAULT_CREATED
    if not re.fullmatch("[0-9]{1,12}", text) or int(text) > _LATEST_CREATED:
        raise UsageError(f"SOURCE_DATE_EPOCH is {text!r}", hint="it is a number of seconds")
    return int(text)
