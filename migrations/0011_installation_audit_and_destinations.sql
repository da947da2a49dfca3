-- The installation's own audit log, where a tenant's outgoing requests may go, and unique jobs that run again.

-- What the installation does stands in the same log as what tenants do, under the nil id. No tenant has that id, and
-- no tenant's transaction can take it: for the wall it is no tenant at all.
CREATE OR REPLACE FUNCTION gatewright_tenant() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(nullif(current_setting('gatewright.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000'::uuid) $$;
ALTER TABLE tenants ADD CONSTRAINT tenants_not_the_installation CHECK (id <> '00000000-0000-0000-0000-000000000000');
ALTER TABLE audit_events DROP CONSTRAINT audit_events_tenant_id_fkey;
-- Its answers to requests that are sent again are kept in the same way.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_tenant_id_fkey;

-- Where a tenant's outgoing requests may go; without a row, wherever the installation lets everybody go.
CREATE TABLE outgoing_destinations (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  -- As the tenant wrote them; NULL: no list, and empty: nowhere.
  destinations text[],
  updated_at timestamptz NOT NULL
);
CALL gatewright_wall('outgoing_destinations');

-- When a unique job that runs has to run again, because somebody asked for it meanwhile. However that run ends, the
-- job is then queued anew: here, and not where each end is written, so that none can be forgotten.
ALTER TABLE jobs ADD COLUMN again_at timestamptz;
CREATE FUNCTION gatewright_job_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.state := 'QUEUED';
  NEW.attempts := 0;
  NEW.due_at := OLD.again_at;
  NEW.again_at := NULL;
  NEW.cancel_requested := false;
  NEW.ended_at := NULL;
  PERFORM pg_notify('gatewright_jobs', '');
  RETURN NEW;
END $$;
CREATE TRIGGER job_again BEFORE UPDATE ON jobs FOR EACH ROW
  WHEN (OLD.state = 'RUNNING' AND NEW.state <> 'RUNNING' AND OLD.again_at IS NOT NULL)
  EXECUTE FUNCTION gatewright_job_again();
