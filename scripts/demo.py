"""The demo: build the reference workload, look at it, train a model inside it over HTTP."""

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "aml-agent"
LAMINA = [sys.executable, "-m", "lamina"]
START_S = 120


def main() -> int:
    """Run every step; the exit code is the first that is not 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", default="aml-agent:latest")
    parser.add_argument("--layout", default=".artifacts/aml-agent")
    parser.add_argument("--port", type=int, default=18080)
    options = parser.parse_args()
    Path(options.layout).parent.mkdir(parents=True, exist_ok=True)
    step("plan", [*LAMINA, "plan", str(EXAMPLE)])
    step(
        "build",
        [*LAMINA, "build", str(EXAMPLE), "-t", options.image, "-o", f"oci:{options.layout}"],
    )
    step("build again", [*LAMINA, "build", str(EXAMPLE), "-t", options.image])
    step("test", [*LAMINA, "test", options.image, str(EXAMPLE)])
    train(options.image, options.port)
    return 0


def step(name: str, command: list[str]) -> None:
    """Run one command, and say how long it took."""
    shown = " ".join(command).replace(" ".join(LAMINA), "lamina")
    print(f"\n== {name}: {shown}", flush=True)
    started = time.monotonic()
    done = subprocess.run(command, check=False)
    print(f"== {name}: {time.monotonic() - started:.1f} s", flush=True)
    if done.returncode:
        raise SystemExit(done.returncode)


def train(image: str, port: int) -> None:
    """Start the image, train a model in it and get predictions, as a client would."""
    url = f"http://127.0.0.1:{port}"
    command = [*LAMINA, "run", "-e", f"AML_PORT={port}", image]
    print(f"\n== run: lamina run -e AML_PORT={port} {image}", flush=True)
    service = subprocess.Popen(command, start_new_session=True)
    try:
        wait_for(f"{url}/healthz", service)
        client = EXAMPLE / "scripts" / "train_over_http.py"
        step("train and predict", [sys.executable, str(client), url])
    finally:
        os.kill(service.pid, signal.SIGTERM)
        service.wait(60)


def wait_for(url: str, service: "subprocess.Popen[bytes]") -> None:
    """Wait until ``url`` answers; fail when the service ends before."""
    started = time.monotonic()
    while time.monotonic() - started < START_S:
        if service.poll() is not None:
            raise SystemExit(f"the service ended with exit code {service.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                if answer.status == 200:  # noqa: PLR2004
                    print(f"healthy after {time.monotonic() - started:.1f} s", flush=True)
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer in {START_S} s")


if __name__ == "__main__":
    sys.exit(main())
