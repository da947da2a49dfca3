#!/bin/sh
# Installs what web/package-lock.json names, exactly, once.
set -eu

cd "$(dirname "$0")/../web"
wanted=$(sha256sum package.json package-lock.json)
if [ "$(cat node_modules/.installed 2>/dev/null)" = "$wanted" ]; then exit 0; fi
# A registry that cannot be reached is not waited for: npm alone would try for many minutes.
timeout 300 npm ci --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=20000 >&2
echo "$wanted" >node_modules/.installed
