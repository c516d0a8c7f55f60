"""What a layer of a Dockerfile brings, by the text of its instruction."""

import pytest

from lamina.plan.component import Component
from lamina.trace.component import component


@pytest.mark.parametrize(
    "text",
    [
        "RUN pip install -r requirements.txt",
        "RUN --mount=type=cache,target=/root/.cache/pip pip3.12 --no-cache-dir install numpy",
        "RUN python -m pip install --no-deps -r requirements.lock",
        "RUN /opt/venv/bin/pip install torch",
        "RUN uv sync --frozen --no-install-project",
        "RUN --mount=type=bind,source=uv.lock,target=uv.lock uv pip install --system -r r.txt",
        "RUN poetry install --no-root",
        "RUN pdm sync --prod --no-self",
        "RUN conda env create -f environment.yml",
        "RUN micromamba install -y -n base -f /tmp/env.yaml && micromamba clean --all --yes",
        "RUN apt-get update && apt-get install -y gcc && pip install -r r.txt && apt-get purge gcc",
        'RUN ["pip", "install", "flask"]',
        "RUN set -eux; (pip install --require-hashes -r r.txt)",
        "COPY --from=builder /opt/venv /opt/venv",
        "COPY --from=builder --chown=1:1 /app/.venv /app/.venv",
        "COPY --from=0 /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/",
        "COPY --from=builder /usr/local/ /usr/local/",
        "COPY --from=builder /root/.local /root/.local",
        "COPY --from=builder /install /usr/local",
        "COPY --from=conda /opt/conda /opt/conda",
    ],
)
def test_what_installs_distributions_is_dependencies(text: str) -> None:
    assert component(text) is Component.DEPENDENCIES


@pytest.mark.parametrize(
    "text",
    [
        "RUN apt-get update && apt-get install -y --no-install-recommends libgomp1",
        "RUN --mount=type=cache,target=/var/cache/apt DEBIAN_FRONTEND=noninteractive apt install x",
        "RUN apk add --no-cache python3 py3-pip",
        "RUN set -eux; microdnf install -y libgomp; microdnf clean all",
        "RUN --mount=type=cache,target=/root/.cache/pip apt-get install -y python3-pip",
        "RUN rm -rf /tmp/x && dpkg -i /tmp/cuda.deb",
    ],
)
def test_what_installs_packages_of_the_distribution_is_system(text: str) -> None:
    assert component(text) is Component.SYSTEM


@pytest.mark.parametrize(
    "text",
    [
        "COPY . .",
        "COPY requirements.txt .",
        "COPY wheels /wheels",
        "COPY --from=builder /app /app",
        "COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/",
        "ADD src /opt/venvs",
        "RUN python manage.py collectstatic",
        "RUN useradd app && rm -rf /var/lib/apt/lists",
        "RUN pip install --no-deps .",
        "RUN pip install --no-cache-dir --no-deps -e .[web]",
        "RUN pip list",
        "RUN echo pipx installs things",
        "WORKDIR /app",
        "",
    ],
)
def test_everything_else_is_the_application(text: str) -> None:
    assert component(text) is Component.APPLICATION


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("RUN uv sync --frozen --no-install-project", "RUN uv sync --frozen"),
        ("RUN poetry install --only main --no-root", "RUN poetry install --only main"),
        ("RUN pdm sync --prod --no-self", "RUN pdm install --prod"),
    ],
)
def test_the_second_of_two_installs_is_the_project_itself(first: str, second: str) -> None:
    """Dependencies first, the project after its files: the usual Dockerfile of uv and poetry."""
    assert component(second) is Component.DEPENDENCIES

    assert component(second, before=["COPY uv.lock .", first]) is Component.APPLICATION
