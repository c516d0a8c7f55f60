"""A client that fails is quoted; what it says is enough to act on."""

import json
import sys

import pytest

from lamina.engines.buildkit.run import run_build
from lamina.errors import ToolError
from lamina.steps import silent_step

FAILED = {
    "vertexes": [
        {
            "digest": "sha256:a",
            "name": "[group-1-x 1/1] RUN --mount=type=cache,target=/c install x",
            "started": "2026-01-01T00:00:01Z",
            "completed": "2026-01-01T00:00:02Z",
            "error": "exit code: 2",
        }
    ],
}
LOG = {"logs": [{"vertex": "sha256:a", "data": "bm8gd2hlZWwgb2YgeAo="}]}
BEGUN = {
    "vertexes": [
        {k: v for k, v in FAILED["vertexes"][0].items() if k not in {"completed", "error"}}
    ]
}


def client(*lines: object) -> list[str]:
    said = [json.dumps(x, separators=(",", ":")) if isinstance(x, dict) else str(x) for x in lines]
    text = "".join(f"{line}\n" for line in said)
    return [sys.executable, "-c", f"import sys; sys.stderr.write({text!r}); sys.exit(1)"]


def failure(*lines: object) -> ToolError:
    with pytest.raises(ToolError) as caught:
        run_build(client(*lines), {}, silent_step(), clock=lambda: 0.0)
    return caught.value


def test_the_step_that_failed_is_named_with_the_end_of_its_output() -> None:
    error = failure(BEGUN, LOG, FAILED)

    assert error.what == "BuildKit could not build: [group-1-x 1/1] RUN install x"
    assert error.why == "no wheel of x\nexit code: 2"


def test_a_client_that_cannot_begin_says_why() -> None:
    error = failure('ERROR: no builder "fleet" found')

    assert error.why == 'ERROR: no builder "fleet" found'
    assert "docker buildx ls" in str(error.hint)


def test_an_engine_that_cannot_export_is_explained() -> None:
    error = failure("ERROR: OCI exporter is not supported for the docker driver.")

    assert "containerd image store" in str(error.hint)


def test_a_client_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolError, match="cannot start /nowhere/docker"):
        run_build(["/nowhere/docker"], {}, silent_step(), clock=lambda: 0.0)
