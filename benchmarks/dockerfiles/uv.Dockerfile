# uv's recommended two stages: cache mount, dependencies first, then the project, bytecode compiled.
# Context: examples/aml-agent.  BASE: Debian bookworm with python3.11, python3-venv, python3-pip.
ARG BASE

FROM ${BASE} AS builder
ENV PIP_CACHE_DIR=/var/cache/pip \
    UV_CACHE_DIR=/var/cache/uv

# Its own early layer, which only a change of UV_VERSION invalidates.
ARG UV_VERSION=0.13.9
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pipconf,target=/etc/pip.conf,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export PIP_CERT=/run/secrets/ca.crt SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    pip install --break-system-packages uv==${UV_VERSION}

# 1 is what uv's guide recommends; 0 makes a smaller image that starts more slowly.
ARG UV_COMPILE_BYTECODE=1
ENV UV_COMPILE_BYTECODE=${UV_COMPILE_BYTECODE} \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/venv
RUN uv venv --python /usr/bin/python3 /opt/venv

WORKDIR /app
# Bound, not copied: no layer holds the file, and a source edit leaves this one as it is.
RUN --mount=type=cache,target=/var/cache/uv \
    --mount=type=bind,source=requirements.txt,target=requirements.txt \
    --mount=type=secret,id=uvconf,target=/etc/uv/uv.toml,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    uv pip install --require-hashes -r requirements.txt

COPY pyproject.toml README.md ./
COPY src src
RUN --mount=type=cache,target=/var/cache/uv \
    --mount=type=secret,id=uvconf,target=/etc/uv/uv.toml,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    uv pip install --no-deps .


FROM ${BASE}
RUN --mount=type=secret,id=aptsources,target=/etc/apt/sources.list,required=false \
    apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 65532 nonroot \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin nonroot

COPY --from=builder /opt/venv /opt/venv

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["aml", "serve"]
