# How many begin: one stage, a compiler in the image, `COPY . .` before the dependencies, and root.
# `lamina bench` builds it where a project has no Dockerfile of its own.
# No syntax line on purpose: BuildKit's built-in frontend is enough, and nothing is pulled for it.
ARG BASE=python:3.11
FROM ${BASE}

RUN --mount=type=secret,id=aptsources,target=/etc/apt/sources.list,required=false \
    apt-get update && apt-get install -y build-essential python3-dev

WORKDIR /app
COPY . .

ARG REQUIREMENTS=requirements.txt
ENV PIP_BREAK_SYSTEM_PACKAGES=1
RUN --mount=type=secret,id=pipconf,target=/etc/pip.conf,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export PIP_CERT=/run/secrets/ca.crt SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    pip install -r "$REQUIREMENTS" \
    && if [ -f pyproject.toml ] && grep -q '^\[build-system\]' pyproject.toml; then pip install .; fi
