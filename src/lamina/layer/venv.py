"""Venv: the one environment that all wheels share, and where in it each part of a wheel goes."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from lamina.oci.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Venv:
    """A virtual environment inside the image.

    ``prefix`` is absolute (``/opt/venv``); ``python`` is the minor version (``3.11``);
    ``base_interpreter`` is the base image's own, absolute.
    """

    prefix: PurePosixPath
    python: str
    base_interpreter: PurePosixPath

    @property
    def root(self) -> str:
        """The prefix as a layer path, without the leading slash."""
        return str(self.prefix).lstrip("/")

    @property
    def site_packages(self) -> str:
        """Where modules go, as a layer path."""
        return f"{self.root}/lib/python{self.python}/site-packages"

    @property
    def interpreter(self) -> str:
        """What scripts start with, absolute."""
        return f"{self.prefix}/bin/python"

    def scheme(self, key: str, distribution: str) -> str | None:
        """Say where a ``.data`` folder goes (Binary distribution format, "Installing"), or None."""
        return {
            "purelib": self.site_packages,
            "platlib": self.site_packages,
            "scripts": f"{self.root}/bin",
            "headers": f"{self.root}/include/site/python{self.python}/{distribution}",
            "data": self.root,
        }.get(key)

    def entries(self) -> tuple[Entry, ...]:
        """List the empty environment: what ``python -m venv`` makes, less pip."""
        config = (
            f"home = {self.base_interpreter.parent}\n"
            "include-system-site-packages = false\n"
            f"version = {self.python}\n"
        )
        minor = f"python{self.python}"
        return (
            Entry(path=f"{self.root}/pyvenv.cfg", data=config.encode()),
            Entry(path=f"{self.root}/bin/python", kind="symlink", mode=0o777,
                  target=str(self.base_interpreter)),
            Entry(path=f"{self.root}/bin/python3", kind="symlink", mode=0o777, target="python"),
            Entry(path=f"{self.root}/bin/{minor}", kind="symlink", mode=0o777, target="python"),
            Entry(path=self.site_packages, kind="directory", mode=0o755),
        )  # fmt: skip
