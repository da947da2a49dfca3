-- A customer suspended as a whole, customers that are gone, and looking at what gateways really have.

-- While it is set, nothing of the customer becomes usable.
ALTER TABLE customers ADD COLUMN suspended_at timestamptz;
ALTER TABLE customers ADD COLUMN suspension_reason text;
ALTER TABLE customers ADD CHECK ((suspended_at IS NULL) = (suspension_reason IS NULL));
-- What is billed and audited still names it.
ALTER TABLE customers ADD COLUMN deleted_at timestamptz;
-- Suspended because its customer was: exactly these come back when that is lifted.
ALTER TABLE subscriptions ADD COLUMN suspended_with_customer boolean NOT NULL DEFAULT false;
CREATE INDEX subscriptions_suspended_with_customer ON subscriptions (tenant_id, customer_id, id) WHERE suspended_with_customer;

-- What is done about drift that we can repair.
ALTER TABLE connections ADD COLUMN drift_policy text NOT NULL DEFAULT 'REPORT' CHECK (drift_policy IN ('REPORT', 'REPAIR'));
-- A gateway whose secrets nobody has any more is written down as such.
ALTER TABLE applications DROP CONSTRAINT applications_state_check;
ALTER TABLE applications ADD CONSTRAINT applications_state_check CHECK (state IN ('PENDING', 'PREPARING', 'ACTIVE', 'SUSPENDED', 'FAILED',
  'DRIFTED', 'UNREACHABLE', 'NEEDS_ROTATION', 'REMOVED'));
-- The last run that has seen it on its gateway.
ALTER TABLE applications ADD COLUMN seen_in uuid;

-- One look at what gateways have: before a sync, or for drift. Its row holds how far it is.
CREATE TABLE provisioning_runs (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('SYNC', 'DRIFT')),
  -- LOOKED: planned, nothing done yet; of drift, all there is. APPLYING: what was found is being handed to the workers. APPLIED: all of it was.
  state text NOT NULL CHECK (state IN ('LOOKING', 'LOOKED', 'APPLYING', 'APPLIED', 'FAILED')),
  connection_ids uuid[] NOT NULL,
  -- Null: all.
  subscription_ids uuid[],
  -- Whether the gateway's own list is gone through, or it was already.
  scanning boolean NOT NULL,
  scan_cursor text,
  -- The last application that was looked at.
  after_connection_id uuid,
  after_subscription_id uuid,
  looked integer NOT NULL,
  -- Why it does not go on, or did not.
  last_error text,
  created_at timestamptz NOT NULL,
  looked_at timestamptz,
  applied_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX provisioning_runs_age ON provisioning_runs (created_at);
CALL gatewright_wall('provisioning_runs');

-- Where a gateway differs from what is desired.
CREATE TABLE provisioning_findings (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  run_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  subscription_id uuid,
  remote_name text,
  kind text NOT NULL CHECK (kind IN ('MISSING', 'EXTRA', 'CHANGED', 'OTHER_SECRET', 'UNKNOWN', 'UNREADABLE')),
  actions text[] NOT NULL,
  detail text NOT NULL,
  -- The generation that repairs it; null: it was only reported.
  generation bigint,
  found_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, run_id) REFERENCES provisioning_runs (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX provisioning_findings_run ON provisioning_findings (tenant_id, run_id, id);
CREATE INDEX provisioning_findings_connection ON provisioning_findings (tenant_id, connection_id, id);
CALL gatewright_wall('provisioning_findings');
