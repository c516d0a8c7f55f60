"""A small Debian archive made on the spot: packages, indexes and a real signature."""

import hashlib
import io
import lzma
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pysequoia import SignatureMode, Tsk, sign

from lamina.debian.fetch import Download
from lamina.errors import NetworkError

_DATE = "Sat, 01 Aug 2026 12:00:00 UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyPackage:
    """One package to be; ``files`` maps paths to contents, ``links`` and ``hard_links`` to targets.

    ``fields`` are further control fields, such as Depends, by name.
    """

    name: str
    version: str = "1.0-1"
    architecture: str = "amd64"
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    hard_links: Mapping[str, str] = field(default_factory=dict)
    postinst: str = ""

    @property
    def control(self) -> str:
        """The text of its control file."""
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": self.architecture,
            "Priority": "optional",
            **self.fields,
            "Description": f"the toy package {self.name}",
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


def deb(package: ToyPackage) -> bytes:
    """Return the bytes of a .deb with an xz-compressed data archive."""
    sums = "".join(
        f"{hashlib.md5(data, usedforsecurity=False).hexdigest()}  {path.removeprefix('./')}\n"
        for path, data in package.files.items()
    )
    scripts = {"control": package.control.encode(), "md5sums": sums.encode()}
    if package.postinst:
        scripts["postinst"] = package.postinst.encode()
    control = tar([_file(f"./{name}", data) for name, data in scripts.items()])
    return ar(
        {
            "debian-binary": b"2.0\n",
            "control.tar.xz": lzma.compress(control),
            "data.tar.xz": lzma.compress(tar(_data(package))),
        }
    )


def ar(members: Mapping[str, bytes]) -> bytes:
    """Return an ar archive of ``members`` in their order."""
    parts = [b"!<arch>\n"]
    for name, data in members.items():
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode())
        parts.append(data + b"\n" * (len(data) % 2))
    return b"".join(parts)


def tar(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return an uncompressed GNU tar of ``members`` in their order."""
    buffer = io.BytesIO()
    with tarfile.TarFile(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return buffer.getvalue()


class ToyArchive:
    """A signed archive in memory, and a ``Fetch`` that reads from it.

    ``files`` maps addresses to bytes, to be tampered with; ``fetched`` has what was asked for.
    """

    def __init__(self, directory: Path, *, uri: str = "http://archive.invalid/debian") -> None:
        self.directory = directory
        self.uri = uri
        self.files: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.key = Tsk.generate("Toy Archive <toy@archive.invalid>")
        self.keyring = directory / "usr/share/keyrings/toy.asc"
        self.keyring.parent.mkdir(parents=True, exist_ok=True)
        self.keyring.write_text(str(self.key.extract_certificate()))

    def publish(
        self,
        packages: Sequence[ToyPackage],
        *,
        suite: str = "toy",
        key: Tsk | None = None,
        release: Mapping[str, str] | None = None,
    ) -> None:
        """Sign a suite that holds ``packages``; ``release`` overrides fields of its Release."""
        index = "\n".join(self._paragraph(package) for package in packages)
        packed = lzma.compress(index.encode())
        digest = hashlib.sha256(packed).hexdigest()
        paths = [f"main/binary-{arch}/Packages.xz" for arch in ("amd64", "arm64")]
        fields = {
            "Origin": "Debian",
            "Suite": suite,
            "Codename": suite,
            "Version": "12.1",
            "Date": _DATE,
            "Acquire-By-Hash": "yes",
            "No-Support-for-Architecture-all": "Packages",
            "Architectures": "all amd64 arm64",
            "Components": "main",
            "SHA256": "".join(f"\n {digest} {len(packed)} {path}" for path in paths),
            **(release or {}),
        }
        text = "".join(f"{name}: {value}\n" for name, value in fields.items())
        root = f"{self.uri}/dists/{suite}"
        self.files[f"{root}/InRelease"] = self.clear_sign(text, key=key)
        for path in paths:
            folder = path.rpartition("/")[0]
            self.files[f"{root}/{path}"] = packed
            self.files[f"{root}/{folder}/by-hash/SHA256/{digest}"] = packed

    def clear_sign(self, text: str, *, key: Tsk | None = None) -> bytes:
        """Return ``text`` with the archive's signature around it, or that of another key."""
        signer = (key or self.key).signer()
        return bytes(sign(signer, text.encode(), mode=SignatureMode.CLEAR))

    def sources_file(self, *suites: str) -> str:
        """Return a deb822 source for ``suites``, and write it below the directory's etc/apt."""
        text = (
            f"Types: deb\nURIs: {self.uri}\nSuites: {' '.join(suites or ('toy',))}\n"
            "Components: main\nSigned-By: /usr/share/keyrings/toy.asc\n"
        )
        path = self.directory / "etc/apt/sources.list.d/toy.sources"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return text

    def fetch(self, downloads: Sequence[Download]) -> list[Path]:
        """Do what a transport does, without looking at hashes."""
        return [self._fetch(download.url) for download in downloads]

    def _fetch(self, url: str) -> Path:
        self.fetched.append(url)
        if url not in self.files:
            raise NetworkError("404 Not Found", where=url)
        path = self.directory / "fetched" / hashlib.sha256(url.encode()).hexdigest()
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.files[url])
        return path

    def _paragraph(self, package: ToyPackage) -> str:
        data = deb(package)
        path = (
            f"pool/{package.name}_{package.architecture}_{hashlib.sha256(data).hexdigest()[:8]}.deb"
        )
        self.files[f"{self.uri}/{path}"] = data
        digest = hashlib.sha256(data).hexdigest()
        return f"{package.control}Filename: {path}\nSize: {len(data)}\nSHA256: {digest}\n"


def minimal_base() -> list[ToyPackage]:
    """Return packages with the names that every base needs, holding next to nothing."""
    names = ("ca-certificates", "libc-bin", "libc6", "libgomp1", "libstdc++6", "netbase", "tzdata")
    versions = {"libc6": "2.36-9+deb12u1"}
    plain = [ToyPackage(name=name, version=versions.get(name, "1.0-1")) for name in names]
    return [
        *plain,
        ToyPackage(name="base-files", files={"./etc/os-release": b'VERSION_ID="12"\n'}),
        ToyPackage(
            name="base-passwd",
            files={
                "./usr/share/base-passwd/passwd.master": b"root:*:0:0:root:/root:/bin/bash\n",
                "./usr/share/base-passwd/group.master": b"root:*:0:\n",
            },
        ),
        ToyPackage(name="python3.11-minimal", version="3.11.2-6", fields={"Depends": "libc6"}),
        ToyPackage(
            name="libpython3.11-stdlib",
            version="3.11.2-6",
            files={"./usr/lib/python3.11/this.py": b"print('toy')\n"},
        ),
    ]


def _data(package: ToyPackage) -> list[tuple[tarfile.TarInfo, bytes]]:
    members = [_file(path, data) for path, data in package.files.items()]
    for path, target in package.links.items():
        members.append((_info(path, tarfile.SYMTYPE, target), b""))
    for path, target in package.hard_links.items():
        members.append((_info(path, tarfile.LNKTYPE, target), b""))
    return members


def _file(path: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    info.size = len(data)
    info.mode = 0o4755 if "bin/" in path else 0o644
    return info, data


def _info(path: str, kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, target
    return info
