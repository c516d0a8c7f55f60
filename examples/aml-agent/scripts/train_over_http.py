"""Checks a running service from outside: trains on a small table, predicts, compares.

Usage: train_over_http.py http://127.0.0.1:8000
Needs nothing but Python.  Prints one line a step; the exit code is 0 if all of them worked.
"""

import argparse
import csv
import io
import json
import random
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

ROWS = 240
BOUNDARY = "----aml-agent-example"
Row = dict[str, Any]


class StepError(Exception):
    """A step did not do what it should."""


def main() -> int:
    """Run every step; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", help="the service's base address")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds to search")
    parser.add_argument("--timeout", type=float, default=180.0, help="seconds to wait for anything")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        for line in steps(arguments.url.rstrip("/"), arguments.budget, arguments.timeout):
            print(f"[{time.monotonic() - started:6.2f} s] {line}", flush=True)
    except StepError as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return 1
    return 0


def steps(url: str, budget_s: float, timeout_s: float) -> Iterator[str]:
    """Do one step after the other; yield what each found. Raises ``StepError``."""
    health = wait_for_health(url, timeout_s)
    yield f"healthy: version {health['version']}"
    rows = make_rows()
    job = post_table(url, rows, budget_s)
    yield f"training {job['id']} on {len(rows)} rows, budget {budget_s:g} s"
    wait_for_training(url, job["id"], timeout_s)
    board = call(f"{url}/leaderboard?model={job['id']}")
    best = board["leaderboard"][0]
    yield f"trained: {best['family']} is best of {len(board['leaderboard'])}, {best['score']:.3f}"
    known, expected = rows[:20], [row["bought"] for row in rows[:20]]
    questions = [{k: v for k, v in row.items() if k != "bought"} for row in known]
    answer = call(f"{url}/predict", json_body={"rows": questions, "model": job["id"]})
    right = sum(a == b for a, b in zip(answer["predictions"], expected, strict=True))
    if right < len(expected) * 0.8:
        raise StepError(f"only {right} of {len(expected)} predictions are right")
    yield f"predicted: {right} of {len(expected)} right"


def make_rows() -> list[Row]:
    """Return rows whose column ``bought`` follows from the others, the same ones every time."""
    draw = random.Random(7)
    rows: list[Row] = []
    for _ in range(ROWS):
        age, income, city = draw.randint(18, 80), draw.gauss(50, 15), draw.choice("ABC")
        bought = "yes" if income + (15 if city == "A" else 0) > 55 else "no"  # noqa: PLR2004
        rows.append({"age": age, "income": round(income, 2), "city": city, "bought": bought})
    return rows


def post_table(url: str, rows: list[Row], budget_s: float) -> Row:
    """POST the rows as a CSV file to /train; return the training it started."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    fields = {"target": "bought", "budget_s": f"{budget_s:g}"}
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append(f'name="file"; filename="table.csv"\r\n\r\n{text.getvalue()}')
    body = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {p}\r\n" for p in parts)
    return call(
        f"{url}/train",
        body=f"{body}--{BOUNDARY}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )


def wait_for_health(url: str, timeout_s: float) -> Row:
    """Return the answer of /healthz as soon as there is one. Raises ``StepError`` if none comes."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            return call(f"{url}/healthz")
        except StepError:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def wait_for_training(url: str, id_: str, timeout_s: float) -> None:
    """Wait until the training is done. Raises ``StepError`` if it fails or takes too long."""
    end = time.monotonic() + timeout_s
    while True:
        job = call(f"{url}/train/{id_}")
        if job["state"] == "done":
            return
        if job["state"] == "failed":
            raise StepError(f"training {id_}: {job['error']}")
        if time.monotonic() > end:
            raise StepError(f"training {id_} is still {job['state']} after {timeout_s:g} s")
        time.sleep(0.25)


def call(
    url: str,
    *,
    json_body: Row | None = None,
    body: bytes | None = None,
    content_type: str = "application/json",
) -> Row:
    """GET ``url``, or POST to it if there is a body; return the JSON answer."""
    if json_body is not None:
        body = json.dumps(json_body).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: Row = json.load(response)
    except urllib.error.HTTPError as error:
        raise StepError(f"{url}: {error.code}: {error.read().decode(errors='replace')}") from error
    except (OSError, ValueError) as error:
        raise StepError(f"{url}: {error}") from error
    return answer


if __name__ == "__main__":
    sys.exit(main())
