-- Keys, and what gives each its right to exist. Of a secret: SHA-256, prefix, last four.

-- Rises with every change of who is admitted; a node keeps the higher of two records.
CREATE SEQUENCE access_version_seq;
GRANT USAGE ON SEQUENCE access_version_seq TO gatewright_app, gatewright_system;

CREATE TABLE api_keys (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  accessor_type text NOT NULL CHECK (accessor_type IN ('BEARER_TOKEN', 'CLIENT_CREDENTIALS')),
  environment text NOT NULL CHECK (environment IN ('TEST', 'LIVE')),
  name text NOT NULL,
  status text NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED', 'REVOKED')),
  secret_version integer NOT NULL CHECK (secret_version >= 1),
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  last_four text NOT NULL,
  -- NULL: every product of its subscriptions.
  product_ids uuid[],
  expires_at timestamptz,
  access_version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'REVOKED') = (revoked_at IS NOT NULL))
);
CALL gatewright_wall('api_keys');

-- Secrets that a rotation has replaced; each is refused from valid_until on.
CREATE TABLE superseded_secrets (
  tenant_id uuid NOT NULL,
  key_id uuid NOT NULL,
  secret_version integer NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  last_four text NOT NULL,
  valid_until timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_id, secret_version),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);
CALL gatewright_wall('superseded_secrets');

CREATE TABLE key_subscription_bindings (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  key_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  -- Of an API consumer: the one gateway it may call, and its name there.
  gateway_id uuid,
  consumer_id uuid,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
  CHECK ((gateway_id IS NULL) = (consumer_id IS NULL))
);
CREATE UNIQUE INDEX key_subscription_bindings_live ON key_subscription_bindings (tenant_id, key_id, subscription_id) WHERE ended_at IS NULL;
CREATE INDEX key_subscription_bindings_subscription ON key_subscription_bindings (tenant_id, subscription_id);
CALL gatewright_wall('key_subscription_bindings');
