-- Sealed secrets: which master keys there are, data keys, sealed copies. Then pairs, address lists, leaks.

-- Names of master keys; the keys themselves are never here. They belong to the installation, so the
-- application's role has no access. Exactly one wraps.
CREATE TABLE master_keys (
  id text PRIMARY KEY CHECK (id ~ '^mk_[0-9a-f]{16}$'),
  state text NOT NULL CHECK (state IN ('ACTIVE', 'PREVIOUS', 'RETIRED')),
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX master_keys_active ON master_keys (state) WHERE state = 'ACTIVE';
ALTER TABLE master_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE master_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY system_access ON master_keys TO gatewright_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON master_keys TO gatewright_system;

-- A tenant's data keys, each wrapped by a master key, which cannot be forgotten before them.
CREATE TABLE tenant_data_keys (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  version integer NOT NULL CHECK (version >= 1),
  master_key_id text NOT NULL REFERENCES master_keys (id),
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, version)
);
CREATE INDEX tenant_data_keys_master ON tenant_data_keys (master_key_id);
CALL gatewright_wall('tenant_data_keys');

-- What a tenant decided about its keys' secrets; no row: the defaults.
CREATE TABLE credential_settings (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  secret_retention text NOT NULL CHECK (secret_retention IN ('UNTIL_PROVISIONED', 'WHILE_ACTIVE')),
  leak_policy text NOT NULL CHECK (leak_policy IN ('NOTIFY', 'SUSPEND', 'ROTATE')),
  updated_at timestamptz NOT NULL
);
CALL gatewright_wall('credential_settings');

-- Sealed copies of secrets, one per key and secret version, as long as the retention says.
CREATE TABLE sealed_secrets (
  tenant_id uuid NOT NULL,
  key_id uuid NOT NULL,
  secret_version integer NOT NULL,
  sealed bytea NOT NULL,
  retention text NOT NULL CHECK (retention IN ('UNTIL_PROVISIONED', 'WHILE_ACTIVE')),
  -- When the key or this secret of it ends: the copy is of no use from then on.
  erase_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_id, secret_version),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);
CREATE INDEX sealed_secrets_erase ON sealed_secrets (erase_at) WHERE erase_at IS NOT NULL;
CALL gatewright_wall('sealed_secrets');

-- Of a pair: the public half. The hash is of the secret half.
ALTER TABLE api_keys ADD COLUMN client_id text UNIQUE;
ALTER TABLE api_keys ADD CHECK ((accessor_type = 'CLIENT_CREDENTIALS') = (client_id IS NOT NULL));
-- From where it may be used, as CIDRs; NULL: from anywhere.
ALTER TABLE api_keys ADD COLUMN allowed_addresses text[];
-- Since when it waits for a rotation, because its secret leaked and was taken away.
ALTER TABLE api_keys ADD COLUMN secret_withdrawn_at timestamptz;
