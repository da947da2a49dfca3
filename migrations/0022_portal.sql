-- How a tenant's pages look, and what they say of it.
CREATE TABLE branding (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  -- NULL: the tenant's own.
  name text,
  -- As `#0a7d5a`; NULL: the colors of the program.
  color text,
  -- A mail address or an https address, for whoever wants what no plan offers.
  contact text,
  -- Whether a browser tab that made a secret may show it again while it lives.
  keeps_secrets_in_tab boolean NOT NULL DEFAULT true,
  logo bytea,
  logo_media_type text,
  logo_sha256 bytea CHECK (octet_length(logo_sha256) = 32),
  updated_at timestamptz NOT NULL,
  CHECK ((logo IS NULL) = (logo_media_type IS NULL) AND (logo IS NULL) = (logo_sha256 IS NULL))
);
CALL gatewright_wall('branding');

-- Who suspended a key: what the customer did itself it may undo, and nothing else.
ALTER TABLE api_keys ADD COLUMN suspended_by_customer boolean NOT NULL DEFAULT false;
