#!/bin/sh
# prepare.sh [--check]: rewrites .sqlx from the queries in the code and the schema of the migrations.
#
# Run it through scripts/with-postgres.sh. With --check nothing is rewritten: it fails where .sqlx
# is not what it would write.
set -eu

cd "$(dirname "$0")/.."
server=${GATEWRIGHT_TEST_DATABASE_URL%/*}
psql -q "$server/postgres" -c 'CREATE DATABASE prepare'
for migration in migrations/*.sql; do
  psql -q -v ON_ERROR_STOP=1 "$server/prepare" -f "$migration" >/dev/null
done

# The macros write one file per query when they see a database and this folder.
fresh=$(pwd)/target/sqlx-fresh
rm -rf "$fresh"
mkdir -p "$fresh"
# They do so only in crates that are compiled anew.
touch crates/database/src/lib.rs crates/catalog/src/lib.rs crates/credentials/src/lib.rs \
  crates/identity/src/lib.rs crates/native/src/lib.rs crates/notify/src/lib.rs crates/orchestration/src/lib.rs \
  crates/portal/src/lib.rs
DATABASE_URL="$server/prepare" SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$fresh" \
  cargo check --quiet --workspace

if [ "${1:-}" = --check ]; then
  diff -rq .sqlx "$fresh" || { echo "prepare.sh: .sqlx is not what the queries say: run make prepare" >&2; exit 1; }
else
  rm -rf .sqlx
  mv "$fresh" .sqlx
fi
