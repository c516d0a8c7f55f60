#!/usr/bin/env bash
# Written by `lamina init`, d17f2d6c31dd4ab3: once you edit this file, it is yours.
# Builds what is deployed: twice, with equal bytes; verified, tried, scanned, listed, and pushed.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/build-prod.sh [TAG] [--push REGISTRY] [--strict]

  TAG              the image's name (default: aml-agent:latest)
  --push REGISTRY  push what was tested as REGISTRY/TAG; native: with bills and provenance
  --strict         findings of the scan are an error, and nothing is pushed

variables:
  ENGINE    native (the default: no Docker needed) or buildkit
  LOAD      auto (the default), yes or no: give the image to the Docker engine of this machine
  LAMINA    how Lamina is called (default: lamina)
  PLATFORM  linux/amd64,linux/arm64 (default: this machine's)
  REPORTS   where reports go (default: .lamina/reports)
  SEVERITY  the mildest finding that counts: low, medium, high (the default) or critical
  TIMEOUT   seconds that the image may take to start when it is tried (default: 60)
  BUILD_OPTIONS  more words for `lamina build`, such as --network host
  PUSH_OPTIONS   more words for `lamina push`, which pushes what BuildKit has built

exit codes: 0 done, 1 a check said no, 2 wrong usage, others are those of the command that failed
TEXT
}

fail() {
    echo "error: $1" >&2
    usage >&2
    exit 2
}

tag="" registry="" strict=no
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --push)
        if [ $# -lt 2 ]; then fail "--push needs a registry"; fi
        registry="${2%/}"
        shift
        ;;
    --strict) strict=yes ;;
    -*) fail "unknown option $1" ;;
    *)
        if [ -n "$tag" ]; then fail "too many arguments: $1"; fi
        tag="$1"
        ;;
    esac
    shift
done
tag="${tag:-aml-agent:latest}"

cd "$(dirname "${BASH_SOURCE[0]}")/.."
read -r -a lamina <<<"${LAMINA:-lamina}"
engine="${ENGINE:-native}"
reports="${REPORTS:-.lamina/reports}"
timeout="${TIMEOUT:-60}"
read -r -a options <<<"${BUILD_OPTIONS:-}"
read -r -a push_options <<<"${PUSH_OPTIONS:-}"
case "$engine" in
native) ;;
buildkit) options+=(--engine buildkit) ;;
*) fail "unknown engine $engine" ;;
esac
if [ -n "${PLATFORM:-}" ]; then options+=(--platform "$PLATFORM"); fi

has_docker() {
    command -v docker >/dev/null 2>&1 && docker info >/dev/null 2>&1
}

load=()
case "${LOAD:-auto}" in
yes) load=(--load) ;;
no) ;;
auto) if has_docker; then load=(--load); fi ;;
*) fail "unknown LOAD $LOAD" ;;
esac

tested() {
    if [ "$1" != "$second" ]; then
        echo "error: $2: $1 and $second" >&2
        exit 1
    fi
}

mkdir -p "$reports" .lamina
echo '*' >.lamina/.gitignore
started=$SECONDS

echo "== build $tag ($engine)"
first="$("${lamina[@]}" build . -t "$tag" --pull "${options[@]}")"
echo "$first"

echo "== build it again, from nothing: the bytes have to be the same"
second="$("${lamina[@]}" build . -t "$tag" --no-cache "${options[@]}" "${load[@]}")"
if [ "$first" != "$second" ]; then
    echo "error: two builds differ: $first and $second" >&2
    "${lamina[@]}" diff "$first" "$second" >&2 || true
    exit 1
fi
echo "reproducible: $second"

if [ "$engine" = native ]; then
    echo "== verify: it holds what the lock, the base and the project make, and nothing else"
    "${lamina[@]}" verify "$tag" .
fi

echo "== test"
"${lamina[@]}" test "$tag" . --timeout "$timeout"
if [ "${#load[@]}" -gt 0 ]; then
    echo "== test, as Docker has it and starts it"
    "${lamina[@]}" test "docker-daemon:$tag" . --timeout "$timeout" --engine docker
fi

echo "== scan"
code=0
"${lamina[@]}" scan "$tag" --severity "${SEVERITY:-high}" | tee "$reports/scan.txt" || code=$?
if [ "$code" -ne 0 ]; then
    echo "scan: exit code $code (1: findings, 4: something could not be scanned); see $reports/scan.txt"
    if [ "$strict" = yes ]; then
        echo "error: --strict allows no findings" >&2
        exit "$code"
    fi
fi

echo "== bills of materials"
"${lamina[@]}" sbom "$tag" --format cyclonedx-json -o "$reports/sbom.cdx.json"
"${lamina[@]}" sbom "$tag" --format spdx-json -o "$reports/sbom.spdx.json"
echo "written: $reports/sbom.cdx.json, $reports/sbom.spdx.json"

if [ -n "$registry" ]; then
    echo "== push $registry/$tag"
    if [ "$engine" = native ]; then
        again="$("${lamina[@]}" build . -t "$registry/$tag" "${options[@]}")"
        tested "$again" "the project has changed since it was tested; nothing is pushed"
        # The same bytes, from the store; a build knows what its bills and provenance say.
        pushed="$("${lamina[@]}" build . -t "$registry/$tag" --push --sbom "${options[@]}")"
    else
        pushed="$("${lamina[@]}" push "$tag" "$registry/$tag" "${push_options[@]}")"
    fi
    tested "$pushed" "what was pushed is not what was tested"
    echo "pushed: $registry/$tag@$pushed"
fi

echo "== performance"
echo "all of it took $((SECONDS - started)) s"
"${lamina[@]}" size --by component "$tag"
"${lamina[@]}" stats --image "$tag" --limit 10 || echo "no trends: see above"
