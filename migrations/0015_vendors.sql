-- Five vendors, and how fast each takes which calls.

ALTER TABLE connections DROP CONSTRAINT connections_vendor_check;
ALTER TABLE connections ADD CONSTRAINT connections_vendor_check
  CHECK (vendor IN ('KONG', 'APIGEE', 'AWS_API_GATEWAY', 'AZURE_API_MANAGEMENT', 'MULESOFT'));

-- The time lines that calls are given turns on: of a connection or of what several connections have in common, such as an
-- account; of all calls ('') or of those whose operation's name begins so.
CREATE TABLE call_turns (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  rate_key text NOT NULL,
  operations text NOT NULL,
  given_away_until timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, rate_key, operations)
);
CREATE INDEX call_turns_age ON call_turns (given_away_until);
CALL gatewright_wall('call_turns');

ALTER TABLE connection_health DROP COLUMN given_away_until;
