"""What is run in place of a build's command."""

import pytest

from lamina.trace.command import TRACE_FILE, Builder, Display, Recording, decide, understand

BUILDX_HELP = "Start a build\n\nUsage:  docker buildx build [OPTIONS] PATH | URL | -"
CLASSIC_HELP = "Usage:  docker build [OPTIONS] PATH | URL | -\n\nBuild an image"
LEGACY_HELP = f"{CLASSIC_HELP}\n\nAliases:\n  docker image build, docker buildx build\n"
INTEGRATED_HELP = f"{CLASSIC_HELP}\n      --progress string  Set type of progress output"
NEW = "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3"
OLD = "github.com/docker/buildx v0.12.1 30feaa1a915b869ebc2eea6328624b49facd4bfb"


def recording(line: str, *answers: str, is_terminal: bool = False, progress: str = "") -> Recording:
    environment = {"BUILDKIT_PROGRESS": progress} if progress else {}
    return decide(understand(line.split(), environment), answers, is_terminal=is_terminal)


@pytest.mark.parametrize(
    ("line", "run"),
    [
        ("docker build -t x .", "docker build --progress=rawjson -t x ."),
        ("docker buildx build .", "docker buildx build --progress=rawjson ."),
        ("docker buildx bake web", "docker buildx bake --progress=rawjson web"),
        ("docker image build .", "docker image build --progress=rawjson ."),
        ("docker -H ssh://a -D build .", "docker -H ssh://a -D build --progress=rawjson ."),
        ("/usr/bin/docker --context=b build .",
         "/usr/bin/docker --context=b build --progress=rawjson ."),
        ("docker build --progress=tty .", "docker build --progress=rawjson ."),
        ("docker build . --progress auto", "docker build --progress=rawjson ."),
        ("docker-buildx build .", "docker-buildx build --progress=rawjson ."),
    ],
)  # fmt: skip
def test_a_builder_that_has_rawjson_is_asked_for_it(line: str, run: str) -> None:
    """The lines of plain progress are made here; standard output is not touched."""
    found = recording(line, *([BUILDX_HELP] if "buildx" not in line else []), NEW)

    assert found == Recording(command=tuple(run.split()), reads_stderr=True, display=Display.PLAIN)


@pytest.mark.parametrize(
    "line",
    [
        "docker build --progress=plain .",
        "docker build --progress rawjson .",
        "docker build -q .",
        "docker build --quiet .",
        "docker build -qt x .",
        "docker build --progress=quiet .",
    ],
)
def test_what_the_user_chose_stays(line: str) -> None:
    found = recording(line, BUILDX_HELP, NEW, is_terminal=True)

    assert found == Recording(command=tuple(line.split()), reads_stderr=True)


def test_a_tag_that_looks_like_a_cluster_of_letters_is_none() -> None:
    assert not understand(["docker", "build", "-tq", "."], {}).is_quiet
    assert not understand(["docker", "build", "-f", "-q.Dockerfile", "."], {}).tags


def test_the_variable_counts_as_the_users_choice() -> None:
    found = recording("docker build .", BUILDX_HELP, NEW, progress="plain")

    assert found == Recording(command=("docker", "build", "."), reads_stderr=True)


@pytest.mark.parametrize("answers", [(BUILDX_HELP, OLD), (BUILDX_HELP, ""), (INTEGRATED_HELP, "")])
def test_without_rawjson_the_plain_lines_are_read_on_their_way(answers: tuple[str, ...]) -> None:
    """An old builder rejects the option: nothing is added for it."""
    found = recording("docker build .", *answers)

    assert found == Recording(command=("docker", "build", "."), reads_stderr=True)


@pytest.mark.parametrize("answers", [(BUILDX_HELP, NEW), (INTEGRATED_HELP, "")])
def test_on_a_terminal_the_rows_are_drawn_here(answers: tuple[str, ...]) -> None:
    """The builder's own display needs a terminal, and its stream is a pipe."""
    found = recording("docker build --progress=tty .", *answers, is_terminal=True)

    assert found.display is Display.LIVE
    assert "--progress=tty" not in found.command


@pytest.mark.parametrize("answers", [(CLASSIC_HELP, ""), (LEGACY_HELP, NEW)])
def test_the_legacy_builder_reports_on_standard_output(answers: tuple[str, str]) -> None:
    """Of a current client too, where DOCKER_BUILDKIT is 0."""
    found = recording("docker build .", *answers, is_terminal=True)

    assert found == Recording(
        command=("docker", "build", "."), reads_stdout=True, reads_stderr=True
    )


@pytest.mark.parametrize(
    "line", ["docker compose build", "docker-compose build", "make image", "podman build .",
             "docker run x build", "docker buildx ls", "docker", "buildctl du"],
)  # fmt: skip
def test_any_other_command_is_run_as_it_is(line: str) -> None:
    asked = understand(line.split(), {})

    assert (asked.builder, asked.asks) == (Builder.ANY, ())
    assert decide(asked, (), is_terminal=True) == Recording(
        command=tuple(line.split()), reads_stdout=True, reads_stderr=True
    )


def test_buildctl_writes_its_own_trace() -> None:
    """Nothing that it prints is touched, nor how."""
    found = recording("buildctl --addr x build --local context=.", is_terminal=True)

    assert found.command == (
        "buildctl", "--addr", "x", "build", "--trace", TRACE_FILE, "--local", "context=.",
    )  # fmt: skip
    assert found.command[found.trace] == TRACE_FILE
    assert (found.reads_stdout, found.reads_stderr) == (False, False)


def test_who_builds_is_asked_of_the_same_engine() -> None:
    asked = understand(["docker", "-H", "tcp://b", "--config", "c", "build", "."], {})

    client = ("docker", "-H", "tcp://b", "--config", "c")
    assert asked.asks == ((*client, "build", "--help"), (*client, "buildx", "version"))


def test_the_names_of_the_image_are_read_from_the_command() -> None:
    asked = understand(["docker", "build", "-t", "a:1", "--tag", "b:2", "--tag=c:3", "."], {})

    assert asked.tags == ("a:1", "b:2", "c:3")


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("docker build -tshop/web:1 .", ("shop/web:1",)),
        ("docker build -t=shop/web:1 .", ("shop/web:1",)),
        ("docker build -qtshop/web:1 -t b .", ("shop/web:1", "b")),
        ("docker build -qt shop/web:1 .", ("shop/web:1",)),
        ("docker build --tag b -ta .", ("b", "a")),
        ("docker build -ftests/Dockerfile --target=t -otype=tar .", ()),
        ("docker build --tags .", ()),
    ],
)
def test_a_name_may_be_written_onto_its_option(line: str, tags: tuple[str, ...]) -> None:
    """As the builders read short options, and with others before them in one word."""
    assert understand(line.split(), {}).tags == tags
