#!/bin/sh
# Makes sure that tests find the proxy that holds calls to a vendor's OpenAPI description: npm's @stoplight/prism-cli, below
# target/. Silent when it is there. Where it cannot be installed, it says so and the tests that need it are skipped.
set -eu

cd "$(dirname "$0")/.."
version=5.16.0
stamp=target/node/prism-$version
[ -e "$stamp" ] && exit 0
mkdir -p target/node
# A registry that cannot be reached is not waited for: npm alone would try for many minutes.
if timeout 240 npm install --prefix target/node --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
  --fetch-retries=1 --fetch-timeout=20000 "@stoplight/prism-cli@$version" >/dev/null 2>&1; then
  touch "$stamp"
else
  echo "ensure-prism.sh: node or npm's registry is missing; tests by vendors' descriptions are skipped" >&2
fi
