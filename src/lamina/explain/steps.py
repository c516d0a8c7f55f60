"""Steps of a build as its cache keys see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Facts = Mapping[str, str]
"""What a key depends on, by a name that a person understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStep:
    """One step.

    ``own`` and ``files`` are what its key is made of besides the keys of other steps; ``weak`` and
    ``weak_files`` are in the keys of some builders and not of others.  ``parents`` are steps that
    it runs on, ``contents`` those whose bytes it takes, of which only the bytes count.
    ``by_content`` says that its parents may run without it.  ``text`` is as written,
    ``index`` counts as the builder does, from 1.
    """

    id: int
    platform: str
    stage: str
    number: int
    index: int
    keyword: str
    text: str
    line: int
    own: Facts = field(hash=False)
    weak: Facts = field(default_factory=dict, hash=False)
    files: Facts = field(default_factory=dict, hash=False)
    weak_files: Facts = field(default_factory=dict, hash=False)
    parents: tuple[int, ...] = ()
    contents: tuple[int, ...] = ()
    by_content: bool = False
    is_forced: bool = False

    @property
    def place(self) -> tuple[str, int]:
        """The stage that it belongs to."""
        return self.platform, self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All steps of a build, each after those that it depends on; ``names`` are the stages'."""

    steps: tuple[ModelStep, ...]
    target: str = ""
    is_whole: bool = True
