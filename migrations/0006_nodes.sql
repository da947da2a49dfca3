-- Gateway nodes: who they are, and what they are told.
--
-- A node serves the gateways of every tenant, so all of this belongs to the installation.

ALTER TABLE gateways ADD COLUMN when_cut_off text NOT NULL DEFAULT 'SERVE' CHECK (when_cut_off IN ('SERVE', 'REFUSE'));

CREATE TABLE nodes (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  -- Inside a control plane's process; it ends with it and needs no token.
  in_process boolean NOT NULL,
  token_hash bytea UNIQUE CHECK (octet_length(token_hash) = 32),
  state text NOT NULL CHECK (state IN ('ACTIVE', 'DRAINING', 'REVOKED')),
  version text NOT NULL,
  addr text NOT NULL,
  -- The last news that it took in, and the configuration that it serves.
  position bigint NOT NULL,
  snapshot_version bigint NOT NULL,
  last_seen_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  CHECK (in_process = (token_hash IS NULL))
);

-- Each lets one node in, once.
CREATE TABLE node_enrollment_codes (
  hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);

-- What nodes are told, written by the commit that makes it true and kept for a while. The numbers
-- have no holes and rise in the order of the commits, because the row below is held until the end.
CREATE TABLE node_news (
  seq bigint PRIMARY KEY,
  created_at timestamptz NOT NULL,
  kind text NOT NULL CHECK (kind IN ('ACCESS', 'CONFIGURATION', 'NODE')),
  payload jsonb NOT NULL
);
CREATE INDEX node_news_age ON node_news (created_at);

-- The number of the last news, and of the last one about configuration: the snapshot's version.
CREATE TABLE node_news_position (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seq bigint NOT NULL,
  configuration bigint NOT NULL
);
INSERT INTO node_news_position (seq, configuration) VALUES (0, 0);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['nodes', 'node_enrollment_codes', 'node_news', 'node_news_position'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY system_access ON %I TO gatewright_system USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO gatewright_system', name);
  END LOOP;
END $$;
REVOKE UPDATE ON node_news FROM gatewright_system;
REVOKE INSERT, DELETE ON node_news_position FROM gatewright_system;
