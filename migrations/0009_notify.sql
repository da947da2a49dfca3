-- Telling others: webhook endpoints, what is on its way to them, mails.

-- Whether an event was handed to the endpoints that want it. A mark per event, rather than a position in the log:
-- an event that commits late is found all the same. What happened before this migration is nobody's news.
ALTER TABLE outbox_events ADD COLUMN fanned_out boolean NOT NULL DEFAULT true;
ALTER TABLE outbox_events ALTER COLUMN fanned_out SET DEFAULT false;
CREATE INDEX outbox_events_waiting ON outbox_events (id) WHERE NOT fanned_out;

CREATE TABLE webhook_endpoints (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  url text NOT NULL,
  description text NOT NULL,
  -- `domain.object.verb`, or `domain.*`; none: everything.
  event_types text[] NOT NULL,
  contact_email text,
  state text NOT NULL CHECK (state IN ('ENABLED', 'DISABLED')),
  disabled_reason text CHECK (disabled_reason IN ('OPERATOR', 'GONE', 'FAILING')),
  disabled_at timestamptz,
  -- Since when every attempt has failed.
  failing_since timestamptz,
  secret_version integer NOT NULL CHECK (secret_version >= 1),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'DISABLED') = (disabled_at IS NOT NULL)),
  CHECK ((state = 'DISABLED') = (disabled_reason IS NOT NULL))
);
CALL gatewright_wall('webhook_endpoints');

-- What deliveries are signed with, sealed. The current one has no end; the one before signs along for a while.
CREATE TABLE webhook_secrets (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  sealed bytea NOT NULL,
  signs_until timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, version),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_secrets_ended ON webhook_secrets (signs_until) WHERE signs_until IS NOT NULL;
CALL gatewright_wall('webhook_secrets');

-- One event on its way to one endpoint, at most once: the event's id is what receivers tell repetitions by.
CREATE TABLE webhook_deliveries (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  -- The body, byte for byte the same in every attempt.
  payload text NOT NULL,
  state text NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED')),
  attempts integer NOT NULL CHECK (attempts >= 0),
  -- Attempts since it was made or last replayed: how far it is in the schedule of retries.
  attempts_of_round integer NOT NULL CHECK (attempts_of_round >= 0),
  next_attempt_at timestamptz,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, endpoint_id, event_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
  CHECK ((state = 'PENDING') = (next_attempt_at IS NOT NULL)),
  CHECK ((state = 'PENDING') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (tenant_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
CALL gatewright_wall('webhook_deliveries');

CREATE TABLE webhook_attempts (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  number integer NOT NULL CHECK (number >= 1),
  started_at timestamptz NOT NULL,
  duration_ms double precision NOT NULL,
  -- What was answered; none where nothing was, and then `error` says why.
  status smallint,
  error text,
  timings jsonb,
  answer text,
  answer_cut boolean NOT NULL,
  PRIMARY KEY (tenant_id, delivery_id, number),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries (tenant_id, id) ON DELETE CASCADE,
  CHECK ((status IS NULL) = (error IS NOT NULL))
);
CALL gatewright_wall('webhook_attempts');

-- Mails. The content may hold a link that signs somebody in: it is sealed, and erased once a mail server has it.
CREATE TABLE mails (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  recipient text NOT NULL,
  subject text NOT NULL,
  sealed bytea,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX mails_age ON mails (created_at);
CALL gatewright_wall('mails');
