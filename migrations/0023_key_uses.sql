-- How keys are used, by the hour, as native gateways tell it. Roughly right: it is for people, and no bill is made from it.
CREATE TABLE key_uses (
  tenant_id uuid NOT NULL,
  key_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  addresses text[] NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_id, hour),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX key_uses_age ON key_uses (hour);
CALL gatewright_wall('key_uses');
