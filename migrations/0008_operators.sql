-- Operators with roles and tokens of their own; an audit log that says more and is chained by hash.

ALTER TABLE operators DROP CONSTRAINT operators_role_check;
ALTER TABLE operators
  ADD CONSTRAINT operators_role_check CHECK (role IN ('OWNER', 'ADMIN', 'ENGINEER', 'PRODUCT', 'SECURITY', 'DEVREL', 'SUPPORT', 'BILLING', 'AUDITOR')),
  -- NULL only of owners that were made together with their tenant.
  ADD COLUMN email text,
  ADD COLUMN state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'SUSPENDED')),
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE UNIQUE INDEX operators_email ON operators (tenant_id, lower(email));

ALTER TABLE operator_tokens
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN name text NOT NULL DEFAULT 'Owner''s token',
  -- NULL: whatever the operator's role allows.
  ADD COLUMN scopes text[],
  -- NULL: never; only of the token that comes with a tenant or from the command line.
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN revoked_at timestamptz,
  ADD CONSTRAINT operator_tokens_id UNIQUE (tenant_id, id);
CREATE INDEX operator_tokens_operator ON operator_tokens (tenant_id, operator_id);

-- Apart from the tokens, so that writing down a use waits for nobody and nobody for it.
CREATE TABLE operator_token_uses (
  tenant_id uuid NOT NULL,
  token_id uuid NOT NULL,
  last_used_at timestamptz NOT NULL,
  last_used_address text,
  PRIMARY KEY (tenant_id, token_id),
  FOREIGN KEY (tenant_id, token_id) REFERENCES operator_tokens (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('operator_token_uses');

ALTER TABLE audit_events
  ADD COLUMN token_id uuid,
  ADD COLUMN peer_address text,
  ADD COLUMN outcome text NOT NULL DEFAULT 'SUCCEEDED' CHECK (outcome IN ('SUCCEEDED', 'REFUSED')),
  ADD COLUMN problem_code text,
  -- {"field": {"before": …, "after": …}} of the fields that changed.
  ADD COLUMN changes jsonb NOT NULL DEFAULT '{}',
  ADD CONSTRAINT audit_events_refusal CHECK ((outcome = 'REFUSED') = (problem_code IS NOT NULL));
CREATE INDEX audit_events_actor ON audit_events (tenant_id, actor_id, id);
CREATE INDEX audit_events_action ON audit_events (tenant_id, action, id);
CREATE INDEX audit_events_resource ON audit_events (tenant_id, resource_id, id);
CREATE INDEX audit_events_refused ON audit_events (tenant_id, id) WHERE outcome = 'REFUSED';

-- Audit rows that the chain does not hold yet. Filled by the trigger below, in the transaction that writes
-- the row, and emptied by `seal` (crates/database/src/audit/seal.rs).
CREATE TABLE audit_unsealed (
  tenant_id uuid NOT NULL,
  audit_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, audit_id),
  FOREIGN KEY (tenant_id, audit_id) REFERENCES audit_events (tenant_id, id)
);
CREATE INDEX audit_unsealed_age ON audit_unsealed (audit_id);
CALL gatewright_wall('audit_unsealed');
REVOKE UPDATE, DELETE ON audit_unsealed FROM gatewright_app;
REVOKE UPDATE ON audit_unsealed FROM gatewright_system;

-- The log in the order it became visible, each row's hash over its content and the hash before.
CREATE TABLE audit_chain (
  tenant_id uuid NOT NULL,
  sequence bigint NOT NULL CHECK (sequence >= 1),
  audit_id uuid NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  sealed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, sequence),
  UNIQUE (tenant_id, audit_id),
  FOREIGN KEY (tenant_id, audit_id) REFERENCES audit_events (tenant_id, id)
);
CALL gatewright_wall('audit_chain');
REVOKE INSERT, UPDATE, DELETE ON audit_chain FROM gatewright_app;
REVOKE UPDATE, DELETE ON audit_chain FROM gatewright_system;

CREATE FUNCTION gatewright_audit_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_unsealed (tenant_id, audit_id) SELECT tenant_id, id FROM added;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_unsealed AFTER INSERT ON audit_events
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION gatewright_audit_unsealed();

-- Rows of earlier releases are sealed as well. The owner is walled, so somebody else has to look.
SET LOCAL ROLE gatewright_system;
INSERT INTO audit_unsealed (tenant_id, audit_id) SELECT tenant_id, id FROM audit_events;
RESET ROLE;
