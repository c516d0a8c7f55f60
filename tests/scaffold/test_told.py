"""A Dockerfile that somebody wrote is read before another is offered."""

from lamina.project.detect.detect import Detected, detect
from lamina.project.detect.snapshot import Snapshot
from lamina.scaffold.told import read_told

_FILE = """\
FROM python:3.11-slim AS base
ENV MODEL=small PYTHONUNBUFFERED=1 API_TOKEN=x WHERE=$HOME
FROM base AS test
CMD ["pytest"]
FROM base
WORKDIR /srv
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends gcc ffmpeg=7:5.1 libpq-dev
RUN pip install -r requirements.txt && ./configure.sh
USER app
CMD ["python", "main.py", "--serve"]
"""


def detected(dockerfile: str, files: dict[str, str] | None = None) -> Detected:
    texts = {"main.py": "", "Dockerfile": dockerfile, **(files or {})}
    found = Snapshot(name="shop", paths=frozenset(texts), texts=texts)
    return detect(found, read_told(found))


def advice(found: Detected) -> str:
    return "\n".join(found.advice)


def test_what_it_starts_sets_and_installs_is_taken_over_with_the_line() -> None:
    found = detected(_FILE)

    entrypoint = found.service.entrypoint
    assert entrypoint.value == ("python", "main.py", "--serve")
    assert entrypoint.why == "Dockerfile, line 11 starts it so"
    assert dict(found.service.environment) == {"MODEL": "small"}
    packages = [(guess.value, guess.why) for guess in found.system_packages]
    assert packages == [("ffmpeg", "Dockerfile, line 8 installs it")]


def test_what_has_no_counterpart_is_advice() -> None:
    assert (
        "not taken over from Dockerfile: ENV API_TOKEN WHERE (line 2); "
        "WORKDIR /srv, which is /app here (line 6); RUN ./configure.sh (line 9); "
        "USER app, which is nonroot here (line 10)"
    ) in advice(detected(_FILE))


def test_paths_below_the_working_directory_are_relative() -> None:
    text = 'FROM x\nWORKDIR /app\nENTRYPOINT ["python"]\nCMD ["/app/main.py"]\n'

    assert detected(text).service.entrypoint.value == ("python", "main.py")
    assert "not taken over" not in advice(detected(text))


def test_a_program_that_the_image_will_not_have_is_not_started() -> None:
    listed = {"requirements.txt": "gunicorn"}
    text = 'FROM x\nCMD ["gunicorn", "main:app"]\n'

    assert detected(text, listed).service.entrypoint.value == ("gunicorn", "main:app")
    assert detected(text).service.entrypoint.value == ("python", "main.py")
    assert "not taken over from Dockerfile: gunicorn main:app (line 2)" in advice(detected(text))
    elsewhere = detected('FROM x\nCMD ["python", "/opt/tool.py"]\n')
    assert "python /opt/tool.py (line 2)" in advice(elsewhere)


def test_a_line_for_a_shell_is_taken_over_only_where_it_is_plain_words() -> None:
    plain = detected("FROM x\nCMD python main.py --name 'a b'\n")
    shell = detected(
        "FROM x\nCMD python main.py --port $PORT\nVOLUME /data\nHEALTHCHECK CMD true\n"
    )

    assert plain.service.entrypoint.value == ("python", "main.py", "--name", "a b")
    assert "CMD (line 2); VOLUME /data (line 3); HEALTHCHECK (line 4)" in advice(shell)


def test_a_file_that_is_started_by_its_path_is_included_beside_a_wheel() -> None:
    built = {"pyproject.toml": '[build-system]\n[project]\nname = "shop"\n', "shop/a.py": ""}

    assert detected(_FILE, built).service.include == ("main.py",)


def test_what_is_no_dockerfile_or_none_at_all_says_nothing() -> None:
    broken = detected("FORM x\n")

    assert "nothing in it can be read" in advice(broken)
    assert broken.service.entrypoint.value == ("python", "main.py")
    assert "not taken over" not in advice(detected(""))
