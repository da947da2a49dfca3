-- Native gateways: what a node is told.

-- Rises with every change of a gateway's configuration.
CREATE SEQUENCE configuration_version_seq;
GRANT USAGE, SELECT ON SEQUENCE configuration_version_seq TO gatewright_app, gatewright_system;

CREATE TABLE gateways (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('NATIVE')),
  name text NOT NULL,
  -- The first label of its host, so unique in the installation.
  slug text NOT NULL UNIQUE,
  environment text NOT NULL CHECK (environment IN ('TEST', 'LIVE')),
  auth_type text NOT NULL CHECK (auth_type IN ('API_KEY')),
  max_request_body_bytes bigint NOT NULL CHECK (max_request_body_bytes >= 0),
  plan_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id)
);
CALL gatewright_wall('gateways');

CREATE TABLE services (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  name text NOT NULL,
  target_url text NOT NULL,
  ca_pem text,
  connect_timeout_ms integer NOT NULL,
  response_timeout_ms integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, gateway_id, id),
  UNIQUE (tenant_id, gateway_id, name),
  FOREIGN KEY (tenant_id, gateway_id) REFERENCES gateways (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('services');

CREATE TABLE routes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  service_id uuid NOT NULL,
  method text NOT NULL,
  public_path text NOT NULL,
  target_path text NOT NULL,
  access text NOT NULL CHECK (access IN ('PUBLIC', 'SECURE')),
  product_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, gateway_id) REFERENCES gateways (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, gateway_id, service_id) REFERENCES services (tenant_id, gateway_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
);
CREATE INDEX routes_gateway ON routes (tenant_id, gateway_id);
CREATE INDEX routes_service ON routes (tenant_id, service_id);
CREATE INDEX routes_product ON routes (tenant_id, product_id) WHERE product_id IS NOT NULL;
CALL gatewright_wall('routes');

-- One consumer = one customer with an implicit subscription to the gateway's built-in plan.
CREATE TABLE api_consumers (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('APP', 'USER', 'PARTNER')),
  name text NOT NULL,
  customer_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, gateway_id) REFERENCES gateways (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX api_consumers_gateway ON api_consumers (tenant_id, gateway_id);
CALL gatewright_wall('api_consumers');
