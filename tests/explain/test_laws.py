"""Laws of the model: any Dockerfile that can be read has steps, and equal ones are the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.dockerfile.parse import parse
from lamina.errors import InputError
from lamina.explain.asked import read_buildctl, read_command
from lamina.explain.compare import Verdict, compare
from lamina.explain.context import Context, Entry, context_from_text
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.model import model, wanted_paths
from lamina.explain.what_if import Oracle
from lamina.history.record import BuildRecord

_LINES = st.sampled_from(
    [
        "FROM a", "FROM a AS b", "FROM b", "FROM scratch", "FROM $V", "FROM 0", "ARG V=1", "ARG V",
        "ENV V=${V:-2} W=$V", "ENV V=${V", "WORKDIR $V", "WORKDIR ..", "USER $V", "RUN x",
        "RUN <<E\n$V\nE", "COPY . .", "COPY $V [a-", "COPY --from=b a b", "COPY --from=9 a b",
        "COPY --link --from=0 a b", "ADD https://a/b c", "ONBUILD RUN y", 'SHELL ["a"]',
        "RUN --mount=from=b,target=/c x", "RUN --mount=type=secret,id=s x", "RUN --mount=,= x",
        "COPY <<E /f\n$V\nE", "COPY --exclude=**/[ . .", "LABEL a=b", "HEALTHCHECK NONE",
    ]
)  # fmt: skip
_TEXTS = st.lists(_LINES, max_size=12).map("\n".join)
_CONTEXT = Context(entries=(Entry(path="a", kind="f", digest="1"), Entry(path="b", kind="d")))


@settings(max_examples=300)
@given(_TEXTS, st.dictionaries(st.sampled_from("VWX"), st.text(max_size=3)), st.text(max_size=3))
def test_a_build_like_the_one_before_is_the_same(
    text: str, arguments: dict[str, str], target: str
) -> None:
    found = Fingerprint(
        dockerfile=text, arguments=arguments, target=target, context=_CONTEXT, platforms=("l/a",)
    )
    try:
        made = model(found)
    except InputError:
        return

    assert {one.verdict for one in compare(made, made)} <= {Verdict.SAME}
    assert [step.id for step in made.steps] == [*range(len(made.steps))]
    assert all(n < step.id for step in made.steps for n in (*step.parents, *step.contents))
    assert isinstance(wanted_paths(parse(text)), tuple)
    assert Oracle(found, BuildRecord(id="b", started=0.0)).file("a").steps <= len(made.steps)


@given(st.lists(st.text(max_size=8) | st.sampled_from(["--", "-t", "--build-arg", "-qf", "="])))
def test_any_command_line_is_read_somehow(words: list[str]) -> None:
    assert isinstance(read_command(words).context, str)
    assert isinstance(read_buildctl(words).context, str)


@given(st.text())
def test_any_text_is_some_context(text: str) -> None:
    assert isinstance(context_from_text(text), Context)
