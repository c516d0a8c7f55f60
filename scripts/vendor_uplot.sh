#!/usr/bin/env bash
# Put the charting library of `lamina report` into the package again: a pinned release, checked against
# the digest that is written here before anything of it is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=1.6.32
SHA512=2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023
ASSETS=src/lamina/reports/formats/html/assets

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder" "uplot@$VERSION" >/dev/null
echo "$SHA512  $folder/uplot-$VERSION.tgz" | sha512sum --check --quiet
tar -xzf "$folder/uplot-$VERSION.tgz" -C "$folder"
install -m 644 "$folder/package/dist/uPlot.iife.min.js" "$folder/package/dist/uPlot.min.css" "$ASSETS"
install -m 644 "$folder/package/LICENSE" "$ASSETS/uPlot.LICENSE"
(cd "$ASSETS" && sha256sum uPlot.*)
