"""Layers can be sent while others are made; what goes wrong then is left to the push."""

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

import pytest

from lamina.events import BlobTransferred, Event, StepLogged, Transfer
from lamina.oci.descriptor import Descriptor
from lamina.oci.layer import Layer
from lamina.parallel import have_ended
from lamina.registry.ahead import Ahead
from lamina.registry.upload import Uploader
from lamina.steps import Step, silent_step
from lamina.testing.images import Memory, toy_layer
from lamina.testing.loopback import Connection, LoopbackService
from lamina.testing.registry import InMemoryRegistry
from tests.registry.talking import NAME, talk_to


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as found:
        yield found


@pytest.fixture
def content() -> Memory:
    return Memory()


def ahead_to(address: str) -> Ahead:
    return Ahead(lambda: Uploader(talk_to(address)))


def listening() -> tuple[Step, list[Event]]:
    events: list[Event] = []
    return Step("push ahead", events.append, lambda: 0.0), events


def test_what_is_offered_is_there_when_it_is_finished(
    registry: InMemoryRegistry, content: Memory
) -> None:
    layers = [toy_layer(content, name) for name in "abcde"]
    ahead, (step, events) = ahead_to(registry.address), listening()

    with ahead.running(step):
        for layer in layers:
            ahead.offer(layer, content)
            wait_for(registry, layer)
        sent = ahead.finish()

    digests = {layer.descriptor.digest for layer in layers}
    assert sent == digests == set(registry.uploads())
    told = [event for event in events if isinstance(event, BlobTransferred)]
    assert {event.digest for event in told} == digests
    assert {event.transfer for event in told} == {Transfer.UPLOADED}


def wait_for(registry: InMemoryRegistry, layer: Layer) -> None:
    for _ in range(1000):
        if layer.descriptor.digest in registry.uploads():
            return
        threading.Event().wait(0.01)
    raise AssertionError(layer)


def test_what_the_repository_has_is_not_sent(registry: InMemoryRegistry, content: Memory) -> None:
    layer = toy_layer(content, "a")
    blobs = registry.repositories[NAME].blobs
    blobs[layer.descriptor.digest] = content.blobs[layer.descriptor.digest]
    ahead = ahead_to(registry.address)

    with ahead.running(silent_step()):
        ahead.offer(layer, content)
        while not registry.requests():
            threading.Event().wait(0.01)

    assert ahead.finish() == {layer.descriptor.digest}
    assert registry.uploads() == ()


def test_who_is_offered_nothing_talks_to_nobody(registry: InMemoryRegistry) -> None:
    step, events = listening()

    with ahead_to(registry.address).running(step):
        pass

    assert (registry.requests(), events) == ((), [])


def test_a_failure_is_logged_and_leaves_the_rest_alone(content: Memory) -> None:
    first, second = (toy_layer(content, name) for name in "ab")
    ahead, (step, events) = ahead_to("127.0.0.1:1"), listening()

    with ahead.running(step):
        ahead.offer(first, content)
        while not any(isinstance(event, StepLogged) for event in events):
            threading.Event().wait(0.01)
        ahead.offer(second, content)

    assert ahead.finish() == frozenset()
    assert content.opened == []
    assert [type(event).__name__ for event in events] == [
        "StepStarted",
        "StepLogged",
        "StepFinished",
    ]


class Endless(io.RawIOBase):
    """A blob that gives a byte at a time, for as long as somebody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = threading.Event()

    def readable(self) -> bool:
        return True

    def read(self, _: int = -1) -> bytes:
        self.is_read.set()
        threading.Event().wait(0.01)
        return b"x"


class Never:
    """Holds a blob that nobody has read to its end."""

    def __init__(self) -> None:
        self.blob = Endless()

    def open(self, _: Descriptor) -> BinaryIO:
        return cast("BinaryIO", self.blob)


def test_of_several_layers_that_fail_one_says_so(content: Memory) -> None:
    ahead, (step, events) = ahead_to("127.0.0.1:1"), listening()

    with ahead.running(step):
        for name in "ab":
            ahead.offer(toy_layer(content, name), content)

    assert [type(event) for event in events].count(StepLogged) == 1


def test_a_build_that_fails_does_not_wait_for_what_is_under_way(
    registry: InMemoryRegistry, content: Memory
) -> None:
    layer = toy_layer(content, "a")
    huge = replace(layer, descriptor=replace(layer.descriptor, size=1 << 30))
    ahead, never = ahead_to(registry.address), Never()

    def fail() -> None:
        with ahead.running(silent_step()):
            ahead.offer(huge, never)
            never.blob.is_read.wait()
            raise RuntimeError("the build failed")

    with pytest.raises(RuntimeError, match="the build failed"):
        fail()

    assert have_ended(within_s=5)
    assert never.blob.closed
    assert registry.uploads() == ()


class Silent(LoopbackService):
    """A registry that answers no request before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = threading.Event(), threading.Event()
        self.was_told = False

    def serve(self, connection: Connection) -> None:
        """Wait, and say that there is nothing."""
        self.is_asked.set()
        self.was_told = self.may_answer.wait(10)
        connection.reply(404, {})


def test_a_build_that_fails_does_not_wait_for_a_silent_registry(content: Memory) -> None:
    with Silent() as registry:
        ahead = ahead_to(registry.address)

        def fail() -> None:
            with ahead.running(silent_step()):
                ahead.offer(toy_layer(content, "a"), content)
                registry.is_asked.wait()
                raise RuntimeError("the build failed")

        with pytest.raises(RuntimeError, match="the build failed"):
            fail()
        registry.may_answer.set()

    assert registry.was_told
