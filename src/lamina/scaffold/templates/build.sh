#!/usr/bin/env bash
# Builds an image, tries it, and says how long that took and how large it became.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/build.sh [--fast] [dev|prod] [TAG]

  dev    for work on the project: its sources are read from disk, with tools for developers
  prod   what is deployed (the default)
  TAG    the image's name (default: @{name}:dev or @{name}:latest)
  --fast build with all that is cached, and do not try the image

variables:
  ENGINE    native (the default: no Docker needed) or buildkit
  LOAD      auto (the default), yes or no: give the image to the Docker engine of this machine
  LAMINA    how Lamina is called (default: lamina)
  PLATFORM  linux/amd64,linux/arm64 (default: this machine's)
  TIMEOUT   seconds that the image may take to start when it is tried (default: 60)
  BUILD_OPTIONS  more words for `lamina build`, such as --network host

exit codes: 0 done, 1 the image is not well, 2 wrong usage, others are those of `lamina build`
TEXT
}

fail() {
    echo "error: $1" >&2
    usage >&2
    exit 2
}

target="" tag="" fast=no
for word in "$@"; do
    case "$word" in
    -h | --help)
        usage
        exit 0
        ;;
    --fast) fast=yes ;;
    -*) fail "unknown option $word" ;;
    *)
        if [ -z "$target" ]; then
            target="$word"
        elif [ -z "$tag" ]; then
            tag="$word"
        else
            fail "too many arguments: $word"
        fi
        ;;
    esac
done
target="${target:-prod}"
case "$target" in
dev) tag="${tag:-@{name}:dev}" ;;
prod) tag="${tag:-@{name}:latest}" ;;
*) fail "unknown target $target" ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
read -r -a lamina <<<"${LAMINA:-lamina}"
engine="${ENGINE:-native}"
read -r -a options <<<"${BUILD_OPTIONS:-}"
if [ "$target" = dev ]; then options+=(--target dev); fi
if [ -n "${PLATFORM:-}" ]; then options+=(--platform "$PLATFORM"); fi

has_docker() {
    command -v docker >/dev/null 2>&1 && docker info >/dev/null 2>&1
}

case "$engine" in
native) ;;
buildkit) options+=(--engine buildkit) ;;
*) fail "unknown engine $engine" ;;
esac
case "${LOAD:-auto}" in
yes) options+=(--load) ;;
no) ;;
auto) if has_docker; then options+=(--load); fi ;;
*) fail "unknown LOAD $LOAD" ;;
esac

echo "== build $tag ($target, $engine)"
started=$SECONDS
"${lamina[@]}" build . -t "$tag" "${options[@]}"
seconds=$((SECONDS - started))

if [ "$fast" = no ]; then
    echo "== test $tag"
    "${lamina[@]}" test "$tag" . --timeout "${TIMEOUT:-60}"
    if [ "$target" = prod ] && [ "$engine" = native ]; then
        echo "== validate $tag"
        "${lamina[@]}" verify --quick "$tag" .
    fi
fi

echo "== performance"
echo "built in $seconds s"
"${lamina[@]}" size --by component "$tag"
"${lamina[@]}" stats --image "$tag" --limit 10 || echo "no trends: see above"
