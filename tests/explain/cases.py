"""One change each: what is changed between two builds, and which steps a real engine runs again.

``reruns`` was measured on Docker 26.1 with its own BuildKit and the classic store; the interop
tests measure it again, and the unit tests hold the model to it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DOCKERFILE = """\
FROM tiny:1 AS deps
WORKDIR /w
COPY requirements.txt ./
ARG PIP
RUN cat requirements.txt > /deps
FROM tiny:1
WORKDIR /app
COPY --from=deps /deps /deps
ENV MODE=a
COPY src src
RUN cat src/a.py > /out
COPY *.cfg cfg/
RUN cat cfg/x.cfg > /out2
"""

EVERYTHING = """\
FROM tiny:1
WORKDIR /all
COPY . .
RUN cat requirements.txt > /deps
"""

MOUNTS = """\
FROM tiny:1
WORKDIR /mounts
RUN --mount=type=cache,target=/c echo c > /out1
RUN --mount=type=bind,source=requirements.txt,target=/r cat /r > /out2
RUN --mount=type=bind,source=src,target=/ctx cat /ctx/a.py > /out3
RUN --mount=type=secret,id=one true
RUN cat /out3 > /out4
"""

FILES = {
    "requirements.txt": "numpy\n",
    "README.md": "# read\n",
    "x.cfg": "x\n",
    "src/a.py": "a = 1\n",
    "src/pkg/b.py": "b = 1\n",
}


@dataclass
class Folder:
    """A context on disk, and the options of its build."""

    path: Path
    options: list[str] = field(default_factory=list)

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(mode)

    def replace(self, old: str, new: str, name: str = "Dockerfile") -> None:
        """Change a text that is there."""
        path = self.path / name
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new))


Change = Callable[[Folder], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change, the beginnings of the steps that run again, and what has to be blamed.

    ``maybe`` are steps of which only their inputs' bytes tell whether they run.  ``merged`` is what
    runs on a builder that can merge layers, where that is something else.
    """

    name: str
    change: Change
    reruns: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    merged: tuple[str, ...] | None = None
    blames: str = ""
    before: Change = field(default=lambda _: None)
    dockerfile: str = DOCKERFILE


def edit(name: str, text: str = "other\n") -> Change:
    return lambda folder: folder.write(name, text)


def mode(name: str, bits: int) -> Change:
    return lambda folder: (folder.path / name).chmod(bits)


def line(old: str, new: str) -> Change:
    return lambda folder: folder.replace(old, new)


def option(*words: str) -> Change:
    return lambda folder: folder.options.extend(words)


def both(*changes: Change) -> Change:
    return lambda folder: [change(folder) for change in changes]


def options(*words: str) -> Change:
    """Replace all options."""

    def change(folder: Folder) -> None:
        folder.options[:] = words

    return change


def _secret(name: str) -> Change:
    """Give the build a secret, which is in a file."""
    return lambda folder: folder.options.extend(["--secret", f"id=one,src={folder.path / name}"])


def _again(name: str) -> Change:
    """Write the same bytes again, as git checkout does: other inode, other time."""

    def change(folder: Folder) -> None:
        path = folder.path / name
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    return change


def _move(old: str, new: str) -> Change:
    return lambda folder: (folder.path / old).rename(folder.path / new)


def _make_folder(name: str) -> Change:
    return lambda folder: (folder.path / name).mkdir()


def _link(name: str, target: str) -> Change:
    def change(folder: Folder) -> None:
        (folder.path / name).unlink(missing_ok=True)
        (folder.path / name).symlink_to(target)

    return change


def _remove(name: str) -> Change:
    return lambda folder: (folder.path / name).unlink()


def _xattr(name: str) -> Change:
    return lambda folder: os.setxattr(folder.path / name, "user.note", b"1")


def _own(name: str) -> Change:
    return lambda folder: os.chown(folder.path / name, 1234, 1234)


_SRC = ("COPY src", "RUN cat src", "COPY *.cfg", "RUN cat cfg")
_APP = ("COPY --from", *_SRC)
_DEPS = ("COPY requirements.txt", "RUN cat requirements")
_COPIES = ("COPY --from", "COPY src")
_CFG = ("COPY *.cfg", "RUN cat cfg")
_RUNS = ("RUN cat src", *_CFG)
_AFTER_SECRET = ("RUN --mount=type=secret", "RUN cat /out3")
_SRC_MOUNT = "RUN --mount=type=bind,source=src"
_CACHE_AND_BELOW = ("RUN --mount=type=cache", "RUN --mount=type=bind")

CASES = [
    # files
    Case(name="nothing", change=lambda _: None),
    Case(name="a file's time", change=_again("src/a.py")),
    Case(name="a file's owner", change=_own("src/a.py")),
    Case(name="a file that no step copies", change=edit("README.md")),
    Case(name="a new file that no step copies", change=edit("notes/n.txt")),
    Case(name="a file in a copied folder", change=edit("src/a.py"), reruns=_SRC, blames="src/a.py"),
    Case(
        name="a file deep in a copied folder",
        change=edit("src/pkg/b.py"),
        reruns=_SRC,
        blames="src/pkg/b.py",
    ),
    Case(name="a file's mode", change=mode("src/a.py", 0o600), reruns=_SRC, blames="src/a.py"),
    Case(
        name="a file made executable",
        change=mode("src/a.py", 0o755),
        reruns=_SRC,
        blames="src/a.py",
    ),
    Case(name="line ends", change=edit("src/a.py", "a = 1\r\n"), reruns=_SRC, blames="src/a.py"),
    Case(name="a new file", change=edit("src/new.py"), reruns=_SRC, blames="src/new.py"),
    Case(
        name="a new empty folder", change=_make_folder("src/empty"), reruns=_SRC, blames="src/empty"
    ),
    Case(
        name="a new __pycache__",
        change=edit("src/__pycache__/a.pyc"),
        reruns=_SRC,
        blames="src/__pycache__",
    ),
    Case(name="a removed file", change=_remove("src/pkg/b.py"), reruns=_SRC, blames="src/pkg/b.py"),
    Case(
        name="a renamed file",
        change=_move("src/pkg/b.py", "src/pkg/c.py"),
        reruns=_SRC,
        blames="src/pkg/c.py",
    ),
    Case(name="a new link", change=_link("src/link", "a.py"), reruns=_SRC, blames="src/link"),
    Case(
        name="where a link points",
        before=_link("src/link", "a.py"),
        change=_link("src/link", "pkg/b.py"),
        reruns=_SRC,
        blames="src/link",
    ),
    Case(
        name="a file that becomes a link",
        change=_link("src/pkg/b.py", "../a.py"),
        reruns=_SRC,
        blames="src/pkg/b.py",
    ),
    Case(name="an extended attribute", change=_xattr("src/a.py"), maybe=_SRC),
    Case(name="a folder's mode", change=mode("src/pkg", 0o700), maybe=_SRC),
    Case(
        name="another file that a pattern matches",
        change=edit("y.cfg"),
        reruns=_CFG,
        blames="y.cfg",
    ),
    Case(name="a file that a pattern matches", change=edit("x.cfg"), reruns=_CFG, blames="x.cfg"),
    Case(
        name="a lock, which another stage installs",
        change=edit("requirements.txt", "scipy\n"),
        reruns=(*_DEPS, *_APP),
        maybe=_APP,
        blames="requirements.txt",
    ),
    Case(
        name="a lock, but what is installed stays equal",
        before=line(
            "cat requirements.txt > /deps", "cat requirements.txt > /dev/null; echo 1 > /deps"
        ),
        change=edit("requirements.txt", "scipy\n"),
        reruns=_DEPS,
        maybe=_APP,
        blames="requirements.txt",
    ),
    # the whole context
    Case(
        name="a file that only COPY . . wants",
        dockerfile=EVERYTHING,
        change=edit("README.md"),
        reruns=("COPY . .", "RUN cat"),
        blames="README.md",
    ),
    Case(
        name="a comment in the Dockerfile, with COPY . .",
        dockerfile=EVERYTHING,
        change=line("COPY . .", "# all\nCOPY . ."),
        reruns=("COPY . .", "RUN cat"),
        blames="Dockerfile",
    ),
    Case(
        name="a comment in .dockerignore, with COPY . .",
        dockerfile=EVERYTHING,
        before=edit(".dockerignore", "*.log\n"),
        change=edit(".dockerignore", "# logs\n*.log\n"),
        reruns=("COPY . .", "RUN cat"),
        blames=".dockerignore",
    ),
    Case(
        name="an ignored file",
        dockerfile=EVERYTHING,
        before=edit(".dockerignore", "*.log\n"),
        change=edit("a.log"),
    ),
    Case(
        name="an ignored file that an exception lets in",
        dockerfile=EVERYTHING,
        before=both(edit(".dockerignore", "*.log\n!b.log\n"), edit("a.log", "a")),
        change=edit("b.log"),
        reruns=("COPY . .", "RUN cat"),
        blames="b.log",
    ),
    Case(
        name="a file in an ignored folder",
        dockerfile=EVERYTHING,
        before=both(edit(".dockerignore", "src/pkg\n"), edit("src/pkg/c.py", "c")),
        change=edit("src/pkg/c.py"),
    ),
    Case(
        name="a file less ignored",
        dockerfile=EVERYTHING,
        before=both(edit("Dockerfile.dockerignore", "*.log\nDockerfile*\n"), edit("a.log", "a")),
        change=edit("Dockerfile.dockerignore", "Dockerfile*\n"),
        reruns=("COPY . .", "RUN cat"),
        blames="a.log",
    ),
    Case(
        name="what only the general .dockerignore lets in",
        dockerfile=EVERYTHING,
        before=both(edit("Dockerfile.dockerignore", "*.log\n"), edit(".dockerignore", "")),
        change=edit("a.log"),
    ),
    # variables
    Case(name="the value of ENV", change=line("MODE=a", "MODE=b"), reruns=_RUNS, blames="MODE"),
    Case(
        name="a new ENV",
        change=line("COPY src src", "ENV NEW=1\nCOPY src src"),
        reruns=_RUNS,
        blames="NEW",
    ),
    Case(name="an ENV less", change=line("ENV MODE=a\n", ""), reruns=_RUNS, blames="MODE"),
    Case(
        name="a build argument",
        before=option("--build-arg", "PIP=1"),
        change=options("--build-arg", "PIP=2"),
        reruns=("RUN cat requirements",),
        maybe=_APP,
        blames="PIP",
    ),
    Case(
        name="a build argument that no command uses",
        before=line("ENV MODE=a", "ARG GIT_SHA=none"),
        change=option("--build-arg", "GIT_SHA=c0ffee"),
        reruns=_RUNS,
        blames="GIT_SHA",
    ),
    Case(
        name="an argument's default",
        before=line("ENV MODE=a", "ARG LEVEL=1"),
        change=line("LEVEL=1", "LEVEL=2"),
        reruns=_RUNS,
        blames="LEVEL",
    ),
    Case(name="an ARG without a value", change=line("ENV MODE=a\n", "ENV MODE=a\nARG NOTHING\n")),
    Case(name="an ARG after the last RUN", change=line("> /out2\n", "> /out2\nARG LATE=1\n")),
    Case(name="an argument that no ARG declares", change=option("--build-arg", "NOBODY=1")),
    Case(name="a proxy", change=option("--build-arg", "HTTP_PROXY=http://127.0.0.1:9")),
    Case(
        name="a global argument that a stage takes over",
        before=both(
            line("FROM tiny:1 AS deps", "ARG V=1\nFROM tiny:1 AS deps"), line("ARG PIP", "ARG V")
        ),
        change=option("--build-arg", "V=2"),
        reruns=("RUN cat requirements",),
        maybe=_APP,
        blames="V",
    ),
    Case(
        name="a global argument that no stage takes over",
        before=line("FROM tiny:1 AS deps", "ARG V=1\nFROM tiny:1 AS deps"),
        change=option("--build-arg", "V=2"),
    ),
    Case(
        name="an argument in a path",
        before=both(
            line("ENV MODE=a", "ARG DIR=src"),
            line("COPY src src", "COPY $DIR src"),
            edit("lib/a.py"),
        ),
        change=option("--build-arg", "DIR=lib"),
        reruns=("COPY lib", "RUN cat src", *_CFG),
        blames="DIR",
    ),
    # instructions
    Case(name="a LABEL", change=line("COPY src src", "LABEL a=b\nCOPY src src")),
    Case(
        name="EXPOSE, CMD and HEALTHCHECK",
        change=line("COPY src src", "EXPOSE 80\nCMD true\nHEALTHCHECK CMD true\nCOPY src src"),
    ),
    Case(name="a comment", change=line("COPY src src", "# source\nCOPY src src")),
    Case(name="an instruction in small letters", change=line("RUN cat src", "run cat src")),
    Case(
        name="a stage's name",
        change=both(line("AS deps", "AS wheels"), line("from=deps", "from=wheels")),
    ),
    Case(
        name="a comment within a RUN",
        before=line("RUN cat src", "RUN true && \\\ncat src"),
        change=line("&& \\\n", "&& \\\n# look\n"),
    ),
    Case(
        name="spaces in a RUN",
        change=line("RUN cat src", "RUN cat  src"),
        reruns=("RUN cat src", *_CFG),
        blames="RUN",
    ),
    Case(
        name="a continued line",
        change=line("RUN cat src", "RUN cat \\\n  src"),
        reruns=("RUN cat src", *_CFG),
        blames="RUN",
    ),
    Case(
        name="a RUN as a heredoc",
        change=line("RUN cat src/a.py > /out\n", "RUN <<EOF\ncat src/a.py > /out\nEOF\n"),
        reruns=("RUN <<EOF", *_CFG),
        blames="RUN",
    ),
    Case(
        name="a blank line in a heredoc",
        before=line("RUN cat src/a.py > /out\n", "RUN <<EOF\ncat src/a.py > /out\nEOF\n"),
        change=line("/out\nEOF", "/out\n\nEOF"),
        reruns=("RUN <<EOF", *_CFG),
        blames="RUN",
    ),
    Case(
        name="the content of a COPY heredoc",
        before=line("COPY src src", "COPY src src\nCOPY <<EOF /note\none\nEOF"),
        change=line("one", "two"),
        reruns=("COPY <<EOF", *_RUNS),
        blames="COPY",
    ),
    Case(
        name="COPY that becomes ADD",
        change=line("COPY src src", "ADD src src"),
        reruns=("ADD src", *_RUNS),
        blames="ADD",
    ),
    Case(
        name="./ in place of .",
        before=line("COPY requirements.txt ./", "COPY requirements.txt ."),
        change=line("COPY requirements.txt .", "COPY requirements.txt ./"),
    ),
    Case(
        name="another destination",
        change=line("COPY src src", "COPY src ./code/\nCOPY src src"),
        reruns=("COPY src ./code", *_SRC),
        blames="COPY src ./code",
    ),
    Case(
        name="--chmod",
        change=line("COPY src src", "COPY --chmod=755 src src"),
        reruns=("COPY --chmod", *_RUNS),
        blames="chmod",
    ),
    Case(
        name="a mode, although --chmod",
        before=line("COPY src src", "COPY --chmod=755 src src"),
        change=mode("src/a.py", 0o600),
        reruns=("COPY --chmod", *_RUNS),
        blames="src/a.py",
    ),
    Case(
        name="--chown",
        change=line("COPY src src", "COPY --chown=1:1 src src"),
        reruns=("COPY --chown", *_RUNS),
        blames="chown",
    ),
    Case(
        name="--link",
        change=line("COPY src src", "COPY --link src src"),
        merged=("COPY --link", *_RUNS),
        maybe=("COPY --link", *_RUNS),
        blames="link",
    ),
    Case(
        name="a step before a linked one",
        before=line("COPY src src", "COPY --link src src"),
        change=line("WORKDIR /app", "WORKDIR /app\nRUN true"),
        reruns=("RUN true", "COPY --from", "COPY --link", *_RUNS),
        maybe=("COPY --link",),
        merged=("RUN true", "COPY --from", "COPY --link", *_RUNS),
        blames="RUN true",
    ),
    Case(
        name="a RUN more",
        change=line("COPY src src", "RUN true\nCOPY src src"),
        reruns=("RUN true", *_SRC),
        blames="RUN true",
    ),
    Case(
        name="a RUN less",
        before=line("COPY src src", "RUN true\nCOPY src src"),
        change=line("RUN true\n", ""),
        reruns=_SRC,
        blames="RUN true",
    ),
    Case(
        name="the order of two steps",
        before=line(
            "COPY src src\nRUN cat src/a.py > /out\n",
            "COPY src src\nRUN true\nRUN cat src/a.py > /out\n",
        ),
        change=line("RUN true\nRUN cat src/a.py > /out\n", "RUN cat src/a.py > /out\nRUN true\n"),
        reruns=("RUN cat src", "RUN true", *_CFG),
        blames="RUN cat src",
    ),
    Case(
        name="USER",
        change=line("COPY src src", "USER nobody\nCOPY src src"),
        reruns=_RUNS,
        blames="nobody",
        before=both(line("> /out\n", "> /dev/null\n"), line("> /out2\n", "> /dev/null\n")),
    ),
    Case(
        name="SHELL",
        change=line("COPY src src", 'SHELL ["/bin/sh", "-ec"]\nCOPY src src'),
        reruns=_RUNS,
        blames="SHELL",
    ),
    Case(
        name="WORKDIR",
        change=line("WORKDIR /w", "WORKDIR /v"),
        reruns=("WORKDIR /v", *_DEPS),
        maybe=_APP,
        blames="/v",
    ),
    # mounts
    Case(
        name="a cache mount more",
        dockerfile=MOUNTS,
        change=line(
            "RUN --mount=type=bind,source=r",
            "RUN --mount=type=cache,target=/d --mount=type=bind,source=r",
        ),
        reruns=("RUN --mount=type=cache,target=/d", _SRC_MOUNT),
        maybe=_AFTER_SECRET,
        blames="/d",
    ),
    Case(
        name="a cache mount's target",
        dockerfile=MOUNTS,
        change=line("target=/c ", "target=/c2 "),
        reruns=_CACHE_AND_BELOW,
        maybe=_AFTER_SECRET,
        blames="/c2",
    ),
    Case(
        name="a cache mount's id, which it had not",
        dockerfile=MOUNTS,
        change=line("target=/c ", "target=/c,id=a "),
        reruns=_CACHE_AND_BELOW,
        maybe=_AFTER_SECRET,
        blames="/c",
    ),
    Case(
        name="a cache mount's id",
        dockerfile=MOUNTS,
        before=line("target=/c ", "target=/c,id=a "),
        change=line("id=a", "id=b"),
    ),
    Case(
        name="a cache mount's sharing",
        dockerfile=MOUNTS,
        change=line("target=/c ", "target=/c,sharing=locked "),
        reruns=_CACHE_AND_BELOW,
        maybe=_AFTER_SECRET,
        blames="/c",
    ),
    Case(
        name="a mounted file",
        dockerfile=MOUNTS,
        change=edit("requirements.txt"),
        reruns=("RUN --mount=type=bind", *_AFTER_SECRET),
        maybe=_AFTER_SECRET,
        blames="requirements.txt",
    ),
    Case(
        name="a mounted file in a folder, which is not read",
        dockerfile=MOUNTS,
        change=edit("src/pkg/b.py"),
        reruns=(_SRC_MOUNT,),
        maybe=_AFTER_SECRET,
        blames="src/pkg/b.py",
    ),
    Case(name="a file that is not mounted", dockerfile=MOUNTS, change=edit("README.md")),
    Case(
        name="any file of a mounted context",
        dockerfile=MOUNTS,
        before=line("source=src,target=/ctx cat /ctx", "target=/ctx cat /ctx/src"),
        change=edit("README.md", "1"),
        reruns=("RUN --mount=type=bind,target",),
        maybe=_AFTER_SECRET,
        blames="README.md",
    ),
    Case(
        name="a secret's value",
        dockerfile=MOUNTS,
        before=both(edit("../one", "1"), _secret("../one")),
        change=edit("../one", "2"),
    ),
    Case(
        name="a secret's id",
        dockerfile=MOUNTS,
        change=line("id=one", "id=two"),
        reruns=_AFTER_SECRET,
        blames="two",
    ),
    Case(
        name="a secret more",
        dockerfile=MOUNTS,
        change=line("id=one", "id=one --mount=type=secret,id=two"),
        reruns=_AFTER_SECRET,
        blames="two",
    ),
    Case(
        name="a step before one with a secret, to the same end",
        before=line("RUN cat cfg", "RUN --mount=type=secret,id=one cat cfg"),
        change=line("COPY *.cfg", "RUN true\nCOPY *.cfg"),
        reruns=("RUN true", "COPY *.cfg"),
        maybe=("RUN --mount",),
        blames="RUN true",
    ),
    # options
    Case(
        name="a host more",
        change=option("--add-host", "a:127.0.0.1"),
        reruns=("RUN cat req", *_RUNS),
        maybe=_COPIES,
        blames="add-host",
    ),
    Case(
        name="a host's address",
        before=option("--add-host", "a:127.0.0.1"),
        change=options("--add-host", "a:127.0.0.2"),
    ),
    Case(
        name="a limit",
        change=option("--ulimit", "nofile=1000:1000"),
        reruns=("RUN cat req", *_RUNS),
        maybe=_COPIES,
        blames="ulimit",
    ),
    Case(
        name="the size of /dev/shm",
        change=option("--shm-size", "32m"),
        reruns=("RUN cat req", *_RUNS),
        maybe=_COPIES,
        blames="shm-size",
    ),
    Case(
        name="the network",
        before=option("--network", "none"),
        change=options("--network", "host"),
        reruns=("RUN cat req", *_RUNS),
        maybe=_COPIES,
        blames="network",
    ),
    Case(
        name="a platform's variant",
        before=option("--platform", "linux/amd64"),
        change=options("--platform", "linux/amd64/v2"),
        reruns=("RUN cat req", *_RUNS),
        maybe=_COPIES,
        blames="platform",
    ),
    Case(
        name="SOURCE_DATE_EPOCH",
        change=option("--build-arg", "SOURCE_DATE_EPOCH=1"),
        maybe=("WORKDIR", "COPY", "RUN"),
    ),
    Case(name="--no-cache", change=option("--no-cache"), reruns=("RUN", "COPY"), blames="no-cache"),
    Case(
        name="--no-cache-filter",
        change=option("--no-cache-filter", "deps"),
        reruns=_DEPS,
        maybe=_APP,
        blames="no-cache",
    ),
    Case(name="a label of the command line", change=option("--label", "a=b")),
    Case(
        name="a target",
        before=option("--target", "deps"),
        change=options(),
        reruns=("WORKDIR /app", *_APP),
        blames="target",
    ),
]
