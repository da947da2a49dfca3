-- Work that outlives a request, and the schedules that make some of it.

-- The installation's own jobs have no tenant: the wall compares NULL with the transaction's tenant, which is
-- never true, so the application's role can neither see nor write them.
--
-- Rows change often and are read through small partial indexes, so dead ones are cleared away early.
CREATE TABLE jobs (
  id uuid PRIMARY KEY,
  tenant_id uuid REFERENCES tenants (id),
  kind text NOT NULL,
  lane text NOT NULL CHECK (lane IN ('SECURITY', 'INTERACTIVE', 'NORMAL', 'BULK')),
  payload jsonb NOT NULL,
  unique_key text,
  state text NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED')),
  attempts integer NOT NULL CHECK (attempts >= 0),
  attempts_max integer NOT NULL CHECK (attempts_max >= 1),
  -- When it may be claimed: of a queued job its time, of a running one the end of its lease.
  due_at timestamptz NOT NULL,
  -- Made anew by every claim: who does not know it cannot write progress and cannot end the job.
  lease_token uuid,
  cancel_requested boolean NOT NULL DEFAULT false,
  progress_done bigint,
  progress_total bigint,
  progress_message text,
  last_error text,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  CHECK ((state = 'RUNNING') = (lease_token IS NOT NULL)),
  CHECK ((state IN ('QUEUED', 'RUNNING')) = (ended_at IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CALL gatewright_wall('jobs');
-- Only housekeeping makes a job vanish.
REVOKE DELETE ON jobs FROM gatewright_app;
CREATE INDEX jobs_due ON jobs (lane, due_at, id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX jobs_unique ON jobs (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), kind, unique_key)
  WHERE ended_at IS NULL AND unique_key IS NOT NULL;
CREATE INDEX jobs_tenant ON jobs (tenant_id, id);
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- When each schedule of the program makes its next job; what it makes stands in the program.
CREATE TABLE schedules (
  name text PRIMARY KEY,
  rhythm text NOT NULL,
  next_run_at timestamptz NOT NULL,
  last_run_at timestamptz,
  last_job_id uuid
);
ALTER TABLE schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY system_access ON schedules TO gatewright_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO gatewright_system;
