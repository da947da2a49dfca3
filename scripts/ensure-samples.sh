#!/bin/sh
# Makes sure that tests find what runs the code samples: Python's requests below target/python, npm's @scalar/snippetz (samples that are not
# ours) below target/node, and from the system's packages Ruby, PHP with curl and Mono. Silent when they are there. What cannot be
# installed is said, and the tests that need it are skipped; curl, Node.js, Python, Java and Go are taken where they are.
set -eu

cd "$(dirname "$0")/.."
requests=2.34.2
snippetz=0.10.2

stamp=target/python/requests-$requests
if [ ! -e "$stamp" ]; then
  if { [ -x target/python/bin/pip ] || python3 -m venv target/python 2>/dev/null; } &&
    target/python/bin/pip install --quiet --disable-pip-version-check "requests==$requests" 2>/dev/null; then
    touch "$stamp"
  else
    echo "ensure-samples.sh: Python or PyPI is missing; samples in Python are not run" >&2
  fi
fi

stamp=target/node/snippetz-$snippetz
if [ ! -e "$stamp" ]; then
  mkdir -p target/node/snippetz
  # A registry that cannot be reached is not waited for: npm alone would try for many minutes.
  if timeout 240 npm install --prefix target/node/snippetz --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
    --fetch-retries=1 --fetch-timeout=20000 "@scalar/snippetz@$snippetz" >/dev/null 2>&1; then
    touch "$stamp"
  else
    echo "ensure-samples.sh: node or npm's registry is missing; samples are not held to @scalar/snippetz" >&2
  fi
fi

missing=
command -v ruby >/dev/null 2>&1 || missing="$missing ruby"
php -r 'exit(extension_loaded("curl") ? 0 : 1);' 2>/dev/null || missing="$missing php-cli php-curl"
command -v mcs >/dev/null 2>&1 && [ -e /usr/lib/mono/4.5/System.Net.Http.dll ] ||
  missing="$missing mono-mcs mono-runtime libmono-system-net-http4.0-cil"
[ -z "$missing" ] && exit 0
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif [ -t 0 ] && [ -t 2 ]; then sudo "$@"; else sudo -n "$@"; fi
}
if command -v apt-get >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null 2>&1 ||
    echo "ensure-samples.sh: cannot install$missing; samples that need them are not run" >&2
else
  echo "ensure-samples.sh:$missing: not there; samples that need them are not run" >&2
fi
