"""Model: a fingerprint → the steps that BuildKit makes of it, and what each one's key depends on.

docs/decisions/0016-a-model-of-the-cache.md says where each rule comes from.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lamina.dockerfile.instructions import (
    Arg,
    Assignment,
    Copy,
    Dockerfile,
    Instruction,
    OnBuild,
    Run,
    Setting,
    ShellWords,
    Stage,
)
from lamina.dockerfile.parse import parse
from lamina.dockerfile.render import render_instruction
from lamina.explain.context import clean
from lamina.explain.fingerprint import BaseFound, Fingerprint
from lamina.explain.operations import Taken, copy_facts, mount_of, run_facts
from lamina.explain.steps import Model, ModelStep
from lamina.explain.variables import Variables, platform_arguments

_SHELL: Final = ("/bin/sh", "-c")
_CACHED_ALWAYS: Final = frozenset({"FROM", "WORKDIR"})


def model(found: Fingerprint) -> Model:
    """Make the steps of a build, for each of its platforms.

    Raises ``InputError`` where the Dockerfile cannot be read.
    """
    dockerfile = parse(found.dockerfile)
    steps: list[ModelStep] = []
    for platform in found.platforms or ("",):
        _Platform(found, dockerfile, platform, steps).build()
    contexts = (found.context, *found.contexts.values())
    return Model(
        steps=tuple(steps),
        target=found.target,
        is_whole=all(context.is_whole for context in contexts),
    )


def base_images(found: Fingerprint) -> tuple[str, ...]:
    """Return the names of the images that the stages begin with."""
    steps = model(replace(found, bases={})).steps
    return tuple(dict.fromkeys(step.own["base"] for step in steps if step.keyword == "FROM"))


@dataclass(slots=True)
class _State:
    """A stage while its instructions are read."""

    stage: Stage
    platform: str
    variables: Variables
    directory: str = "/"
    user: str = ""
    shell: tuple[str, ...] = _SHELL
    last: tuple[int, ...] = ()
    index: int = 0
    onward: list[Instruction] = field(default_factory=list)

    def resolve(self, path: str) -> str:
        """Return a path of the image, from the working directory."""
        return posixpath.normpath(posixpath.join(self.directory, path)).replace("//", "/")


class _Platform:
    """Makes the steps for one platform."""

    def __init__(
        self, found: Fingerprint, dockerfile: Dockerfile, platform: str, steps: list[ModelStep]
    ) -> None:
        self._found = found
        self._platform = platform
        self._steps = steps
        self._stages = dockerfile.stages
        self._states: dict[int, _State] = {}
        build = found.engine_platform or platform
        self._predefined = platform_arguments(platform, build, found.target)
        self._outer = Variables(found.arguments, self._predefined, dockerfile.escape)
        for arg in dockerfile.arguments:
            self._outer.declare(arg)

    def build(self) -> None:
        wanted = self._number(self._found.target) if self._found.target else len(self._stages) - 1
        needed: set[int] = set()
        waiting = [] if wanted is None else [wanted]
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed.add(number)
                waiting += self._needs(self._stages[number])
        for number in sorted(needed):
            self._read(self._stages[number])

    def _number(self, name: str, before: int | None = None) -> int | None:
        """Find a stage by its name or its number, among those before another."""
        stages = self._stages[:before]
        named = next((s.number for s in reversed(stages) if s.start.name == name.lower()), None)
        if named is None and name.isdecimal() and int(name) < len(stages):
            return int(name)
        return named if name else None

    def _needs(self, stage: Stage) -> list[int]:
        names = [self._outer_text(stage.start.image)]
        for instruction in stage.instructions:
            names += _sources(instruction, self._outer)
        found = (self._number(name, stage.number) for name in names)
        return [number for number in found if number is not None]

    def _outer_text(self, text: str) -> str:
        scope = self._outer
        return Variables(
            scope.given, {}, scope.escape, {**self._predefined, **scope.arguments}
        ).expand(text)

    def _read(self, stage: Stage) -> None:
        state = self._begin(stage)
        self._states[stage.number] = state
        waiting = [*state.onward, *stage.instructions]
        for instruction in waiting:
            self._apply(state, instruction)

    def _begin(self, stage: Stage) -> _State:
        image = self._outer_text(stage.start.image)
        outer = {**self._predefined, **self._outer.arguments}
        before = self._number(image, stage.number)
        if before is not None and before in self._states:
            return self._inherit(stage, self._states[before], outer)
        platform = self._outer_text(stage.start.flag("platform") or "") or self._platform
        state = _State(
            stage=stage,
            platform=platform,
            variables=Variables(self._found.arguments, outer, self._outer.escape),
        )
        if image != "scratch":
            self._add_base(state, image)
        return state

    def _inherit(self, stage: Stage, below: _State, outer: Mapping[str, str]) -> _State:
        return _State(
            stage=stage,
            platform=below.platform,
            variables=below.variables.copy(outer),
            directory=below.directory,
            user=below.user,
            shell=below.shell,
            last=below.last,
            onward=[x.instruction for x in below.stage.instructions if isinstance(x, OnBuild)],
        )

    def _add_base(self, state: _State, image: str) -> None:
        known = self._found.bases.get(image, BaseFound())
        pairs = (text.partition("=") for text in known.environment)
        state.variables.environment |= {name: value for name, _, value in pairs}
        state.directory = known.directory or "/"
        state.user = known.user
        own = {"base": known.chain or image, "platform": "/".join(state.platform.split("/")[:2])}
        weak = {} if known.chain else {"base digest": known.digest}
        number = self._add(state, state.stage.start, "FROM", own=own, weak=weak)
        state.last = (number,)

    def _apply(self, state: _State, instruction: Instruction) -> None:
        match instruction:
            case Arg():
                state.variables.declare(instruction)
            case Assignment(keyword="ENV"):
                state.variables.assign(instruction)
            case ShellWords(words=words):
                state.shell = words
            case Setting(keyword="USER", value=value):
                state.user = state.variables.expand(value)
            case Setting(keyword="WORKDIR", value=value):
                self._enter(state, instruction, state.variables.expand(value))
            case Copy():
                self._copy(state, instruction)
            case Run():
                self._run(state, instruction)
            case _:
                pass  # no key holds it

    def _enter(self, state: _State, instruction: Setting, path: str) -> None:
        state.directory = state.resolve(path)
        if state.directory == "/":  # it is there, so there is nothing to do
            return
        own = {"directory": state.directory}
        number = self._add(state, instruction, "WORKDIR", own=own, parents=state.last)
        state.last = (number,)

    def _copy(self, state: _State, copy: Copy) -> None:
        taken = self._taken(state, copy.flag("from"))
        facts = copy_facts(copy, state.variables, state.resolve, taken)
        is_linked = copy.is_on("link")
        merges = is_linked and self._found.merges
        if is_linked:
            facts["own" if merges else "weak"]["--link"] = "true"
        number = self._add(
            state, copy, copy.keyword,
            **facts, parents=() if merges else state.last, contents=taken.steps,
            by_content=is_linked,
        )  # fmt: skip
        state.last = (*state.last, number) if is_linked else (number,)

    def _run(self, state: _State, run: Run) -> None:
        facts, contents, by_content = run_facts(
            run,
            state.variables,
            lambda name: self._taken(state, name),
            {
                "shell": " ".join(state.shell),
                "directory": state.directory,
                "user": state.user,
                "platform": state.platform,
            },
            self._found.options,
        )
        number = self._add(
            state, run, "RUN",
            **facts, parents=state.last, contents=contents, by_content=by_content,
        )  # fmt: skip
        state.last = (number,)

    def _taken(self, state: _State, name: str | None) -> Taken:
        """Find where files come from: a stage, a named context, an image, or the context."""
        if name is None:
            return Taken(context=self._found.context)
        name = state.variables.expand(name) if "$" in name else name
        number = self._number(name, state.stage.number)
        if number is not None and number in self._states:
            return Taken(steps=self._states[number].last, name=f"stage {number}")
        if name in self._found.contexts:
            return Taken(context=self._found.contexts[name], name=name)
        known = self._found.bases.get(name, BaseFound())
        return Taken(name=known.chain or known.digest or name)

    def _add(self, state: _State, instruction: Instruction, keyword: str, **facts: Any) -> int:  # noqa: ANN401 - the members of ModelStep
        state.index += 1
        number = len(self._steps)
        text = render_instruction(instruction)
        weak = dict(facts.pop("weak", {}))
        if epoch := self._found.arguments.get("SOURCE_DATE_EPOCH"):
            weak["SOURCE_DATE_EPOCH"] = epoch
        self._steps.append(
            ModelStep(
                id=number,
                platform=self._platform,
                stage=state.stage.start.name,
                number=state.stage.number,
                index=state.index,
                keyword=keyword,
                text=text,
                line=instruction.line,
                weak=weak,
                is_forced=keyword not in _CACHED_ALWAYS and self._is_forced(state),
                **facts,
            )
        )
        return number

    def _is_forced(self, state: _State) -> bool:
        options = self._found.options
        stages = {
            name.strip() for text in options.get("no-cache-filter", ()) for name in text.split(",")
        }
        number = state.stage.number
        names = {state.stage.start.name or f"stage-{number}", str(number)}
        return "no-cache" in options or bool(stages & names)


def _sources(instruction: Instruction, outer: Variables) -> Iterable[str]:
    """Return the names of stages, images and contexts that an instruction takes files from."""
    match instruction:
        case Copy():
            return [outer.expand(name) for name in instruction.flag_values("from")]
        case Run():
            mounts = (mount_of(text) for text in instruction.flag_values("mount"))
            return [outer.expand(mount["from"]) for mount in mounts if "from" in mount]
        case _:
            return ()


def wanted_paths(dockerfile: Dockerfile) -> tuple[str, ...]:
    """Return the paths of the context that some instruction may take, as patterns."""
    stages = dockerfile.stages
    found = (path for stage in stages for x in stage.instructions for path in _paths(x))
    return tuple(dict.fromkeys("" if "$" in path else clean(path) for path in found))


def _paths(instruction: Instruction) -> Iterable[str]:
    match instruction:
        case Copy() if instruction.flag("from") is None:
            return instruction.sources
        case Run():
            mounts = (mount_of(text) for text in instruction.flag_values("mount"))
            return [m.get("source", "") for m in mounts if m["type"] == "bind" and "from" not in m]
        case _:
            return ()
