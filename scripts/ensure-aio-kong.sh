#!/bin/sh
# Makes sure that tests find a client of Kong that is not ours, to judge the fake Kong: PyPI's aio-kong, in a virtual
# environment below target/. Silent when it is there. Where it cannot be installed, it says so and those tests are skipped.
set -eu

cd "$(dirname "$0")/.."
version=3.7.2
stamp=target/python/aio-kong-$version
[ -e "$stamp" ] && exit 0
if python3 -m venv target/python 2>/dev/null &&
  target/python/bin/pip install --quiet --disable-pip-version-check "aio-kong==$version" 2>/dev/null; then
  touch "$stamp"
else
  echo "ensure-aio-kong.sh: Python or PyPI is missing; tests with a client of Kong that is not ours are skipped" >&2
fi
