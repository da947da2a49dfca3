-- What is sold, to whom, and who has bought it.

CREATE TABLE products (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('API', 'AGENTIC_API', 'AI_AGENT', 'MCP_SERVER')),
  name text NOT NULL,
  slug text NOT NULL,
  description text NOT NULL,
  contract_format text CHECK (contract_format IN ('OPENAPI', 'GRAPHQL')),
  contract text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, slug),
  CHECK ((contract_format IS NULL) = (contract IS NULL))
);
CALL gatewright_wall('products');

-- A plan of kind GATEWAY is built in: one per native gateway, for its API consumers.
CREATE TABLE plans (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('CATALOG', 'GATEWAY')),
  name text NOT NULL,
  slug text NOT NULL,
  description text NOT NULL,
  current_version integer NOT NULL CHECK (current_version >= 1),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, slug)
);
CALL gatewright_wall('plans');

-- Never changed: a subscription keeps the version it was made with.
CREATE TABLE plan_versions (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  price_amount numeric NOT NULL CHECK (price_amount >= 0),
  price_currency text NOT NULL CHECK (price_currency ~ '^[A-Z]{3}$'),
  billing_period text NOT NULL CHECK (billing_period IN ('MONTH', 'YEAR')),
  trial_days integer NOT NULL CHECK (trial_days BETWEEN 0 AND 365),
  quotas jsonb NOT NULL,
  rate_limits jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, version),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id)
);
CALL gatewright_wall('plan_versions');
REVOKE UPDATE, DELETE ON plan_versions FROM gatewright_app, gatewright_system;

CREATE TABLE plan_version_products (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  version integer NOT NULL,
  product_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, version, product_id),
  FOREIGN KEY (tenant_id, plan_id, version) REFERENCES plan_versions (tenant_id, plan_id, version),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
);
CALL gatewright_wall('plan_version_products');
REVOKE UPDATE, DELETE ON plan_version_products FROM gatewright_app, gatewright_system;

-- A customer of kind API_CONSUMER stands behind one API consumer of a native gateway.
CREATE TABLE customers (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('ORGANIZATION', 'API_CONSUMER')),
  name text NOT NULL,
  email text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL gatewright_wall('customers');

CREATE TABLE subscriptions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  plan_version integer NOT NULL,
  state text NOT NULL CHECK (state IN ('CREATED', 'TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'SUSPENDED', 'EXPIRING', 'EXPIRED', 'CANCELLED')),
  suspended_from text CHECK (suspended_from IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'EXPIRING')),
  trial_ends_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
  FOREIGN KEY (tenant_id, plan_id, plan_version) REFERENCES plan_versions (tenant_id, plan_id, version),
  CHECK ((state = 'SUSPENDED') = (suspended_from IS NOT NULL)),
  CHECK ((state IN ('EXPIRED', 'CANCELLED')) = (ended_at IS NOT NULL))
);
CREATE INDEX subscriptions_customer ON subscriptions (tenant_id, customer_id);
CREATE INDEX subscriptions_plan ON subscriptions (tenant_id, plan_id, plan_version);
CALL gatewright_wall('subscriptions');
-- Looked up without a tenant, by the ids of a credential's bindings.
CREATE UNIQUE INDEX subscriptions_id ON subscriptions (id);
