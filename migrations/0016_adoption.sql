-- Consumers and keys that were on a gateway before us and became subscriptions of ours.

CREATE TABLE adoptions (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- The gateway's own id of the consumer.
  remote_id text NOT NULL,
  name text NOT NULL,
  subscription_id uuid NOT NULL,
  adopted_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, remote_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX adoptions_subscription ON adoptions (tenant_id, subscription_id);
CALL gatewright_wall('adoptions');

-- Their keys: each is under the old consumer until ours is made in its place.
CREATE TABLE adopted_keys (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  key_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  consumer_id text NOT NULL,
  -- The gateway's own id of the key.
  remote_id text NOT NULL,
  -- SHA-256 of its secret; null where that was not taken over.
  fingerprint bytea CHECK (octet_length(fingerprint) = 32),
  released_at timestamptz,
  PRIMARY KEY (tenant_id, connection_id, key_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);
CREATE INDEX adopted_keys_subscription ON adopted_keys (tenant_id, connection_id, subscription_id) WHERE released_at IS NULL;
CALL gatewright_wall('adopted_keys');

-- Whether keys are left under an old consumer.
ALTER TABLE applications ADD COLUMN adopts boolean NOT NULL DEFAULT false;
