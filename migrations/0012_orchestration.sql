-- Other vendors' gateways: how to reach them, what each is to have of a subscription, and what came of it.

-- Whether a product's keys are given to connected gateways at all.
ALTER TABLE products ADD COLUMN orchestrated boolean NOT NULL DEFAULT true;

-- Whether keys go to connected gateways, so that copies of their secrets are needed until they are there.
ALTER TABLE credential_settings ADD COLUMN provisions boolean NOT NULL DEFAULT false;

CREATE TABLE connections (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  vendor text NOT NULL CHECK (vendor IN ('KONG')),
  name text NOT NULL,
  environment text NOT NULL CHECK (environment IN ('TEST', 'LIVE')),
  state text NOT NULL CHECK (state IN ('CONNECTED', 'DISABLED', 'DISCONNECTING')),
  is_primary boolean NOT NULL,
  -- What the vendor cannot bear at the same time: nothing, work for one customer, any work.
  serial text NOT NULL CHECK (serial IN ('NONE', 'CUSTOMER', 'CONNECTION')),
  secret_mode text NOT NULL CHECK (secret_mode IN ('PLATFORM_PROVIDED', 'GATEWAY_GENERATED')),
  -- Per vendor; without any secret.
  settings jsonb NOT NULL,
  credentials bytea NOT NULL,
  credentials_version integer NOT NULL CHECK (credentials_version >= 1),
  calls_per_second integer NOT NULL CHECK (calls_per_second BETWEEN 1 AND 10000),
  report jsonb,
  verified_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX connections_primary ON connections (tenant_id) WHERE is_primary;
CREATE UNIQUE INDEX connections_name ON connections (tenant_id, name);
CALL gatewright_wall('connections');

-- What all workers share of a connection: its circuit breaker, and until when its rate is given away.
CREATE TABLE connection_health (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  breaker text NOT NULL CHECK (breaker IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
  failures integer NOT NULL CHECK (failures >= 0),
  -- OPEN: nothing is sent before. HALF_OPEN: until then the probe is somebody's.
  retry_at timestamptz,
  given_away_until timestamptz NOT NULL,
  succeeded_at timestamptz,
  last_error text,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50);
CALL gatewright_wall('connection_health');

CREATE TABLE breaker_changes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  connection_id uuid NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  reason text NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX breaker_changes_connection ON breaker_changes (tenant_id, connection_id, id);
CREATE INDEX breaker_changes_age ON breaker_changes (changed_at);
CALL gatewright_wall('breaker_changes');

-- What a gateway offered when an operator imported it.
CREATE TABLE imported_offers (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('SERVICE', 'PRODUCT')),
  remote_id text NOT NULL,
  name text NOT NULL,
  detail jsonb NOT NULL,
  warnings jsonb NOT NULL,
  imported_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, kind, remote_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('imported_offers');

-- What of a gateway stands for a product of ours.
CREATE TABLE product_mappings (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  product_id uuid NOT NULL,
  scope text[] NOT NULL CHECK (cardinality(scope) BETWEEN 1 AND 100),
  accepted_open text[] NOT NULL,
  warnings text[] NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, product_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
);
CREATE INDEX product_mappings_product ON product_mappings (tenant_id, product_id);
CALL gatewright_wall('product_mappings');

-- A subscription on a gateway. The row is the queue: it is due until what is desired was read back.
CREATE TABLE applications (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  -- How far it may go: HELD is prepared and inert.
  stage text NOT NULL CHECK (stage IN ('HELD', 'LIVE')),
  state text NOT NULL CHECK (state IN ('PENDING', 'PREPARING', 'ACTIVE', 'SUSPENDED', 'FAILED', 'DRIFTED', 'UNREACHABLE', 'REMOVED')),
  -- Raised by whatever changes what is desired.
  generation bigint NOT NULL,
  -- The generation that was last read back as desired.
  acknowledged_generation bigint NOT NULL,
  -- 0 ends access, 1 somebody waits, 2 everything else, 3 bulk.
  urgency smallint NOT NULL CHECK (urgency BETWEEN 0 AND 3),
  due_at timestamptz,
  attempts integer NOT NULL CHECK (attempts >= 0),
  lease_token uuid,
  leased_until timestamptz,
  last_error text,
  last_fault text,
  failing_since timestamptz,
  remote_id text,
  acknowledged_at timestamptz,
  effective_by timestamptz,
  observed_at timestamptz,
  -- The last credential that was numbered; numbers are never used again.
  last_number integer NOT NULL,
  request_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, subscription_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
  CHECK ((lease_token IS NULL) = (leased_until IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX applications_subscription ON applications (tenant_id, subscription_id);
CREATE INDEX applications_due ON applications (connection_id, urgency, due_at) WHERE due_at IS NOT NULL;
CALL gatewright_wall('applications');

-- Which secret of which key is on which gateway, and under which number.
CREATE TABLE application_credentials (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  number integer NOT NULL CHECK (number >= 1),
  key_id uuid NOT NULL,
  secret_version integer NOT NULL CHECK (secret_version >= 1),
  state text NOT NULL CHECK (state IN ('PENDING', 'PREPARING', 'ACTIVE', 'SUSPENDED', 'FAILED', 'DRIFTED', 'UNREACHABLE', 'NEEDS_ROTATION', 'REMOVED')),
  -- Of a secret that the gateway makes: PENDING, READY to be revealed once, REVEALED.
  secret text CHECK (secret IN ('PENDING', 'READY', 'REVEALED')),
  generated bytea,
  fingerprint bytea CHECK (octet_length(fingerprint) = 32),
  remote_id text,
  -- Of a superseded secret: when it is taken away here.
  drop_at timestamptz,
  confirmed_at timestamptz,
  removed_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, subscription_id, number),
  UNIQUE (tenant_id, connection_id, subscription_id, key_id, secret_version),
  FOREIGN KEY (tenant_id, connection_id, subscription_id) REFERENCES applications (tenant_id, connection_id, subscription_id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);
CREATE INDEX application_credentials_key ON application_credentials (tenant_id, key_id, secret_version);
CALL gatewright_wall('application_credentials');

-- Rotations whose overlap begins when the last gateway has the new secret.
CREATE TABLE rotations (
  tenant_id uuid NOT NULL,
  key_id uuid NOT NULL,
  -- The new one.
  secret_version integer NOT NULL,
  overlap_seconds integer NOT NULL CHECK (overlap_seconds >= 1),
  requested_at timestamptz NOT NULL,
  -- When the last gateway had it, or an hour after the request.
  begun_at timestamptz,
  PRIMARY KEY (tenant_id, key_id, secret_version),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);
CREATE INDEX rotations_open ON rotations (requested_at) WHERE begun_at IS NULL;
CALL gatewright_wall('rotations');

-- Subscriptions that wait for their primary gateway, or for all: ended where nobody brings them to an end in time.
CREATE TABLE activations (
  tenant_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  mode text NOT NULL CHECK (mode IN ('PRIMARY_FIRST', 'ALL_GATEWAYS')),
  deadline_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, subscription_id),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX activations_deadline ON activations (deadline_at);
CALL gatewright_wall('activations');

-- Every attempt at a step on a gateway.
CREATE TABLE provisioning_attempts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  connection_id uuid NOT NULL,
  subscription_id uuid,
  number integer,
  operation text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('SUCCEEDED', 'FAILED')),
  fault text,
  message text,
  status smallint,
  attempt integer NOT NULL,
  duration_ms double precision NOT NULL,
  request_id uuid,
  attempted_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX provisioning_attempts_connection ON provisioning_attempts (tenant_id, connection_id, attempted_at);
CREATE INDEX provisioning_attempts_subscription ON provisioning_attempts (tenant_id, subscription_id, id);
CREATE INDEX provisioning_attempts_age ON provisioning_attempts (attempted_at);
CALL gatewright_wall('provisioning_attempts');
