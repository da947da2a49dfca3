#!/bin/sh
# Installs what web/package-lock.json names, exactly, once.
set -eu

cd "$(dirname "$0")/../web"
if [ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then exit 0; fi
# A registry that cannot be reached is not waited for: npm alone would try for many minutes.
timeout 300 npm ci --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=20000 >&2
touch node_modules/.package-lock.json
