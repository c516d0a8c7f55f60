"""Secrets: those in files of any layer, and those in what the config says; values are not shown."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lamina.scan.finding import Finding, Outcome, Place, Severity
from lamina.scan.inventory import FileHits, Inventory
from lamina.scan.published import Published, may_be_published
from lamina.scan.secrets.search import GENERAL, Hit, Search

NAME: Final = "secrets"
_OTHER_PEOPLE: Final = 0o044
_SHOWN: Final = 20


def scan_secrets(
    inventory: Inventory, config: bytes = b"", *, own: frozenset[str] = frozenset()
) -> Outcome:
    """Turn what was found while reading into findings, and look through the config's texts.

    ``own`` are the distributions whose files are as secret as anything else.
    """
    published = Published(inventory, own)
    found: list[Finding] = []
    testers: set[str] = set()
    for file in inventory.secrets:
        owner = published.owner(file)
        if owner and may_be_published(file.path):
            testers.add(owner)
        else:
            found += _in_file(_unpublished(file) if owner else file, inventory)
    found += _in_config(config)
    coverage = f"{inventory.texts} text files"
    if inventory.binaries:
        coverage += f"; {inventory.binaries} binary files were not looked into"
    if testers:
        coverage += (
            f"; keys that came with the tests of {', '.join(sorted(testers))} are not secret"
        )
    unique = {(one.id, one.place.layer): one for one in reversed(found)}
    return Outcome(scanner=NAME, findings=tuple(reversed(unique.values())), coverage=coverage)


def _unpublished(file: FileHits) -> FileHits:
    """Leave out what only looks like a secret; a token has no business in any distribution."""
    return replace(file, hits=tuple(hit for hit in file.hits if hit.rule not in GENERAL))


def _in_file(file: FileHits, inventory: Inventory) -> Iterator[Finding]:
    fate = _fate(file, inventory)
    for hits in _by_rule(file.hits):
        hit = hits[0]
        yield Finding(
            rule=f"secret/{hit.rule}",
            subject=f"/{file.path}",
            severity=hit.severity,
            text=f"{hit.title}{_shown(hit)} in a file{fate}{_more_lines(hits)}",
            place=Place(path=file.path, line=hit.line, layer=file.layer),
            hint="revoke it, keep it out of the build, and give it to the container when it starts",
        )
        if hit.rule.endswith("-key") and file.mode & _OTHER_PEOPLE and "private" in hit.title:
            yield _readable(file, hit)
    if file.is_key_store:
        yield Finding(
            rule="secret/key-store",
            subject=f"/{file.path}",
            severity="medium",
            text=f"a file that holds private keys{fate}",
            place=Place(path=file.path, layer=file.layer),
            hint="mount it when the container starts",
        )


def _by_rule(hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    """Put together what is one finding: it is accepted, or repaired, as a whole."""
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.rule, []).append(hit)
    yield from found.values()


def _more_lines(hits: Sequence[Hit]) -> str:
    """Name the lines of the others, as far as anybody reads them."""
    lines = sorted({hit.line for hit in hits} - {hits[0].line})
    if not lines:
        return ""
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    shown = ", ".join(map(str, lines[:_SHOWN]))
    return f"; also in line{'s' if len(lines) > 1 else ''} {shown}{more}"


def _readable(file: FileHits, hit: Hit) -> Finding:
    return Finding(
        rule="permission/readable-key",
        subject=f"/{file.path}",
        severity="high",
        text=f"every user may read {hit.title} (mode {file.mode:04o})",
        place=Place(path=file.path, line=hit.line, layer=file.layer),
        hint="mount it when the container starts, readable for its user alone",
    )


def _fate(file: FileHits, inventory: Inventory) -> str:
    """Say whether the file is still seen; a layer keeps it all the same."""
    if not file.layer:
        return ""
    leaf = inventory.leaf(file.path)
    if leaf is None:
        return f", deleted later, but still in layer {file.layer}"
    if leaf.layer != file.layer:
        return f", replaced later, but still in layer {file.layer}"
    return f" of layer {file.layer}"


def _shown(hit: Hit) -> str:
    return f" ({hit.shown})" if hit.shown else ""


def _in_config(config: bytes) -> Iterator[Finding]:
    for subject, text in config_texts(config):
        search = Search("", care="settings")
        search.feed(text.encode("utf-8", "replace").replace(b"\0", b" "))
        for hit in search.hits:
            yield Finding(
                rule=f"secret/{hit.rule}",
                subject=subject,
                severity=_worse(hit.severity),
                text=f"{hit.title}{_shown(hit)} in the image's config, which everybody can read",
                hint="revoke it; use a secret mount while building and the orchestrator's secrets "
                "while running",
            )


def _worse(severity: Severity) -> Severity:
    return "high" if severity in {"low", "medium"} else severity


def config_texts(config: bytes) -> Iterator[tuple[str, str]]:
    """Yield every text of an image config (config.md), each with what it is called.

    Of a malformed config it yields what is there.
    """
    value = config_object(config)
    runtime = value.get("config")
    for where in (runtime, value.get("container_config")):
        if isinstance(where, dict):
            yield from _runtime_texts(where)
    for number, row in enumerate(_list(value.get("history")), 1):
        if isinstance(row, dict):
            for key in ("created_by", "comment", "author"):
                yield f"history {number}", str(row.get(key) or "")
    yield "author", str(value.get("author") or "")


def _runtime_texts(runtime: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for line in _list(runtime.get("Env")):
        yield f"ENV {str(line).partition('=')[0][:100]}", str(line)
    labels = runtime.get("Labels")
    for key, text in (labels if isinstance(labels, dict) else {}).items():
        yield f"LABEL {key[:100]}", f"{key}={text}"
    for key in ("Entrypoint", "Cmd", "OnBuild", "Shell"):
        yield key.upper(), " ".join(map(str, _list(runtime.get(key))))
    health = runtime.get("Healthcheck")
    if isinstance(health, dict):
        yield "HEALTHCHECK", " ".join(map(str, _list(health.get("Test"))))


def config_object(data: bytes) -> Mapping[str, Any]:
    """Read a JSON object; nothing of what is none."""
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
