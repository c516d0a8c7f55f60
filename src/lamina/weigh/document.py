"""What was weighed as a document, for people and for programs; pure."""

from collections.abc import Collection, Iterable, Iterator

from lamina.plan.diet import LINES, Line
from lamina.reports.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Figures,
    Paragraph,
    Section,
    Table,
    Tone,
    Unit,
)
from lamina.reports.figures import counted
from lamina.sizes import bytes_text
from lamina.weigh.budget import culprits
from lamina.weigh.cost import Cost, saved_without
from lamina.weigh.kinds import Kind
from lamina.weigh.lean import saved_by_line
from lamina.weigh.swaps import Swap
from lamina.weigh.usage import State, Use
from lamina.weigh.weighing import FINDINGS, Weighing
from lamina.weigh.weight import NOTHING, Weight, by_kind

_NAME = Column(key="name", title="distribution", unit=Unit.CODE)
_VERSION = Column(key="version", title="version", unit=Unit.CODE)
_OWN = Column(key="size", title="own", unit=Unit.BYTES)
_EXCLUSIVE = Column(key="exclusive", title="leaves with it", unit=Unit.BYTES)
_FILES = Column(key="files", title="files", unit=Unit.COUNT)
_WHY = Column(key="why", title="why")


def weighing_document(
    weighing: Weighing, *, budget: int | None = None, has_all: bool = False
) -> Document:
    """Describe a weighing; ``has_all`` lists the indirect dependencies as well."""
    weight = [*_overview(weighing), *_direct(weighing), *_extras(weighing)]
    if has_all:
        weight.append(_all(weighing))
    saving = [*_unused(weighing), *_maybe(weighing), *_swaps(weighing), *_diet(weighing)]
    sections = (
        Section(key="weight", title="Weight", blocks=tuple(weight)),
        Section(key="budget", title="Budget", blocks=_budget(weighing, budget)),
        Section(key="savings", title="What can be saved", blocks=tuple(saving)),
    )
    return Document(
        title=f"{weighing.project} for {weighing.platform}, Python {weighing.python}",
        subtitle="What wheels bring into the image; the base is not counted.",
        sections=tuple(section for section in sections if section.blocks),
    )


def why_document(weighing: Weighing, name: str) -> Document:
    """Say what brings one distribution in, and what leaves with it."""
    graph, cost = weighing.graph, weighing.costs[name]
    chains = [chain for start in graph.direct if (chain := graph.chain(start, name))]
    rows = tuple((chain[0], " \N{RIGHTWARDS ARROW} ".join(chain)) for chain in chains)
    columns = (
        Column(key="direct", title="the project asks for", unit=Unit.CODE),
        Column(key="chain", title="shortest way"),
    )
    use = next((use for use in weighing.uses if use.name == name), None)
    text = f"As a direct dependency it is {use.state}: {use.why}." if use else ""
    blocks: list[Block] = [
        Figures(key="cost", title="Cost", items=(
            Figure(key="size", label="own", value=cost.own.size, unit=Unit.BYTES),
            Figure(key="exclusive", label="leaves with it", value=cost.exclusive.size,
                   unit=Unit.BYTES),
            Figure(key="files", label="files", value=cost.own.files, unit=Unit.COUNT),
        )),
        Table(key="chains", title="What brings it in", columns=columns, rows=rows),
        *([Paragraph(text=text)] if text else []),
        *([] if rows else [Paragraph(text="Nothing requires it; only the lock has it.")]),
    ]  # fmt: skip
    version = weighing.weights[name].version
    return Document(
        title=f"{name} {version}",
        sections=(Section(key="why", title="Why it is there", blocks=tuple(blocks)),),
    )


def _overview(weighing: Weighing) -> Iterator[Block]:
    whole = weighing.total
    items = [
        Figure(key="size", label="installed", value=whole.size, unit=Unit.BYTES,
               note=f"{counted(whole.files, 'file')} of "
                    f"{counted(len(weighing.everything), 'distribution')}"),
        Figure(key="packed", label="as wheels", value=weighing.packed, unit=Unit.BYTES),
        Figure(key="fetched", label="read to know it", value=weighing.fetched, unit=Unit.BYTES),
        Figure(key="possible", label="can be saved", value=weighing.possible, unit=Unit.BYTES,
               note="by the drops and equal swaps below"),
        Figure(key="possible-with-tests", label="perhaps as well",
               value=weighing.possible_with_tests, unit=Unit.BYTES,
               note="by swaps for other versions, which have to be tested"),
        Figure(key="idle", label="never run", value=weighing.idle.size, unit=Unit.BYTES,
               note="tests, headers and type stubs of what stays"),
    ]  # fmt: skip
    kinds = by_kind(weighing.everything)
    table = Table(
        key="kinds",
        title="By kind of file",
        columns=(Column(key="kind", title="kind"), _FILES,
                 Column(key="size", title="size", unit=Unit.BYTES)),
        rows=tuple((str(kind), p.files, p.size) for kind, p in kinds.items()),
    )  # fmt: skip
    yield Figures(key="total", title="In all", items=tuple(items))
    yield from (Paragraph(text=note, tone=Tone.MUTED) for note in weighing.notes)
    yield table


def _budget(weighing: Weighing, budget: int | None) -> tuple[Block, ...]:
    if budget is None:
        return ()
    size = weighing.total.size
    if size <= budget:
        text = f"{bytes_text(size)} is within the budget of {bytes_text(budget)}."
        return (Paragraph(text=text),)
    excess = size - budget
    names = culprits(weighing.graph, weighing.weights, weighing.costs, excess=excess)
    parts = (f"{n} {bytes_text(weighing.costs[n].exclusive.size)}" for n in names)
    text = (
        f"{bytes_text(size)} is {bytes_text(excess)} above the budget of {bytes_text(budget)}; "
        f"it is broken by {', '.join(parts) or 'what no dependency of the project brings alone'}."
    )
    return (Paragraph(text=text, tone=Tone.BAD),)


def _direct(weighing: Weighing) -> Iterator[Block]:
    uses = {use.name: use for use in weighing.uses}
    costs = weighing.costs
    names = sorted(weighing.graph.direct, key=lambda name: (-costs[name].exclusive.size, name))
    rows = tuple(
        (name, weighing.weights[name].version, costs[name].own.size, costs[name].exclusive.size,
         costs[name].own.files, str(uses[name].state))
        for name in names
    )  # fmt: skip
    table = Table(
        key="direct",
        title="Direct dependencies",
        columns=(_NAME, _VERSION, _OWN, _EXCLUSIVE, _FILES, Column(key="use", title="use")),
        rows=rows,
    )
    if rows:
        yield table
    if orphans := weighing.graph.orphans:
        yield Paragraph(text=f"Nothing requires {', '.join(orphans)}; only the lock has them.")


def _extras(weighing: Weighing) -> Iterator[Block]:
    heaviest = sorted(weighing.extras.items(), key=lambda item: (-item[1].size, item[0]))
    rows = tuple((f"{name}[{extra}]", p.size) for (name, extra), p in heaviest)
    columns = (
        Column(key="extra", title="extra", unit=Unit.CODE),
        Column(key="exclusive", title="leaves without it", unit=Unit.BYTES),
    )
    if rows:
        yield Table(
            key="extras",
            title="Extras that the project asks for",
            columns=columns,
            rows=rows,
        )


def _unused(weighing: Weighing) -> Iterator[Block]:
    found = [use for use in weighing.uses if use.state in FINDINGS]
    if not found:
        return
    together = saved_without(weighing.graph, weighing.weights, weighing.droppable)
    text = (
        f"Without them the image has {counted(together.files, 'file')} and "
        f"{bytes_text(together.size)} less. Try it: take them out, lock, build, `lamina test`."
    )
    yield _uses(weighing, "unused", "Never imported", found)
    yield Paragraph(text=text)
    if weighing.computed:
        places = ", ".join(weighing.computed[:3])
        yield Paragraph(text=f"Names of imports are computed in {places}: look there first.")


def _maybe(weighing: Weighing) -> Iterator[Block]:
    found = [use for use in weighing.uses if use.state in {State.OPTIONAL, State.PLUGIN}]
    if found:
        yield _uses(weighing, "maybe", "Not imported, but perhaps used by others", found)


def _uses(weighing: Weighing, key: str, title: str, uses: Iterable[Use]) -> Table:
    costs = weighing.costs
    heaviest = sorted(uses, key=lambda use: (-costs[use.name].exclusive.size, use.name))
    rows = tuple((u.name, costs[u.name].exclusive.size, u.why) for u in heaviest)
    return Table(
        key=key,
        title=title,
        columns=(_NAME, _EXCLUSIVE, _WHY),
        rows=rows,
    )


def _swaps(weighing: Weighing) -> Iterator[Block]:
    columns = (
        _NAME,
        Column(key="instead", title="instead", unit=Unit.CODE),
        Column(key="saved", title="saves", unit=Unit.BYTES),
        Column(key="loses", title="without"),
        Column(key="note", title="note"),
    )
    rows = tuple(
        (s.alternative.name, s.requirement or s.alternative.instead, _saving(s),
         s.alternative.loses, _note(s, weighing.droppable))
        for s in sorted(weighing.swaps, key=lambda swap: -swap.saved.size)
    )  # fmt: skip
    if rows:
        yield Table(key="swaps", title="Lighter equivalents", columns=columns, rows=rows)


def _saving(swap: Swap) -> int | None:
    return swap.saved.size if swap.requirement else None


def _note(swap: Swap, droppable: Collection[str]) -> str:
    if swap.problem:
        return swap.problem
    notes = []
    if swap.alternative.name in droppable:
        notes.append("dropping it saves more")
    if not swap.is_same_version:
        notes.append(f"another version than {swap.version}: test it")
    if swap.lost_modules:
        notes.append(f"without the modules {', '.join(swap.lost_modules[:3])}")
    if not swap.alternative.is_drop_in:
        notes.append("the code has to change")
    if swap.saved.size <= 0:
        notes.append("not lighter")
    return "; ".join(notes)


def _diet(weighing: Weighing) -> Iterator[Block]:
    columns = (
        Column(key="line", title="line", unit=Unit.CODE),
        Column(key="saved", title="saves", unit=Unit.BYTES),
        _FILES,
        Column(key="is-on", title="is on"),
        Column(key="what", title="leaves out"),
        Column(key="risk", title="what may miss it"),
    )
    found = saved_by_line(weighing.weights.values())
    rows: list[tuple[Line, int | None, int | None]] = [
        (line, portion.size, portion.files) for line, portion in found.items()
    ]
    rows += [(line, None, None) for line in LINES if line.key == "debug-symbols"]
    yield Table(
        key="diet",
        title="A diet: files that no program needs",
        columns=columns,
        rows=tuple(
            (line.key, size, files, "yes" if line.key in weighing.diet else "no", line.what,
             line.risk)
            for line, size, files in rows
        ),
    )  # fmt: skip
    text = "These are lines of [tool.lamina.diet]. What symbols take, `lamina size IMAGE` says."
    yield Paragraph(text=text, tone=Tone.MUTED)


def _all(weighing: Weighing) -> Table:
    costs = weighing.costs
    heaviest = sorted(weighing.weights.values(), key=lambda w: (-w.total.size, w.name))
    kinds = (Column(key=kind.name.lower(), title=str(kind), unit=Unit.BYTES) for kind in Kind)
    return Table(
        key="distributions",
        title="All distributions",
        columns=(_NAME, _VERSION, _OWN, _EXCLUSIVE, _FILES, *kinds),
        rows=tuple(_row(weight, costs[weight.name]) for weight in heaviest),
    )


def _row(weight: Weight, cost: Cost) -> tuple[Cell, ...]:
    sizes = (weight.portions.get(kind, NOTHING).size for kind in Kind)
    whole = weight.total
    return (weight.name, weight.version, whole.size, cost.exclusive.size, whole.files, *sizes)
