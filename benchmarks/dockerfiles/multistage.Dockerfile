# Two stages with pip: a builder with a compiler makes a virtual environment, the final stage copies it.
# Context: examples/aml-agent.  BASE: Debian bookworm with python3.11, python3-venv, python3-pip.
ARG BASE

FROM ${BASE} AS builder
RUN --mount=type=secret,id=aptsources,target=/etc/apt/sources.list,required=false \
    apt-get update \
    && apt-get install -y --no-install-recommends build-essential python3-dev \
    && rm -rf /var/lib/apt/lists/*

ENV PATH=/opt/venv/bin:$PATH \
    PIP_CACHE_DIR=/var/cache/pip
RUN python3 -m venv /opt/venv

WORKDIR /app
# The requirements before the source: a source edit then leaves this layer as it is.
COPY requirements.txt .
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pipconf,target=/etc/pip.conf,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export PIP_CERT=/run/secrets/ca.crt SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    pip install --require-hashes -r requirements.txt

COPY pyproject.toml README.md ./
COPY src src
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pipconf,target=/etc/pip.conf,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export PIP_CERT=/run/secrets/ca.crt SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    pip install --no-deps .


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
