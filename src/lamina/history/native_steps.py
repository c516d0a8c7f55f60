"""What the native engine's steps are called, and what they wait for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lamina.events import BESIDE
from lamina.history.record import LayerRecord, StepKind, StepRecord

_KINDS: Final = (
    ("resolve base", StepKind.BASE),
    ("read lock", StepKind.PLAN),
    ("resolve dependencies", StepKind.PLAN),
    ("plan ", StepKind.PLAN),
    ("wheel of ", StepKind.WHEEL),
    ("build ", StepKind.WHEEL),
    ("toolchain", StepKind.WHEEL),
    ("select", StepKind.WHEEL),
    ("fetch", StepKind.FETCH),
    ("base ", StepKind.BASE),
    ("pull ", StepKind.BASE),
    ("layer ", StepKind.LAYER),
    ("check", StepKind.CHECK),
    ("write", StepKind.EXPORT),
    ("push ", StepKind.PUSH),
)
_INSTRUCTION: Final = re.compile(r"\[[^]]*\] (RUN|COPY|ADD|WORKDIR|FROM)\b")
_BUILDKIT: Final = (
    ("[internal] load build context", StepKind.CONTEXT),
    ("[internal]", StepKind.INTERNAL),
    ("[auth]", StepKind.AUTH),
    ("[context ", StepKind.CONTEXT),
    ("importing cache", StepKind.CACHE_IMPORT),
    ("exporting cache", StepKind.CACHE_EXPORT),
    ("exporting", StepKind.EXPORT),
)
"""What BuildKit calls its steps, which ours are named after when it builds."""

_BUILT: Final = re.compile(r"(?:wheel of (.+)|build (.+)-[^-]+)")
"""What becomes a wheel: a project by its name, an sdist by that of its file."""

_WAITED_FOR: Final = frozenset({StepKind.LAYER, StepKind.BASE})


def kind_of(name: str, *, is_top: bool) -> StepKind:
    """Recognise a step by its name; ``is_top`` is one directly below the command.

    >>> kind_of("build linux/amd64", is_top=True)
    <StepKind.BUILD: 'build'>
    >>> kind_of("[group-1-torch 1/1] RUN install", is_top=False)
    <StepKind.RUN: 'run'>
    """
    if is_top and name.startswith("build "):
        return StepKind.BUILD
    if match := _INSTRUCTION.match(name):
        return StepKind(match[1].lower())
    kinds = (*_KINDS, *_BUILDKIT)
    return next((kind for start, kind in kinds if name.startswith(start)), StepKind.OTHER)


def platform_of(top: str) -> str:
    """Read the platform from the name of a step directly below the command.

    >>> platform_of("plan linux/arm64")
    'linux/arm64'
    """
    word, _, rest = top.partition(" ")
    return rest if word in {"plan", "build"} else ""


def distributions_in(created_by: str) -> tuple[str, ...]:
    """List the distributions in a layer by the line that it was created by.

    >>> distributions_in("lamina: click==8.1.7 idna==3.7")
    ('click==8.1.7', 'idna==3.7')
    """
    return tuple(word for word in created_by.split() if "==" in word)


def with_inputs(
    steps: Sequence[StepRecord], layers: Sequence[LayerRecord]
) -> tuple[StepRecord, ...]:
    """Say what each step had to wait for, as ``lamina.build`` and the native engine go about it.

    The steps directly below the command run one after the other.  Inside, a layer waits for its
    wheels, and the check for all layers.  A wheel is built once, for whichever platforms take it.
    """
    inputs = _from_above(steps)
    by_platform, built = _fetches(steps), _built(steps)
    names = {layer.step: _names(layer) for layer in layers}
    found = []
    for step in steps:
        made = (built, by_platform.get(step.platform, {}))  # what is built is fetched as well
        wanted = [rows[name] for rows in made for name in names.get(step.id, ()) if name in rows]
        if step.kind is StepKind.CHECK:
            wanted = [s.id for s in steps if s.parent == step.parent and s.kind in _WAITED_FOR]
        found.append(replace(step, inputs=tuple(dict.fromkeys((*inputs[step.id], *wanted)))))
    return tuple(found)


def _from_above(steps: Sequence[StepRecord]) -> dict[str, tuple[str, ...]]:
    """Chain the steps at the top; each part of a step waits for what the whole waits for."""
    inputs: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for step in steps:  # wholes come before their parts
        if step.name == BESIDE:
            inputs[step.id] = ()  # it waits for layers as they come, and nothing waits for it
        elif step.parent in inputs:
            inputs[step.id] = inputs[step.parent]
        else:
            inputs[step.id] = before
            before = (step.id,)
    return inputs


def _fetches(steps: Sequence[StepRecord]) -> Mapping[str, Mapping[str, str]]:
    """Return platform → name of a distribution → the step that fetched it."""
    found: dict[str, dict[str, str]] = {}
    for step in steps:
        if step.kind is StepKind.FETCH:
            name = step.name.removeprefix("fetch ").partition("-")[0]
            found.setdefault(step.platform, {})[_normal(name)] = step.id
    return found


def _built(steps: Sequence[StepRecord]) -> Mapping[str, str]:
    """Return name of a distribution → the step that built its wheel."""
    matches = ((s.id, _BUILT.fullmatch(s.name)) for s in steps if s.kind is StepKind.WHEEL)
    return {_normal(match[1] or match[2]): id_ for id_, match in matches if match is not None}


def _names(layer: LayerRecord) -> tuple[str, ...]:
    return tuple(_normal(text.partition("==")[0]) for text in layer.distributions)


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
