-- Roles, the wall between tenants, and what every use case writes beside its own rows.
--
-- gatewright_app     what the pool runs as: owns nothing, cannot bypass row-level security
-- gatewright_system  the few uses that look across tenants (crates/database/src/system.rs)
--
-- Both are entered with SET ROLE by the user that the connection signs in as. Roles belong to the
-- whole cluster, so another database of it may have created them, even at this very moment.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['gatewright_app', 'gatewright_system'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOBYPASSRLS', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', name, current_user);
      EXCEPTION WHEN unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO gatewright_app, gatewright_system;

-- The tenant that the transaction works for; NULL, which equals nothing, when none was set.
CREATE FUNCTION gatewright_tenant() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('gatewright.tenant_id', true), '')::uuid $$;

-- Puts a table behind the wall. FORCE: the owner is walled as well.
CREATE PROCEDURE gatewright_wall(walled regclass, tenant_column text DEFAULT 'tenant_id')
  LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', walled);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', walled);
  EXECUTE format(
    'CREATE POLICY tenant_wall ON %s TO gatewright_app USING (%I = gatewright_tenant()) WITH CHECK (%I = gatewright_tenant())',
    walled, tenant_column, tenant_column);
  EXECUTE format('CREATE POLICY system_access ON %s TO gatewright_system USING (true) WITH CHECK (true)', walled);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO gatewright_app, gatewright_system', walled);
END $$;

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  slug text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL
);
CALL gatewright_wall('tenants', 'id');

CREATE TABLE operators (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('OWNER')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL gatewright_wall('operators');

CREATE TABLE operator_tokens (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  operator_id uuid NOT NULL,
  last_four text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, operator_id) REFERENCES operators (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('operator_tokens');

-- Tokens of the installation itself: they create tenants and see nothing of them. No tenant, so
-- the application's role has no access at all.
CREATE TABLE installation_tokens (
  hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  last_four text NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE installation_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE installation_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY system_access ON installation_tokens TO gatewright_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON installation_tokens TO gatewright_system;

-- Who did what; written in the use case's own transaction, never changed.
CREATE TABLE audit_events (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('OPERATOR', 'INSTALLATION', 'SYSTEM')),
  actor_id uuid,
  request_id uuid NOT NULL,
  action text NOT NULL,
  resource_id text NOT NULL,
  detail jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL gatewright_wall('audit_events');
REVOKE UPDATE, DELETE ON audit_events FROM gatewright_app, gatewright_system;

-- What other systems are told, in the order it happened.
CREATE TABLE outbox_events (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  domain text NOT NULL,
  name text NOT NULL,
  resource_id text NOT NULL,
  payload jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL gatewright_wall('outbox_events');

-- Answers to requests with an Idempotency-Key, without their secrets, for 24 hours.
CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  actor_id uuid NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
  status smallint NOT NULL,
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, actor_id, route, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CALL gatewright_wall('idempotency_keys');
