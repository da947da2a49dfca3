"""Gives one API consumer a hundred thousand keys: by SQL, as no API should ever need to."""

import subprocess
import uuid

from process import Invalid, postgres_program
from workload import sha256_hex

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"

# Every key is like the one that the consumer was created with; only id, hash and last four differ.
SQL = """
SET ROLE gatewright_system;
CREATE TEMPORARY TABLE bench_keys (id uuid, binding_id uuid, hash bytea, last_four text) ON COMMIT DROP;
COPY bench_keys FROM STDIN;
{rows}
\\.
INSERT INTO api_keys (
  tenant_id, id, accessor_type, environment, name, status, secret_version, prefix, hash, last_four,
  product_ids, expires_at, access_version, created_at, updated_at, revoked_at
)
SELECT
  model.tenant_id, new.id, model.accessor_type, model.environment, model.name, 'ACTIVE', 1, model.prefix, new.hash,
  new.last_four, model.product_ids, NULL, nextval('access_version_seq'), model.created_at, model.updated_at, NULL
FROM bench_keys AS new CROSS JOIN api_keys AS model
WHERE model.id = :'key_id';
INSERT INTO key_subscription_bindings (
  tenant_id, id, key_id, subscription_id, gateway_id, consumer_id, created_at, ended_at
)
SELECT
  model.tenant_id, new.binding_id, new.id, model.subscription_id, model.gateway_id, model.consumer_id,
  model.created_at, NULL
FROM bench_keys AS new CROSS JOIN key_subscription_bindings AS model
WHERE model.key_id = :'key_id' AND model.consumer_id = :'consumer_id' AND model.ended_at IS NULL;
SELECT count(*)
FROM bench_keys AS new
JOIN api_keys AS key ON key.id = new.id
JOIN key_subscription_bindings AS binding ON binding.key_id = new.id;
RESET ROLE;
ANALYZE api_keys, key_subscription_bindings;
"""


def seed_keys(database_url: str, consumer_id: str, key_id: str, keys: list[str]) -> None:
    """Inserts the keys' hashes beside the consumer's own key, in one transaction."""
    rows = "\n".join(
        f"{uuid.uuid4()}\t{uuid.uuid4()}\t\\\\x{sha256_hex(key)}\t{key[-4:]}" for key in keys
    )
    command = [
        *(postgres_program("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--single-transaction"),
        *("-v", "ON_ERROR_STOP=1", "-v", f"key_id={_uuid(key_id)}", "-v", f"consumer_id={_uuid(consumer_id)}"),
        *("--file", "-", "--dbname", database_url),
    ]
    result = subprocess.run(command, input=SQL.format(rows=rows), capture_output=True, text=True, timeout=300)
    if result.returncode != 0 or result.stdout.strip() != str(len(keys)):
        raise Invalid(f"seeding {len(keys)} keys failed: {result.stdout.strip()} {result.stderr[-2000:]}")


def _uuid(id: str) -> uuid.UUID:
    """The UUID inside an id like `key_01h…`, which is Crockford's base 32."""
    value = 0
    for letter in id.rsplit("_", 1)[1]:
        value = value << 5 | CROCKFORD.index(letter)
    return uuid.UUID(int=value)
