"""How much it matters that an object cannot be loaded: an error, or only a warning.

An error stops a build, so it needs a reason: something that an import, a program in PATH or another
library will load for sure.  Wheels also carry plug-ins, GPU back ends, and debugger helpers for
other machines, which are loaded on demand and fail softly.
"""

import posixpath
import re
from collections.abc import Iterable
from typing import Literal

Severity = Literal["error", "warning"]

_PROGRAM_DIRS = re.compile(r"(usr/|usr/local/|opt/[^/]+/|app/(\.venv/)?)?s?bin")
_IN_SITE_PACKAGES = re.compile(r"(?:^|/)(?:site-packages|dist-packages|lib-dynload)/(?P<rest>.+)")
_LIBRARY = re.compile(r".+\.so(\.[\w.]+)?|.+-[0-9a-f]{8,}\.so.*")
_BUNDLED = re.compile(r"^[^/]+\.libs/")
_TAGGED = re.compile(r"\.(cpython-\d+|abi3|pypy\d+)[\w.-]*\.so$")

# Folders that hold things which a package loads on demand, or not at all.
_OPTIONAL_DIRS = re.compile(
    r"(^|/)(plugins?|providers?|drivers?|platforms|imageformats|tests?|testing|examples?|share|data"
    r"|jre|jdk|jvm|gpu|cuda|rocm|nvidia|prebuilds?|node_modules|_vendored|third_party)/",
    re.IGNORECASE,
)
_OPTIONAL_OBJECTS = re.compile(
    r"(^|[_.-]|lib)(cuda|rocm|hip|gpu|tensorrt|nvshmem|nccl|nvrtc|cudnn|rdma|ibverbs|tbbpool|omppool|providers?"
    r"|plugins?)",
    re.IGNORECASE,
)
# Drivers, which the container runtime adds, and accelerators and pools that packages probe for.
_OPTIONAL_LIBRARIES = re.compile(
    r"lib(cuda|nvidia-|nvcuvid|nvoptix|nvrm|nvsci|cudadebugger"
    r"|cudart|cublas|cufft|cudnn|cusparse|cusolver|curand|cupti|cufile|nccl|nvrtc|nvJitLink|nvToolsExt|nvshmem"
    r"|amdhip|hsa-runtime|hip|roc|rccl|miopen|MIOpen|OpenCL|ze_loader|sycl|mkl_"
    r"|tbb|jvm|jawt|mpi|mpich|ibverbs|rdmacm|efa|fabric|ucp|uct|ucs|ucm)[\w.+-]*\.so.*"
)

# The processors that Linux runs on; all else (BPF, CUDA, AMDGPU) is code for devices.
_PROCESSORS = frozenset({2, 3, 8, 20, 21, 22, 40, 43, 62, 183, 243, 258})


def is_root(path: str, system_dirs: Iterable[str]) -> bool:
    """Say whether the object at ``path`` will be loaded for itself.

    So are extension modules and the libraries beside them, programs in PATH and libraries in
    default places.  What auditwheel put into a ``*.libs`` folder matters only to who needs it.
    """
    match = _IN_SITE_PACKAGES.search(path)
    if match is None:
        return _is_in_place(path, system_dirs)
    rest, name = match["rest"], posixpath.basename(path)
    return bool(_LIBRARY.fullmatch(name)) and not (_BUNDLED.search(rest) or _is_extra(rest))


def is_optional(path: str, library: str) -> bool:
    """Say whether the object at ``path`` is expected to do, or be done, without ``library``."""
    match = _IN_SITE_PACKAGES.search(path)
    return bool(_OPTIONAL_LIBRARIES.fullmatch(library) or (match and _is_extra(match["rest"])))


def wrong_machine_severity(path: str, system_dirs: Iterable[str]) -> Severity:
    """Say how bad it is that the object at ``path`` is for another machine.

    Packages ship helpers for several machines side by side and pick one, so only what is tagged
    as an extension module or stands where programs and libraries are looked up is an error.
    """
    match = _IN_SITE_PACKAGES.search(path)
    if match:
        is_needed = _TAGGED.search(path) and not _OPTIONAL_DIRS.search(match["rest"])
        return "error" if is_needed else "warning"
    return "error" if _is_in_place(path, system_dirs) else "warning"


def is_device_code(machine: int) -> bool:
    """Say whether ``machine`` is no processor: kernels for GPUs and BPF are data to ld.so."""
    return machine not in _PROCESSORS


def _is_extra(rest: str) -> bool:
    return bool(_OPTIONAL_DIRS.search(rest) or _OPTIONAL_OBJECTS.search(posixpath.basename(rest)))


def _is_in_place(path: str, system_dirs: Iterable[str]) -> bool:
    directory = posixpath.dirname(path)
    return directory in system_dirs or bool(_PROGRAM_DIRS.fullmatch(directory))
