-- What verifies permits: public halves of keys that are derived from the master key. The one without an end signs.
CREATE TABLE permit_keys (
  public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
  announced_at timestamptz NOT NULL,
  verifies_until timestamptz
);
-- Of two that are announced at the same time, one waits, and then there is one that signs.
CREATE UNIQUE INDEX permit_keys_current ON permit_keys ((true)) WHERE verifies_until IS NULL;
ALTER TABLE permit_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE permit_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY system_access ON permit_keys TO gatewright_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON permit_keys TO gatewright_system;

-- Where callers reach a product on a connected gateway, and which header field it reads the key from; NULL: the vendor's usual one.
ALTER TABLE product_mappings
  ADD COLUMN public_url text CHECK (octet_length(public_url) <= 1024),
  ADD COLUMN credential_header text CHECK (octet_length(credential_header) <= 64);

-- Calls that developers made from the portal, for doing one again. No secret is in any of them.
CREATE TABLE playground_runs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  developer_id uuid NOT NULL,
  -- Slugs: a description may be gone or have changed since.
  reference text NOT NULL,
  operation text NOT NULL,
  gateway_id uuid NOT NULL,
  key_id uuid,
  -- What was filled in; NULL: it was too long to be kept.
  given jsonb,
  request jsonb NOT NULL,
  -- Status, header fields and size of the answer, without its body; NULL: none came.
  answer jsonb,
  timings jsonb,
  failure jsonb,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, developer_id) REFERENCES developers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX playground_runs_developer ON playground_runs (tenant_id, developer_id, id);
CREATE INDEX playground_runs_age ON playground_runs (created_at);
CALL gatewright_wall('playground_runs');
