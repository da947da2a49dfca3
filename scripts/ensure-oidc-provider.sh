#!/bin/sh
# Makes sure that tests find an OpenID provider that is not ours: npm's oidc-provider, below target/. Silent when it is there.
# Where it cannot be installed, it says so and the tests that need it are skipped.
set -eu

cd "$(dirname "$0")/.."
version=9.13.3
stamp=target/oidc-provider/$version
[ -e "$stamp" ] && exit 0
mkdir -p target/oidc-provider
# A folder of its own: npm takes away whatever else stands in one. A registry that cannot be reached is not waited for.
if timeout 240 npm install --prefix target/oidc-provider --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
  --fetch-retries=1 --fetch-timeout=20000 "oidc-provider@$version" >/dev/null 2>&1; then
  touch "$stamp"
else
  echo "ensure-oidc-provider.sh: node or npm's registry is missing; tests with an OpenID provider that is not ours are skipped" >&2
fi
