"""Event streams and records of made-up builds, small enough to check by eye."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from lamina.events import (
    BlobTransferred,
    Event,
    ImageBuilt,
    ImagePublished,
    LayerBuilt,
    Outcome,
    PlanDecided,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    Transfer,
    WheelFetched,
)
from lamina.history.record import (
    BuildOutcome,
    BuildRecord,
    ImageRecord,
    LayerRecord,
    PublicationRecord,
    StepKind,
    StepOutcome,
    StepRecord,
    TransferRecord,
    WheelRecord,
)
from lamina.oci.digest import Digest
from lamina.plan.component import Component


def digest(text: str) -> Digest:
    return Digest.of(text.encode())


def started(step: str, time: float, name: str) -> StepStarted:
    return StepStarted(step=step, time=time, name=name)


def finished(step: str, time: float, outcome: Outcome = Outcome.DONE, error: str = "") -> Event:
    return StepFinished(step=step, time=time, outcome=outcome, error=error)


def made(
    step: str, time: float, part: str, size: int, *, cached: bool = False, name: str = ""
) -> LayerBuilt:
    component = Component(part) if part in set(Component) else Component.DEPENDENCIES
    return LayerBuilt(
        step=step, time=time, name=name or f"lamina: {part}==1", digest=digest(part + name),
        size=size, cached=cached, part=part, component=component,
    )  # fmt: skip


COLD: tuple[Event, ...] = (
    started("0", 100, ""),
    started("0.0", 100, "plan linux/amd64"),
    started("0.0.0", 100, "resolve base"),
    finished("0.0.0", 101),
    PlanDecided(step="0.0", time=102, platform="linux/amd64", key="k", layers=4, wheels=2,
                project="shop"),
    finished("0.0", 102),
    started("0.1", 102, "build linux/amd64"),
    started("0.1.0", 102, "base debian:bookworm"),
    made("0.1.0", 106, "base", 300),
    made("0.1.0", 106, "system", 100),
    finished("0.1.0", 106),
    started("0.1.2", 102, "fetch big_thing-1.0-py3-none-any.whl"),
    WheelFetched(step="0.1.2", time=105, name="big_thing-1.0-py3-none-any.whl",
                 digest=digest("whl"), size=50),
    finished("0.1.2", 105),
    started("0.1.3", 105, "layer big-thing"),
    made("0.1.3", 109, "big-thing", 50, name="lamina: big-thing==1.0"),
    finished("0.1.3", 109),
    started("0.1.1", 103, "layer environment"),
    made("0.1.1", 104, "environment", 1),
    finished("0.1.1", 104),
    started("0.1.4", 109, "check"),
    finished("0.1.4", 110),
    ImageBuilt(step="0.1", time=110, platform="linux/amd64", digest=digest("image"), size=451),
    finished("0.1", 110),
    started("0.2", 110, "write"),
    started("0.2.0", 110, "push 0123456789ab"),
    BlobTransferred(step="0.2.0", time=114, digest=digest("big"), size=50,
                    transfer=Transfer.UPLOADED),
    finished("0.2.0", 114),
    ImagePublished(step="0.2", time=115, destination="docker://r/shop:1", digest=digest("image")),
    finished("0.2", 115),
    finished("0", 115),
)  # fmt: skip
"""A first build of 15 s: the base takes 4, its wheel 3, the layer of it 4, the push 5."""

WARM: tuple[Event, ...] = (
    started("0", 200, ""),
    started("0.0", 200, "plan linux/amd64"),
    PlanDecided(step="0.0", time=200.5, platform="linux/amd64", key="k", layers=4, wheels=2,
                project="shop"),
    finished("0.0", 200.5),
    started("0.1", 200.5, "build linux/amd64"),
    made("0.1", 200.5, "base", 300, cached=True),
    made("0.1", 200.5, "system", 100, cached=True),
    made("0.1", 200.5, "environment", 1, cached=True),
    made("0.1", 200.5, "big-thing", 50, cached=True, name="lamina: big-thing==1.0"),
    ImageBuilt(step="0.1", time=200.5, platform="linux/amd64", digest=digest("image"), size=451),
    finished("0.1", 200.5),
    started("0.2", 200.5, "write"),
    finished("0.2", 201),
    finished("0", 201),
)  # fmt: skip
"""The same build again, a second long: the store remembers the whole image."""


def step(
    id_: str,
    seconds: float,
    *inputs: str,
    cached: bool = False,
    kind: StepKind = StepKind.RUN,
    started: float = 0.0,
    parent: str = "",
) -> StepRecord:
    return StepRecord(
        id=id_, name=f"RUN {id_}", text=f"RUN {id_}", kind=kind, seconds=seconds, inputs=inputs,
        started=started, parent=parent,
        outcome=StepOutcome.CACHED if cached else StepOutcome.DONE,
    )  # fmt: skip


def layer(name: str, size: int, component: Component = Component.DEPENDENCIES) -> LayerRecord:
    return LayerRecord(digest=str(digest(name)), size=size, name=name, component=component)


def build(id_: str = "b", started: float = 1000.0, **members: Any) -> BuildRecord:
    return replace(BuildRecord(id=id_, started=started), **members)


def with_steps(*steps: StepRecord, **members: Any) -> BuildRecord:
    return build(steps=steps, **members)


def with_layers(*layers: LayerRecord, **members: Any) -> BuildRecord:
    return build(layers=layers, **members)


ids = st.text("0123.", min_size=1, max_size=6)
texts = st.text(max_size=8) | st.sampled_from(
    ["plan linux/amd64", "build linux/amd64", "layer x", "fetch x-1-py3.whl", "write", "base x"]
)
sizes = st.integers(0, 2**63 - 1)
seconds = st.floats(0, 1e12)
digests = st.sampled_from([digest(c) for c in "abc"])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(StepStarted, step=ids, time=seconds, name=texts),
    st.builds(StepProgressed, step=ids, time=seconds, current=sizes, total=st.none() | sizes),
    st.builds(StepLogged, step=ids, time=seconds, line=texts),
    st.builds(StepWarned, step=ids, time=seconds, text=texts),
    st.builds(
        StepFinished, step=ids, time=seconds, outcome=st.sampled_from(Outcome), error=texts
    ),
    st.builds(
        PlanDecided, step=ids, time=seconds, platform=texts, key=texts, layers=sizes, wheels=sizes,
        project=texts,
    ),
    st.builds(WheelFetched, step=ids, time=seconds, name=texts, digest=digests, size=sizes),
    st.builds(
        LayerBuilt, step=ids, time=seconds, name=texts, digest=digests, size=sizes,
        cached=st.booleans(), part=texts, component=st.sampled_from(Component),
    ),
    st.builds(ImageBuilt, step=ids, time=seconds, platform=texts, digest=digests, size=sizes),
    st.builds(
        BlobTransferred, step=ids, time=seconds, digest=digests, size=sizes,
        transfer=st.sampled_from(Transfer),
    ),
    st.builds(ImagePublished, step=ids, time=seconds, destination=texts, digest=digests),
)  # fmt: skip

names = st.lists(st.text(max_size=5), max_size=2).map(tuple)
step_records = st.builds(
    StepRecord, id=ids, name=texts, kind=st.sampled_from(StepKind), parent=ids | st.just(""),
    outcome=st.sampled_from(StepOutcome), platform=texts, stage=texts, text=texts,
    ordinal=st.integers(0, 3), started=seconds, seconds=seconds,
    inputs=st.lists(ids, max_size=3).map(tuple), bytes=sizes, error=texts, log=names,
    warnings=names,
)  # fmt: skip
layer_records = st.builds(
    LayerRecord, digest=digests.map(str), size=sizes, name=texts, part=texts,
    component=st.sampled_from(Component), cached=st.booleans(), platform=texts, step=ids,
    distributions=names,
)  # fmt: skip
records = st.builds(
    BuildRecord, id=st.text("0123456789abcdef", min_size=1, max_size=16), started=seconds,
    seconds=seconds, outcome=st.sampled_from(BuildOutcome), error=texts, kind=texts, engine=texts,
    tool=texts, project=texts, names=names, branch=texts, revision=texts, ci=texts, host=texts,
    platforms=names, steps=st.lists(step_records, max_size=6).map(tuple),
    layers=st.lists(layer_records, max_size=4).map(tuple),
    wheels=st.lists(
        st.builds(WheelRecord, name=texts, digest=digests.map(str), bytes=sizes), max_size=2
    ).map(tuple),
    transfers=st.lists(
        st.builds(
            TransferRecord, digest=digests.map(str), size=sizes, how=st.sampled_from(Transfer)
        ), max_size=2
    ).map(tuple),
    images=st.lists(
        st.builds(ImageRecord, digest=digests.map(str), platform=texts, size=sizes), max_size=2
    ).map(tuple),
    publications=st.lists(
        st.builds(PublicationRecord, destination=texts, digest=digests.map(str)), max_size=2
    ).map(tuple),
    context_bytes=sizes, phases=st.dictionaries(texts, seconds, max_size=3), warnings=names,
    fingerprint=st.none() | st.dictionaries(texts, st.integers(), max_size=2),
)  # fmt: skip


def ids_of(steps: Iterable[StepRecord]) -> list[str]:
    return [found.id for found in steps]
