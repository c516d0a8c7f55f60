"""The gate: what an image's objects need is in the image, or it is said beforehand."""

from collections.abc import Mapping, Sequence

from lamina.elf.closure import Finding, check
from lamina.elf.needs import Needs, VersionNeed

SITE = "opt/venv/lib/python3.11/site-packages"
LIB = "usr/lib/x86_64-linux-gnu"
LINKS = {"lib": "usr/lib", "lib64": "usr/lib64", f"{LIB}/libz.so.1": "libz.so.1.2.13"}


def need(*needed: str, **fields: str | tuple[str, ...]) -> Needs:
    return Needs(machine=62, needed=needed, **fields)  # type: ignore[arg-type]


def wants(library: str, *versions: str) -> Needs:
    wanted = (VersionNeed(library=library, versions=versions),)
    return Needs(machine=62, needed=(library,), requires=wanted)


BASE = {
    f"{LIB}/libc.so.6": Needs(machine=62, provides=("libc.so.6", "GLIBC_2.2.5", "GLIBC_2.36")),
    f"{LIB}/libz.so.1.2.13": need("libc.so.6", soname="libz.so.1"),
    "usr/lib64/ld-linux-x86-64.so.2": need(),
}


def found(
    objects: Mapping[str, Needs], links: Mapping[str, str] | None = None, dirs: Sequence[str] = ()
) -> tuple[Finding, ...]:
    return check({**BASE, **objects}, {**LINKS, **(links or {})}, machine=62, extra_dirs=dirs)


def test_a_base_that_holds_together_has_no_findings() -> None:
    assert found({}) == ()


def test_a_missing_library_is_named_with_who_needs_it_and_the_package_that_has_it() -> None:
    path = f"{SITE}/lightgbm/lib/lib_lightgbm.so"

    (finding,) = found({path: need("libgomp.so.1", "libc.so.6")})

    assert finding == Finding(
        severity="error",
        path=path,
        library="libgomp.so.1",
        what="lightgbm/lib/lib_lightgbm.so needs libgomp.so.1; nothing in the image has it",
        hint='system-packages = ["libgomp1"]',
    )


def test_libraries_are_found_through_links_of_a_merged_usr() -> None:
    module = f"{SITE}/m.cpython-311-x86_64-linux-gnu.so"

    assert found({module: need("libz.so.1", "libc.so.6", runpath=("/lib/x86_64-linux-gnu",))}) == ()


def test_origin_and_lib_are_expanded() -> None:
    torch = need("libcudart.so.12", "libc.so.6", rpath=("$ORIGIN/../../nvidia/cuda_runtime/lib",))
    tool = need(
        "libown.so", runpath=("${ORIGIN}/../$LIB",), interpreter="/lib64/ld-linux-x86-64.so.2"
    )
    objects = {
        f"{SITE}/torch/lib/libtorch.so": torch,
        f"{SITE}/nvidia/cuda_runtime/lib/libcudart.so.12": need("libc.so.6"),
        "opt/tool/bin/tool": tool,
        "opt/tool/lib/x86_64-linux-gnu/libown.so": need(),
    }

    assert found(objects) == ()


def test_runpath_is_not_inherited_and_rpath_is() -> None:
    """ld.so(8): RPATH also counts for what a library loads in turn, RUNPATH does not."""
    objects = {
        f"{SITE}/p/first.so": need("libsecond.so", rpath=("$ORIGIN/libs",)),
        f"{SITE}/p/libs/libsecond.so": need("libthird.so"),
        f"{SITE}/p/libs/libthird.so": need(),
    }

    assert found(objects) == ()
    objects[f"{SITE}/p/first.so"] = need("libsecond.so", runpath=("$ORIGIN/libs",))
    (finding,) = found(objects)
    assert finding.severity == "warning"
    assert "only finds it if p/libs/libthird.so was loaded before" in finding.what


def test_a_directory_of_ld_so_conf_counts() -> None:
    objects = {
        "usr/local/bin/tool": need("libtool.so.1"),
        "usr/local/lib/libtool.so.1": need(),
    }

    assert [f.library for f in found(objects)] == ["libtool.so.1"]
    assert found(objects, dirs=["/usr/local/lib"]) == ()


def test_a_libc_that_is_too_old_is_an_error_that_names_both_versions() -> None:
    (finding,) = found({f"{SITE}/new/_x.abi3.so": wants("libc.so.6", "GLIBC_2.2.5", "GLIBC_2.38")})

    assert finding.severity == "error"
    expected = "new/_x.abi3.so needs GLIBC_2.38 of libc.so.6; the image's has GLIBC_2.36 at most"
    assert finding.what == expected


def test_a_library_without_versions_is_only_a_warning() -> None:
    objects = {f"{SITE}/x.so": wants("libown.so.1", "OWN_1"), f"{LIB}/libown.so.1": need()}

    assert [f.severity for f in found(objects)] == ["warning"]


def test_what_auditwheel_bundled_matters_only_to_who_loads_it() -> None:
    """opencv-python brings a Qt plug-in and its X11 libraries; importing cv2 loads neither."""
    objects = {
        f"{SITE}/cv2/cv2.abi3.so": need("libQt5Core-9088e21b.so.5", rpath=("$ORIGIN/../cv.libs",)),
        f"{SITE}/cv.libs/libQt5Core-9088e21b.so.5": need("libglib-2.0.so.0"),
        f"{SITE}/cv.libs/libQt5XcbQpa-bb93e554.so.5": need("libX11.so.6"),
        f"{SITE}/cv2/qt/plugins/platforms/libqxcb.so": need("libSM.so.6"),
    }

    findings = {finding.library: finding.severity for finding in found(objects)}

    expected = {"libglib-2.0.so.0": "error", "libX11.so.6": "warning", "libSM.so.6": "warning"}
    assert findings == expected


def test_drivers_gpu_back_ends_and_pools_that_are_probed_for_are_warnings() -> None:
    objects = {
        f"{SITE}/torch/lib/libtorch_python.so": need("libcuda.so.1"),
        f"{SITE}/onnxruntime/capi/libonnxruntime_providers_cuda.so": need("libcudnn.so.9"),
        f"{SITE}/numba/np/ufunc/tbbpool.cpython-311-x86_64-linux-gnu.so": need("libtbb.so.12"),
        "usr/lib/jvm/java-17/lib/libawt.so": need("libjvm.so"),
    }

    assert {finding.severity for finding in found(objects)} == {"warning"}


def test_an_extension_module_for_another_machine_is_an_error() -> None:
    (finding,) = found({f"{SITE}/x.cpython-311-aarch64-linux-gnu.so": Needs(machine=183)})

    assert finding.severity == "error"
    assert "is for AArch64; the image is for x86-64" in finding.what


def test_helpers_for_several_machines_side_by_side_are_no_error() -> None:
    """Debugpy brings one for each machine and picks; xgboost brings code for GPUs."""
    folder = f"{SITE}/debugpy/_vendored/pydevd/pydevd_attach_to_process"
    objects = {
        f"{folder}/attach_linux_x86.so": Needs(machine=3, needed=("libc.so.6",)),
        f"{SITE}/xgboost/kernel.cubin": Needs(machine=190),
    }

    assert [finding.severity for finding in found(objects)] == ["warning"]


def test_a_program_whose_loader_is_missing_cannot_start() -> None:
    objects = {"usr/bin/alpine": need(interpreter="/lib/ld-musl-x86_64.so.1")}

    (finding,) = found(objects)

    assert finding.severity == "error"
    assert finding.what.startswith("/usr/bin/alpine is started by /lib/ld-musl-x86_64.so.1;")


def test_errors_come_before_warnings() -> None:
    objects = {
        f"{SITE}/a/plugins/a.so": need("libmissing.so.1"),
        f"{SITE}/z.so": need("libmissing.so.1"),
    }

    assert [finding.severity for finding in found(objects)] == ["error", "warning"]


def test_links_that_lead_round_in_circles_end() -> None:
    links = {f"{LIB}/libx.so.1": "libx.so.2", f"{LIB}/libx.so.2": "libx.so.1", "a": "b", "b": "a"}
    objects = {f"{SITE}/m.so": need("libx.so.1", rpath=("/a/lib",))}

    assert [finding.library for finding in found(objects, links)] == ["libx.so.1"]
