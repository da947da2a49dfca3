-- Seeing what happens on connected gateways: the provisioning audit, statistics, and what was given up.

CREATE INDEX provisioning_attempts_of_connection ON provisioning_attempts (tenant_id, connection_id, id);

CREATE INDEX applications_dead ON applications (tenant_id, subscription_id, connection_id)
  WHERE state IN ('FAILED', 'NEEDS_ROTATION', 'DRIFTED');

-- The class of durations that one falls into: each is 1.05 / 0.95 times as wide as the one before, so that its middle is within
-- 5 % of all that is in it. Classes can be added up over hours and gateways.
CREATE FUNCTION gatewright_duration_class(duration_ms double precision) RETURNS smallint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT ceil(ln(least(greatest(duration_ms, 0.01), 1e9)) / ln(1.05::double precision / 0.95))::smallint $$;

-- Attempts by hour, gateway, operation and class of duration.
CREATE TABLE provisioning_hours (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  operation text NOT NULL,
  duration_class smallint NOT NULL,
  succeeded bigint NOT NULL CHECK (succeeded >= 0),
  failed bigint NOT NULL CHECK (failed >= 0),
  PRIMARY KEY (tenant_id, connection_id, hour, operation, duration_class),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX provisioning_hours_age ON provisioning_hours (hour);
CALL gatewright_wall('provisioning_hours');

-- Until when the attempts of a connection were added up; later ones are counted from their rows.
CREATE TABLE provisioning_rollups (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  rolled_until timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('provisioning_rollups');
