"""What one module of a program says of itself, without running it; pure."""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_APPS: Final[Mapping[str, str]] = {
    "FastAPI": "fastapi",
    "Starlette": "starlette",
    "Flask": "flask",
}
_ROUTES: Final = frozenset({"get", "route", "api_route", "add_api_route", "add_url_rule",
                            "Route", "path"})  # fmt: skip
_SERVES: Final = frozenset({"run", "launch", "serve", "run_app"})
_GROUPS: Final = frozenset({"APIRouter", "Blueprint", "include_router", "register_blueprint",
                            "include", "mount", "Mount"})  # fmt: skip
_MOVES: Final = frozenset({"prefix", "url_prefix"})
_PORT: Final = re.compile(r"(.*_)?PORT", re.IGNORECASE)
_MISSING: Final = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An application object, or a function without arguments that makes one."""

    framework: str
    name: str
    is_factory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A module called ``module``, as other modules import it.

    ``imports`` are dotted names that importing it needs, ``later`` those that some of its functions
    may.  ``routes`` are paths that are asked with GET, each with its owner's name.  ``ports`` have
    the line they stand in, the surest first.  ``calls`` maps variables to the function whose result
    they are; ``owners`` are those that hold an application, here or inside of a function.
    """

    path: str
    module: str
    imports: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    apps: tuple[App, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict, hash=False)
    owners: frozenset[str] = frozenset()
    routes: tuple[tuple[str, str, int], ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    has_prefixes: bool = False
    has_main: bool = False
    launches: bool = False

    def uses(self, name: str) -> bool:
        """Say whether the module imports ``name`` or something below it."""
        return any(one == name or one.startswith(f"{name}.") for one in self.imports | self.later)


def read_code(text: str, *, path: str) -> Code:
    """Read a module; one that is not valid Python says nothing."""
    module = module_name(path)
    try:
        with warnings.catch_warnings():  # of escapes in somebody else's strings
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Code(path=path, module=module)
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    firm = frozenset(_imports(_firm(tree.body), package))
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return Code(
        path=path,
        module=module,
        imports=firm,
        later=frozenset(_imports(nodes, package)) - firm,
        apps=tuple(_apps(tree.body)),
        calls=dict(_assigned(tree.body)),
        owners=frozenset(name for name, called in _assigned(nodes) if called in _APPS),
        routes=tuple(found for call in calls for found in _routes(call)),
        ports=tuple(_ports(nodes, _numbers(tree.body))),
        has_prefixes=any(map(_moves, calls)),
        has_main=any(map(_is_main, tree.body)),
        launches=any(_called(call) == "launch" for call in calls),
    )


def module_name(path: str) -> str:
    """Say under which name a file is imported.

    >>> module_name("src/shop/web/__init__.py"), module_name("main.py")
    ('shop.web', 'main')
    """
    parts = path.removesuffix(".py").removeprefix("src/").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[1:] else parts)


def reached(codes: Sequence[Code], start: str) -> tuple[Code, ...]:
    """Follow the imports from the module that the program starts with; all where that is unknown.

    Importing a module imports the packages above it.
    """
    by_name = {code.module: code for code in codes}
    if start not in by_name:
        return tuple(codes)
    seen: dict[str, Code] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        if code := by_name.get(name):
            seen[name] = code
            waiting += code.imports
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return tuple(seen.values())


def _firm(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the statements that an import of the module runs for sure."""
    for node in body:
        yield node
        match node:
            case ast.If(test=test, body=inner) if "TYPE_CHECKING" not in ast.unparse(test):
                yield from _firm(inner)
            case ast.Try(body=inner, handlers=handlers) if not any(map(_excuses, handlers)):
                yield from _firm(inner)
            case ast.With(body=inner) | ast.For(body=inner):
                yield from _firm(inner)
            case _:
                pass


def _excuses(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & _MISSING)


def _imports(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level, names=names):
                start = _absolute(module or "", level, package)
                yield from (f"{start}.{alias.name}".strip(".") for alias in names)
            case _:
                pass


def _absolute(module: str, level: int, package: str) -> str:
    if not level:
        return module
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], module]).strip(".")


def _apps(body: list[ast.stmt]) -> Iterator[App]:
    for node in body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
            ) if framework := _APPS.get(_called(call)):
                yield App(framework=framework, name=name)
            case ast.FunctionDef(name=name, args=arguments) if _is_callable(arguments):
                made = (_APPS.get(_called(c)) for c in ast.walk(node) if isinstance(c, ast.Call))
                if (framework := next(filter(None, made), None)) and "app" in name:
                    yield App(framework=framework, name=name, is_factory=True)
            case _:
                pass


def _is_callable(arguments: ast.arguments) -> bool:
    """Say whether a function may be called without arguments."""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional == len(arguments.defaults) and None not in arguments.kw_defaults


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
            ):
                yield name, _called(call)
            case _:
                pass


def _routes(call: ast.Call) -> Iterator[tuple[str, str, int]]:
    match call:
        case ast.Call(args=[ast.Constant(value=str(path)), *_]) if _called(call) in _ROUTES:
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            name = owner.id if isinstance(owner, ast.Name) else ""
            if not set("<{(^ ") & set(path) and (path.startswith("/") or _called(call) == "path"):
                yield f"/{path.removeprefix('/')}", name, call.lineno
        case _:
            pass


def _moves(call: ast.Call) -> bool:
    """Say whether a call puts routes below another path, so that their own is not the whole."""
    name = _called(call)
    if name in {"include", "mount", "Mount"}:
        return True
    return name in _GROUPS and any(keyword.arg in _MOVES for keyword in call.keywords)


def _numbers(body: list[ast.stmt]) -> dict[str, int]:
    """Name the module's constants that are whole numbers."""
    found: dict[str, int] = {}
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if number := _port(value, {}):
                found[name] = number
            case _:
                pass
    return found


def _ports(nodes: list[ast.AST], known: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Yield what a server is started with, then what is only a default for it."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    found = [(_started(call, known), call.lineno) for call in calls]
    found += [(_variable(call) or _option(call), call.lineno) for call in calls]
    found += [(_attribute(n, known), n.lineno) for n in nodes if isinstance(n, ast.AnnAssign)]
    return (pair for pair in found if pair[0])


def _started(call: ast.Call, known: Mapping[str, int]) -> int:
    """Read the port of ``uvicorn.run(app, port=8000)`` and the like."""
    named = [k.value for k in call.keywords if k.arg in {"port", "server_port"}]
    return _port(named[0], known) if named and _called(call) in _SERVES else 0


def _attribute(node: ast.AnnAssign, known: Mapping[str, int]) -> int:
    """Read the default of a field of settings: ``port: int = 8000``."""
    match node:
        case ast.AnnAssign(target=ast.Name(id="port"), value=ast.expr() as value):
            return _port(value, known)
        case _:
            return 0


def _port(value: ast.expr, known: Mapping[str, int]) -> int:
    match value:
        case ast.Constant(value=int(number)) if 0 < number < 1 << 16:
            return 0 if isinstance(number, bool) else number
        case ast.Constant(value=str(text)) if text.isascii() and text.isdigit():
            return int(text) if 0 < int(text) < 1 << 16 else 0
        case ast.Name(id=name):
            return known.get(name, 0)
        case ast.Call(func=ast.Name(id="int"), args=[inner]):
            return _port(inner, known)
        case ast.Call():
            return _variable(value)
        case _:
            return 0


def _variable(call: ast.Call) -> int:
    """Read the default of a look-up of an environment variable."""
    match call:
        case ast.Call(args=[ast.Constant(value=str(name)), default]) if _called(call) in {
            "get",
            "getenv",
        } and _PORT.fullmatch(name):
            return _port(default, {})
        case _:
            return 0


def _option(call: ast.Call) -> int:
    """Read the default of a command line's ``--port``."""
    if _called(call) not in {"add_argument", "Option", "option"}:
        return 0
    texts = {node.value for node in call.args if isinstance(node, ast.Constant)}
    if "--port" not in texts:
        return 0
    named = [k.value for k in call.keywords if k.arg == "default"]
    return next(filter(None, (_port(value, {}) for value in (*named, *call.args))), 0)


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
