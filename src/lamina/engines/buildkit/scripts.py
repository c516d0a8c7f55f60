"""What a Dockerfile of ours carries along to be run in its builder, as heredocs."""

from typing import Final

INSTALLER: Final = "/usr/local/bin/install-into-venv"
REQUIREMENTS: Final = "/requirements.txt"
LAYER: Final = "/layer"
"""What a stage has for the image, at the paths of the image, with times that never change.

COPY makes parent folders that are not there with the time of day, so whole trees are copied.
"""

UV: Final = "/usr/local/lib/uv"
CA: Final = "/run/secrets/ca"

APT_INSTALL: Final = """\
set -eu
touch /var/cache/apt/began
rm -f /etc/apt/apt.conf.d/docker-clean
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends \\
    {packages}
rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig/aux-cache
"""

SETTLE: Final = """\
find / -xdev -newer /var/cache/apt/began -exec touch --no-dereference --date @0 {} +
"""

NONROOT: Final = """\
echo 'nonroot:x:65532:' >> /etc/group
echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin' >> /etc/passwd
mkdir -p /home/nonroot
chown 65532:65532 /home/nonroot
chmod 700 /home/nonroot
"""

VENV: Final = """\
set -eu
if [ -s {ca} ]; then export PIP_CERT={ca}; fi
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \\
    --require-hashes --no-deps --target {uv} -r {uv}.txt
python=$(readlink -f "$(command -v python3)")
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
mkdir -p {layer}{venv} {layer}{workdir} "$(dirname {venv})"
ln -s {layer}{venv} {venv}
mkdir -p {venv}/bin "{venv}/lib/python$version/site-packages"
ln -s "$python" {venv}/bin/python
ln -s python {venv}/bin/python3
ln -s python "{venv}/bin/python$version"
printf 'home = %s\\ninclude-system-site-packages = false\\nversion = %s\\n' \\
    "${{python%/*}}" "$version" > {venv}/pyvenv.cfg
{settle}
"""

INSTALL: Final = """\
#!/bin/sh
set -eu
if [ -s {ca} ]; then export SSL_CERT_FILE={ca}; fi
{uv}/bin/uv pip install --quiet --python {venv}/bin/python "$@"
rm -f {venv}/.lock
{settle}
"""

SETTLE_LAYER: Final = "find /layer -exec touch --no-dereference --date @0 {} +"

BUILD_WHEEL: Final = """\
set -eu
if [ -s {ca} ]; then export SSL_CERT_FILE={ca}; fi
{uv}/bin/uv build --quiet --wheel --python {venv}/bin/python --out-dir /dist /src
"""

SPLIT: Final = '''\
"""Write the lines of requirements.txt to one file for each group; unknown names go to the last."""
import pathlib
import re

group_of, rows, last = {}, {}, ""
for line in pathlib.Path("groups").read_text().splitlines():
    last, *names = line.split()
    rows[last] = []
    group_of.update(dict.fromkeys(names, last))
text = pathlib.Path("requirements.txt").read_text()
for row in re.split(r"(?<!\\\\)\\n", text):
    name = re.match(r"\\s*([A-Za-z0-9][A-Za-z0-9._-]*)", row)
    if name:
        key = re.sub(r"[-_.]+", "-", name[1]).lower()
        rows[group_of.get(key, last)].append(row)
    elif row.strip().startswith("-"):
        for every in rows.values():
            every.append(row)
for group, found in rows.items():
    pathlib.Path(f"{group}.txt").write_text("".join(f"{row}\\n" for row in found))
'''
