"""The old Docker engine pulls the image from a real registry; current ones pull smaller ones."""

import pytest

from tests.interop.conftest import needs
from tests.support.docker_engine import Docker
from tests.support.process import run
from tests.support.workload import Workload

HEAVY = "import xgboost, lightgbm, catboost, shap, streamlit, pyarrow; print('imported')"


@pytest.mark.parametrize("docker", ["docker-20"], indirect=True)
def test_the_image_is_pulled_from_a_registry_that_it_was_copied_to(
    docker: Docker, workload: Workload, loopback_registry: str
) -> None:
    """Nothing of it is in the engine before, so every layer is fetched, checked and unpacked."""
    needs("skopeo")
    reference = f"{loopback_registry}/pulled/{docker.kind}:v1"
    run("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
        f"oci:{workload.layout}:test", f"docker://{reference}")  # fmt: skip
    assert docker("images", "--quiet") == ""

    docker("pull", "--quiet", reference)

    run_python = ("run", "--rm", "--network=none", "--entrypoint", "python", reference, "-c")
    assert docker(*run_python, HEAVY) == "imported\n"
    digests = docker("image", "inspect", "--format", "{{json .RepoDigests}}", reference)
    assert workload.digest in digests
    docker("rmi", "-f", reference)
