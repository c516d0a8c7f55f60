"""What the image of a project starts, on which port, and how one sees that it is well; pure."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lamina.project.detect.code import App, Code, reached
from lamina.project.detect.dependencies import Dependencies
from lamina.project.detect.guess import Guess
from lamina.project.detect.layout import Layout
from lamina.project.detect.listening import find_health, find_port
from lamina.project.detect.snapshot import Snapshot

_ANY: Final = "0.0.0.0"  # noqa: S104 - inside the image, where nobody else listens
_PREFERRED: Final = ("main", "app", "api", "server", "web", "asgi", "wsgi", "service",
                     "streamlit_app", "dashboard", "ui", "run", "cli", "__main__")  # fmt: skip
_SHELL: Final = frozenset("$&|;<>`()*?~\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """``module`` is what the program starts with, where that is known.

    An empty entry point leaves the choice to the build; a port of 0 and an empty path say that
    there is none.  ``include`` are files that the project's wheel does not hold.
    """

    framework: Guess[str]
    entrypoint: Guess[tuple[str, ...]]
    module: str = ""
    port: Guess[int] = field(default_factory=lambda: Guess(value=0, why="it is no server"))
    healthcheck: Guess[str] = field(default_factory=lambda: Guess(value="", why="no server"))
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    include: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Everything that a service is guessed from."""

    snapshot: Snapshot
    dependencies: Dependencies
    layout: Layout
    codes: tuple[Code, ...]

    def has(self, name: str) -> bool:
        """Say whether a distribution is listed, be it by FastAPI's extra."""
        file = self.snapshot.text(self.dependencies.file.value)
        is_extra = name == "uvicorn" and ("fastapi[standard" in file or "fastapi[all" in file)
        return name in self.dependencies.listed or is_extra


def find_service(program: Program) -> Service:
    """Take the first of what a Procfile, a framework, a console script or a module offers."""
    for find in (_procfile, _django, _web, streamlit, _gradio, _console, _module):
        if (service := find(program)) is not None:
            return service
    nothing = "no framework, console script or main module was found"
    return Service(
        framework=Guess(value="none", why=nothing),
        entrypoint=Guess(value=(), why=nothing),
        advice=("set `entrypoint` in [tool.lamina]: nothing here looks like a program",),
    )


def streamlit(program: Program) -> Service | None:
    """Find a Streamlit page; its own health path is known."""
    code = _best([code for code in program.codes if "streamlit" in code.imports])
    if code is None:
        return None
    port = find_port(program.snapshot, "streamlit", [code])
    words = ("streamlit", "run", code.path, "--server.address", _ANY, "--server.port",
             str(port.value), "--server.headless", "true")  # fmt: skip
    return Service(
        framework=Guess(value="streamlit", why=f"{code.path} imports it"),
        entrypoint=Guess(value=words, why=f"{code.path} is a page"),
        module=code.module,
        port=port,
        healthcheck=Guess(value="/_stcore/health", why="it is Streamlit's own"),
        environment={"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"},
        include=_run_as_file(program, code.path),
    )


def _procfile(program: Program) -> Service | None:
    for line in program.snapshot.text("Procfile").splitlines():
        kind, _, command = line.partition(":")
        if kind.strip() == "web" and command.strip() and not _SHELL & set(command):
            words = tuple(shlex.split(command))
            framework = next((n for n in _PORTED if program.has(n)), "none")
            return _listening(
                program,
                Service(
                    framework=Guess(value=framework, why="it is listed"),
                    entrypoint=Guess(value=words, why="Procfile starts `web` so"),
                ),
                program.codes,
            )
    return None


_PORTED: Final = ("django", "flask", "fastapi", "starlette", "streamlit", "gradio")


def _django(program: Program) -> Service | None:
    if "manage.py" not in program.snapshot.texts or not program.has("django"):
        return None
    wsgi = _best([code for code in program.codes if code.module.endswith("wsgi")])
    asgi = _best([code for code in program.codes if code.module.endswith("asgi")])
    port = find_port(program.snapshot, "django", [])
    address = f"{_ANY}:{port.value}"
    advice: tuple[str, ...] = ()
    words: tuple[str, ...]
    module = ""
    if wsgi and program.has("gunicorn"):
        module, words = wsgi.module, ("gunicorn", "--bind", address, f"{wsgi.module}:application")
    elif asgi and program.has("uvicorn"):
        module, words = asgi.module, ("uvicorn", f"{asgi.module}:application", *_bound(port))
    else:
        words = ("python", "manage.py", "runserver", "--noreload", address)
        advice = ("add gunicorn to the dependencies: runserver is for development",)
    why = f"{module} is Django's way in, and {words[0]} is listed" if module else "it is Django's"
    return Service(
        framework=Guess(value="django", why="there is a manage.py, and django is listed"),
        entrypoint=Guess(value=words, why=why),
        module=module,
        port=port,
        healthcheck=find_health("django", program.codes),
        include=() if module else _run_as_file(program, "manage.py"),
        advice=advice,
    )


def _web(program: Program) -> Service | None:
    found = sorted(_applications(program.codes), key=lambda pair: _rank(pair[0], pair[1]))
    if not found:
        return None
    code, app = found[0]
    port = find_port(program.snapshot, app.framework, [code, *program.codes])
    words, advice = _server(program, code, app, port)
    kind = "a function that makes an application" if app.is_factory else "an application"
    return Service(
        framework=Guess(value=app.framework, why=f"{code.path}: {app.name} is {kind} of it"),
        entrypoint=Guess(value=words, why=f"{app.name} in {code.path}, served by {words[0]}"),
        module=code.module,
        port=port,
        healthcheck=find_health(app.framework, program.codes),
        include=_imported(program, code.path),
        advice=advice,
    )


def _applications(codes: Sequence[Code]) -> Iterator[tuple[Code, App]]:
    """Yield application objects; one that a function made is as good as one made in place."""
    factories = {app.name: app for code in codes for app in code.apps if app.is_factory}
    for code in codes:
        yield from ((code, app) for app in code.apps)
        for name, called in code.calls.items():
            if called in factories:
                yield code, replace(factories[called], name=name, is_factory=False)


def _rank(code: Code, app: App) -> tuple[bool, int, int, str]:
    return (app.is_factory, _preference(code), code.path.count("/"), code.path)


def _server(
    program: Program, code: Code, app: App, port: Guess[int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose the server that is listed, and say which to add where none is."""
    target = f"{code.module}:{app.name}"
    address = f"{_ANY}:{port.value}"
    if app.framework == "flask":
        call = f"{target}()" if app.is_factory else target
        if program.has("gunicorn"):
            return ("gunicorn", "--bind", address, call), ()
        if program.has("waitress"):
            factory = ("--call",) if app.is_factory else ()
            return ("waitress-serve", f"--listen={address}", *factory, target), ()
        words = ("flask", "--app", target, "run", *_bound(port))
        return words, ("add gunicorn to the dependencies: Flask's server is for development",)
    if not program.has("uvicorn") and program.has("hypercorn"):
        return ("hypercorn", "--bind", address, f"{target}()" if app.is_factory else target), ()
    advice = (
        ()
        if program.has("uvicorn")
        else ("add uvicorn to the dependencies: nothing there serves the application",)
    )
    factory = ("--factory",) if app.is_factory else ()
    return ("uvicorn", *factory, target, *_bound(port)), advice


def _gradio(program: Program) -> Service | None:
    code = _best([code for code in program.codes if code.uses("gradio") and code.launches])
    if code is None:
        return None
    port = find_port(program.snapshot, "gradio", [code])
    return Service(
        framework=Guess(value="gradio", why=f"{code.path} launches it"),
        entrypoint=Guess(value=("python", code.path), why=f"{code.path} calls launch()"),
        module=code.module,
        port=port,
        healthcheck=Guess(value="/", why="its page answers there"),
        environment={
            "GRADIO_SERVER_NAME": _ANY,
            "GRADIO_SERVER_PORT": str(port.value),
            "GRADIO_ANALYTICS_ENABLED": "False",
        },
        include=_run_as_file(program, code.path),
    )


def _console(program: Program) -> Service | None:
    scripts = program.layout.scripts
    wanted = program.layout.name if program.layout.name in scripts else next(iter(scripts), "")
    if not wanted or (len(scripts) > 1 and wanted != program.layout.name):
        return None
    module, _, function = scripts[wanted].partition(":")
    words: tuple[str, ...] = (wanted,)
    if not program.layout.is_distributable:  # no wheel, so no script in bin
        text = f"import sys; from {module} import {function} as main; sys.exit(main())"
        words = ("python", "-c", text)
    service = Service(
        framework=Guess(value="console script", why=f"{wanted} is declared"),
        entrypoint=Guess(value=words, why=f"{wanted} is the project's console script"),
        module=module,
    )
    is_known = any(code.module == module for code in program.codes)
    return _listening(program, service, reached(program.codes, module) if is_known else ())


def _module(program: Program) -> Service | None:
    runnable = [c for c in program.codes if c.path.endswith("/__main__.py")]
    scripts = [c for c in program.codes if "/" not in c.path]
    guarded = [c for c in scripts if c.has_main]
    only = scripts[0] if len(scripts) == 1 else None
    code = _best(runnable) or _best(guarded) or only or _inside(program)
    if code is None:
        return None
    is_module = "/" in code.path
    module = code.module.removesuffix(".__main__")
    words = ("python", "-m", module) if is_module else ("python", code.path)
    why = f"{code.path} can be run"
    service = Service(
        framework=Guess(value="script", why=why),
        entrypoint=Guess(value=words, why=why),
        module=code.module,
        include=() if is_module else _run_as_file(program, code.path),
    )
    return _listening(program, service, reached(program.codes, code.module))


def _inside(program: Program) -> Code | None:
    """Find the one module of a package that is made to be run, or one that is called so."""
    guarded = [code for code in program.codes if code.has_main and "/" in code.path]
    called = [code for code in guarded if _preference(code) < len(_PREFERRED)]
    return _best(called) or (guarded[0] if len(guarded) == 1 else None)


def _listening(program: Program, service: Service, codes: Sequence[Code]) -> Service:
    """Add a port and a health path to what may be a server that is started by itself."""
    port = find_port(program.snapshot, "", codes)
    if not port.value:
        return service
    health = find_health(service.framework.value, program.codes)
    return replace(service, port=port, healthcheck=health)


def _bound(port: Guess[int]) -> tuple[str, ...]:
    return ("--host", _ANY, "--port", str(port.value))


def _run_as_file(program: Program, path: str) -> tuple[str, ...]:
    """Name a file that is started by its path, which a wheel does not keep."""
    return (path,) if program.layout.is_distributable else ()


def _imported(program: Program, path: str) -> tuple[str, ...]:
    """Name a module that is imported from the working directory, because no wheel holds it."""
    return (path,) if program.layout.is_distributable and "/" not in path else ()


def _best(codes: Sequence[Code]) -> Code | None:
    ranked = sorted(codes, key=lambda code: (_preference(code), code.path.count("/"), code.path))
    return ranked[0] if ranked else None


def _preference(code: Code) -> int:
    last = code.module.rpartition(".")[2].lower()
    return _PREFERRED.index(last) if last in _PREFERRED else len(_PREFERRED)
