#!/bin/sh
# with-postgres.sh COMMAND…: runs a command with a PostgreSQL of its own, which is gone afterwards.
#
# GATEWRIGHT_TEST_DATABASE_URL names it. No TCP, no fsync: for tests and checks only.
set -eu

here=$(dirname "$0")
"$here/ensure-postgresql.sh"

bin=
for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/bin; do
  if [ -x "$folder/initdb" ]; then bin=$folder; fi
done
if [ -z "$bin" ]; then bin=$(dirname "$(command -v initdb)"); fi

# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  as() { setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME=/ "$@"; }
else
  user=$(id -un)
  as() { "$@"; }
fi

# Short: a socket's path has at most 107 bytes.
home=$(mktemp -d /tmp/gw-test.XXXXXX)
chown "$user" "$home"
chmod 755 "$home"
stop() {
  (cd / && as "$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT TERM

cd_back=$(pwd)
cd /
as "$bin/initdb" -D "$home/data" -U gatewright_tests -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
as "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w -t 60 start >/dev/null \
  -o "-c listen_addresses= -k $home -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400"
cd "$cd_back"

GATEWRIGHT_TEST_DATABASE_URL="postgres://gatewright_tests@$(echo "$home" | sed 's|/|%2F|g')/postgres"
export GATEWRIGHT_TEST_DATABASE_URL
"$@"
