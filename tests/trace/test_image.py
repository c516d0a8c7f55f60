"""What an engine says of a traced build's image, as 20.10 and 26.1 said it of real builds."""

import json
from collections.abc import Sequence

import pytest

from lamina.history.document import record_from_text, record_to_text
from lamina.history.fold import Header
from lamina.history.metrics import layer_reuse, size_by_component
from lamina.history.record import BuildRecord, LayerRecord
from lamina.oci.digest import Digest
from lamina.plan.component import Component
from lamina.trace.fold import fold_solve
from lamina.trace.image import questions, with_image
from lamina.trace.solve import Solve
from tests.trace.logs_of import solve_of, solves

ID = str(Digest.of(b"image"))
STAGES = f"""\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#4 [builder 1/4] FROM docker.io/library/base:1
#4 CACHED
#6 [builder 2/4] WORKDIR /w
#6 CACHED
#7 [builder 3/4] COPY requirements.txt .
#7 DONE 0.1s
#8 [mid 2/2] RUN echo a > /tmp/a
#8 CACHED
#9 [builder 4/4] RUN python -m venv /opt/venv && pip install -r requirements.txt
#9 DONE 0.1s
#10 [stage-2  1/9] COPY --from=builder --link /opt/venv /opt/venv
#10 DONE 0.0s
#11 [stage-2  2/9] RUN --mount=type=cache,target=/var/cache/apt apt-get install -y libgomp1
#11 DONE 0.1s
#12 [stage-2  3/9] RUN echo "x secret word"
#12 DONE 0.1s
#13 [stage-2  4/9] RUN <<EOF (echo heredoc > /tmp/h...)
#13 DONE 0.1s
#14 [stage-2  5/9] WORKDIR /srv
#14 DONE 0.1s
#15 [stage-2  6/9] ADD ["src", "/src"]
#15 DONE 0.0s
#16 exporting to image
#16 exporting layers 0.0s done
#16 writing image {ID} done
#16 naming to docker.io/library/t:1 done
#16 DONE 0.1s"""
HISTORY = [
    ("/bin/sh -c #(nop) ADD file:bc11dc61 in / ", 2_000_000),
    ('/bin/sh -c #(nop)  CMD ["sh"]', 0),
    ("/bin/sh -c set -eux; apt-get install -y python3", 300_000),
    ("ENV A=1", 0),
    ("RUN /bin/sh -c echo a > /tmp/a # buildkit", 2),
    ("ARG V=secret word", 0),
    ("WORKDIR /", 0),
    ("COPY /opt/venv /opt/venv # buildkit", 9_000),
    ("SHELL [/bin/bash -o pipefail -c]", 0),
    ("RUN |1 V=secret word /bin/bash -o pipefail -c apt-get install -y libgomp1 # buildkit", 400),
    ('RUN |1 V=secret word /bin/bash -o pipefail -c echo "x $V" # buildkit', 0),
    ("RUN |1 V=secret word /bin/sh -c echo heredoc > /tmp/h\ncat /tmp/h\n # buildkit", 8),
    ("WORKDIR /srv", 0),
    ("ADD src /src # buildkit", 900),
    ('CMD ["sh"]', 0),
]
LAYERS = 9


def solve(log: str) -> Solve:
    (found,) = solves(log.split("\n"))
    return found


def answers(
    history: Sequence[tuple[str, int]], layers: int, *, id_: str = ID, salt: str = ""
) -> tuple[str, str]:
    """Print what `docker image inspect` and `docker history` do; histories begin with the last."""
    diff_ids = [str(Digest.of(f"{n}{salt * (n == layers - 1)}".encode())) for n in range(layers)]
    image = {
        "Id": id_,
        "Os": "linux",
        "Architecture": "arm64",
        "Variant": "v8",
        "RootFS": {"Type": "layers", "Layers": diff_ids},
    }
    lines = [json.dumps({"CreatedBy": text, "Size": str(size)}) for text, size in history]
    return json.dumps([image], indent=4), "\n".join(reversed(lines)) + "\n"


def imaged(log: str, said: Sequence[str]) -> BuildRecord:
    found = solve(log)
    return with_image(fold_solve(Header(id="1", kind="trace"), found, started=0.0), found, said)


def shown(layers: Sequence[LayerRecord]) -> list[tuple[str, int, str, str]]:
    return [(x.component, x.size, "cached" if x.cached else "made", x.part) for x in layers]


def test_every_layer_has_its_bytes_its_step_and_what_it_is_for() -> None:
    """The text of one RUN is another in the log, of one there is only the beginning."""
    record = imaged(STAGES, answers(HISTORY, LAYERS))

    assert shown(record.layers) == [
        ("base", 2_000_000, "cached", "base"),
        ("base", 300_000, "cached", "base (2)"),
        ("application", 2, "cached", "RUN echo a > /tmp/a"),
        ("dependencies", 9_000, "made", "COPY --from=builder --link /opt/venv /opt/venv"),
        ("system", 400, "made",
         "RUN --mount=type=cache,target=/var/cache/apt apt-get install -y libgomp1"),
        ("application", 0, "made", 'RUN echo "x secret word"'),
        ("application", 8, "made", "RUN <<EOF (echo heredoc > /tmp/h...)"),
        ("application", 0, "made", "WORKDIR /srv"),
        ("application", 900, "made", 'ADD ["src", "/src"]'),
    ]  # fmt: skip
    steps = {step.id: step.text for step in record.steps}
    assert [steps[layer.step] for layer in record.layers] == [
        *["FROM docker.io/library/base:1"] * 2, *(layer.part for layer in record.layers[2:]),
    ]  # fmt: skip


def test_the_image_is_as_large_as_its_layers_and_has_a_platform() -> None:
    record = imaged(STAGES, answers(HISTORY, LAYERS))

    (image,) = record.images
    assert (image.digest, image.platform, image.size) == (ID, "linux/arm64/v8", 2_310_310)
    assert record.image_size == sum(size_by_component(record).values())
    assert record.platforms == ("linux/arm64/v8",)
    assert record_from_text(record_to_text(record)) == record


def test_two_traced_builds_are_compared_by_bytes() -> None:
    before = imaged(STAGES, answers(HISTORY, LAYERS))

    reuse = layer_reuse(imaged(STAGES, answers(HISTORY, LAYERS, salt="edited")), before)

    assert (reuse.total, reuse.delta) == (2_310_310, 900)
    assert reuse.rate_above_base == (10_310 - 900) / 10_310


def test_values_of_build_arguments_are_not_recorded() -> None:
    """They stand in the history of the base, and in steps that no log names."""
    history = [("|1 TOKEN=hunter2 a /bin/sh -c make", 5), ("|1 TOKEN=hunter2 python -c 1", 5)]
    log = f"#1 [1/2] FROM base\n#1 DONE 0.1s\n#2 [2/2] COPY a /a\n#2 DONE 0.1s\n{_exported()}"

    record = imaged(log, answers([*history, ("COPY a /a # buildkit", 1)], 3))

    assert "hunter2" not in record_to_text(record)
    assert [layer.name for layer in record.layers] == ["RUN make", "RUN", "COPY a /a"]


def test_steps_that_two_stages_share_are_found_under_the_other_ones_name() -> None:
    """BuildKit runs equal beginnings once, and names them after either of the stages."""
    log = f"""\
#1 [builder 1/3] FROM docker.io/library/base:1
#1 DONE 0.0s
#2 [builder 2/3] WORKDIR /w
#2 CACHED
#3 [builder 3/3] RUN make
#3 DONE 0.1s
#4 [stage-1 3/3] COPY --from=builder /w/out /w/out
#4 DONE 0.1s
{_exported()}"""
    history = [("base", 7), ("WORKDIR /w", 3), ("COPY /w/out /w/out # buildkit", 5)]

    record = imaged(log, answers(history, 3))

    assert [(x.part, x.component) for x in record.layers] == [
        ("base", Component.BASE),
        ("WORKDIR /w", Component.APPLICATION),
        ("COPY --from=builder /w/out /w/out", Component.APPLICATION),
    ]


def test_a_base_that_was_made_with_equal_words_is_the_base() -> None:
    log = f"#1 [1/2] FROM t:1\n#1 DONE 0.1s\n#2 [2/2] RUN make\n#2 DONE 0.1s\n{_exported()}"
    make = ("RUN /bin/sh -c make # buildkit", 4)

    record = imaged(log, answers([make, make, make], 3))

    assert [layer.component for layer in record.layers] == ["base", "base", "application"]


def test_a_base_that_this_build_pulled_was_not_cached() -> None:
    pulled = f"#1 sha256:{'a' * 64} 1.08MB / 1.08MB 0.1s done"
    log = f"#1 [1/2] FROM x\n{pulled}\n#1 DONE 0.1s\n#2 [2/2] RUN make\n#2 CACHED\n{_exported()}"

    record = imaged(log, answers([("base", 4), ("RUN /bin/sh -c make # buildkit", 4)], 2))

    assert [layer.cached for layer in record.layers] == [False, True]


LEGACY = """\
Sending build context to Docker daemon  4.6kB
Step 1/9 : ARG BASE=base:1
Step 2/9 : FROM ${BASE} AS mid
 ---> d98724edc512
Step 3/9 : RUN echo a > /tmp/a
 ---> Using cache
 ---> 7ec55c66428a
Step 4/9 : FROM mid
 ---> 7ec55c66428a
Step 5/9 : ARG V="a b"
 ---> Using cache
 ---> b9d096935190
Step 6/9 : RUN true
 ---> Running in e6b67a42a75f
 ---> a95868b35601
Step 7/9 : COPY --chown=1:1 src /src
 ---> 36f523654618
Step 8/9 : WORKDIR /srv
 ---> Running in fcd5bd7b48d2
 ---> 36883e884eb0
Step 9/9 : CMD ["sh"]
 ---> Running in 6960b26f2e16
 ---> cd29485efbdd
Successfully built cd29485efbdd
Successfully tagged t:old"""
LEGACY_HISTORY = [
    ("", 2_000),
    ("/bin/sh -c echo a > /tmp/a", 2),
    ("/bin/sh -c #(nop)  ARG V=a b", 0),
    ("|1 V=a b /bin/sh -c true", 0),
    ("/bin/sh -c #(nop) COPY --chown=1:1 dir:14c0712be59e in /src ", 900),
    ("/bin/sh -c #(nop) WORKDIR /srv", 0),
    ('/bin/sh -c #(nop)  CMD ["sh"]', 0),
]


def test_the_builder_before_buildkit_leaves_out_layers_in_which_nothing_is() -> None:
    """`RUN true` has no layer there, WORKDIR has one that has no bytes."""
    said = answers(LEGACY_HISTORY, 4, id_=f"sha256:cd29485efbdd{'0' * 52}")

    record = imaged(LEGACY, said)

    assert shown(record.layers) == [
        ("base", 2_000, "cached", "base"),
        ("application", 2, "cached", "RUN echo a > /tmp/a"),
        ("application", 900, "made", "COPY --chown=1:1 src /src"),
        ("application", 0, "made", "WORKDIR /srv"),
    ]
    assert record.digest == f"sha256:cd29485efbdd{'0' * 52}"


def _exported(exporter: str = "image", line: str = f"writing image {ID}") -> str:
    return f"#9 exporting to {exporter}\n#9 {line} done\n#9 DONE 0.1s"


def test_the_engine_is_asked_for_what_the_build_printed() -> None:
    """By its id: a name may stand for another image by now."""
    inspect, history = questions(("docker", "--context", "far"), solve_of("docker-20-cold.plain"))

    id_ = "sha256:8655a94769021e08ab74afb9d14d65645990cbc8f71117f8a1c35709592d55fc"
    assert inspect == ("docker", "--context", "far", "image", "inspect", id_)
    assert history[:4] == ("docker", "--context", "far", "history")
    assert history[-1] == id_


def test_in_containerds_store_an_image_is_called_by_its_manifest() -> None:
    config, manifest = (f"sha256:{letter * 64}" for letter in "ab")
    lines = f"exporting config {config} done\n#9 exporting manifest list {manifest}"

    (inspect, _), (loaded, _) = (
        questions(("docker",), solve(f"#1 [1/1] FROM x\n#1 DONE 0.1s\n{_exported(kind, lines)}"))
        for kind in ("image", "docker image format")
    )

    assert (inspect[-1], loaded[-1]) == (manifest, config)


@pytest.mark.parametrize(
    ("client", "log"),
    [
        ((), "docker-20-cold.plain"),
        (("docker",), "docker-26-platforms-pushed.rawjson"),
        (("docker",), "docker-26-bake.plain"),
        (("docker",), "buildkit-cold.plain"),
        (("docker",), "docker-26-failing.rawjson"),
    ],
    ids=["not docker's client", "platforms", "targets", "to a file", "failed"],
)
def test_nothing_is_asked_where_no_engine_has_the_one_image(
    client: tuple[str, ...], log: str
) -> None:
    assert questions(client, solve_of(log)) == ()


def test_what_a_log_calls_an_image_is_no_option() -> None:
    """A RUN of the builder before BuildKit can print anything."""
    log = LEGACY.replace("Successfully built cd29485efbdd", "Successfully built --help")

    assert questions(("docker",), solve(log)) == ()


GOOD = answers(HISTORY, LAYERS)


@pytest.mark.parametrize(
    "said",
    [
        (),
        ("", ""),
        (GOOD[0], ""),
        ("", GOOD[1]),
        ("[]", GOOD[1]),
        ("[{}]", GOOD[1]),
        ("[1]", GOOD[1]),
        (GOOD[0].replace('"linux"', "7"), GOOD[1]),
        (GOOD[0], "null"),
        (GOOD[0], GOOD[1].replace('"900"', '"900B"')),
        (GOOD[0], GOOD[1].replace('"RUN ', '7, "x": "RUN ')),
        (GOOD[0], GOOD[1].replace('"900"', "[]")),
        answers(HISTORY, LAYERS, id_=str(Digest.of(b"another image"))),
        answers(HISTORY, 6),
        answers(HISTORY, 20),
    ],
)
def test_an_answer_that_does_not_fit_changes_nothing(said: Sequence[str]) -> None:
    """Rather no layers than layers with the bytes of others."""
    without = imaged(STAGES, ())

    assert imaged(STAGES, said) == without
    assert (without.images[0].size, without.layers) == (0, ())


def test_layers_that_no_stage_explains_keep_their_bytes() -> None:
    log = f"#1 [1/2] FROM x\n#1 DONE 0.1s\n#2 [2/2] RUN make\n#2 DONE 0.1s\n{_exported()}"

    record = imaged(log, answers([("base", 7), ("COPY /a /b # buildkit", 3)], 2))

    assert [(x.component, x.size, x.step) for x in record.layers] == [
        (Component.OTHER, 7, ""), (Component.OTHER, 3, ""),
    ]  # fmt: skip
