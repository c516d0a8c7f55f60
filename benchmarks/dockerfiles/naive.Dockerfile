# No syntax line on purpose: BuildKit's built-in frontend is enough, and nothing is pulled for it.
#
# The "before": one stage, a compiler in the image, every source edit installs everything again.
# Context: examples/aml-agent.  BASE: Debian bookworm with python3.11, python3-venv, python3-pip.
ARG BASE
FROM ${BASE}

RUN --mount=type=secret,id=aptsources,target=/etc/apt/sources.list,required=false \
    apt-get update && apt-get install -y build-essential python3-dev

WORKDIR /app
COPY . .

RUN --mount=type=secret,id=pipconf,target=/etc/pip.conf,required=false \
    --mount=type=secret,id=cabundle,target=/run/secrets/ca.crt,required=false \
    if [ -s /run/secrets/ca.crt ]; then export PIP_CERT=/run/secrets/ca.crt SSL_CERT_FILE=/run/secrets/ca.crt; fi; \
    pip install --break-system-packages -r requirements.txt \
    && pip install --break-system-packages --no-deps .

EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["aml", "serve"]
