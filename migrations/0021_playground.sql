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
