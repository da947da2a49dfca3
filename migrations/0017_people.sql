-- People: who signs in, as an operator of the tenant, as a developer of a customer, or as both. A person belongs to one
-- tenant; whoever works for two has a person in each, with the same mail address.

CREATE TABLE people (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  email text NOT NULL,
  -- Whether a mail of ours reached it; false where only an identity provider says so.
  email_proven boolean NOT NULL,
  name text NOT NULL,
  -- Argon2id, as a PHC string; NULL: signs in by other means.
  password_hash text,
  password_changed_at timestamptz,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'SUSPENDED')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX people_email ON people (tenant_id, lower(email));
CALL gatewright_wall('people');

-- NULL: a script, or somebody who has not accepted the invitation yet.
ALTER TABLE operators
  ADD COLUMN person_id uuid,
  ADD CONSTRAINT operators_person UNIQUE (tenant_id, person_id),
  ADD CONSTRAINT operators_person_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id);

CREATE TABLE developers (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('OWNER', 'MEMBER')),
  -- PENDING: signed up where operators approve, and nobody has yet.
  state text NOT NULL CHECK (state IN ('PENDING', 'ACTIVE', 'SUSPENDED')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, person_id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CREATE INDEX developers_customer ON developers (tenant_id, customer_id);
CALL gatewright_wall('developers');

-- How people come in. No row: as the defaults say.
CREATE TABLE people_settings (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  sign_up text NOT NULL DEFAULT 'OPEN' CHECK (sign_up IN ('OPEN', 'BY_DOMAIN', 'BY_INVITATION', 'BY_APPROVAL')),
  -- Lower case, for BY_DOMAIN.
  domains text[] NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL
);
CALL gatewright_wall('people_settings');

-- Somebody who signed up and has not shown yet that the mail address is theirs. Becomes a person then.
CREATE TABLE sign_ups (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  email text NOT NULL,
  name text NOT NULL,
  customer_name text NOT NULL,
  password_hash text,
  -- NULL until the mail was written.
  token_hash bytea UNIQUE CHECK (octet_length(token_hash) = 32),
  -- Of the secret that the browser or script holds that signed up: only that one is signed in by the mail's link.
  browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sign_ups_age ON sign_ups (expires_at);
CALL gatewright_wall('sign_ups');

-- What a mail carries, works once and ends by itself.
CREATE TABLE mail_tokens (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  person_id uuid NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('PASSWORD_RESET', 'EMAIL_CHANGE', 'HAND_OVER')),
  -- The new address of an EMAIL_CHANGE.
  email text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX mail_tokens_person ON mail_tokens (tenant_id, person_id);
CREATE INDEX mail_tokens_age ON mail_tokens (expires_at);
CALL gatewright_wall('mail_tokens');

CREATE TABLE invitations (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  email text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('OPERATOR', 'DEVELOPER')),
  role text NOT NULL,
  -- Whose colleague a DEVELOPER becomes.
  customer_id uuid,
  -- Who is waiting, of an OPERATOR.
  operator_id uuid,
  invited_by text NOT NULL,
  token_hash bytea UNIQUE CHECK (octet_length(token_hash) = 32),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
  FOREIGN KEY (tenant_id, operator_id) REFERENCES operators (tenant_id, id) ON DELETE CASCADE,
  CHECK ((kind = 'DEVELOPER') = (customer_id IS NOT NULL)),
  CHECK ((kind = 'OPERATOR') = (operator_id IS NOT NULL))
);
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, kind, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CALL gatewright_wall('invitations');

CREATE TABLE sessions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  -- How the person was known: PASSWORD, TOTP, RECOVERY_CODE, PASSKEY, PROVIDER, MAIL, HAND_OVER.
  methods text[] NOT NULL,
  user_agent text,
  peer_address text,
  created_at timestamptz NOT NULL,
  -- When the person last showed who they are; some things ask that it was recently.
  authenticated_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  -- Whatever happens.
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_because text CHECK (revoked_because IN ('SIGNED_OUT', 'REVOKED', 'REFRESH_REUSED', 'PASSWORD_CHANGED', 'PERSON_DELETED')),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_person ON sessions (tenant_id, person_id);
CREATE INDEX sessions_age ON sessions (expires_at);
CALL gatewright_wall('sessions');

-- One row for each time that a session was renewed; the one that was not replaced works.
CREATE TABLE refresh_tokens (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  session_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  replaced_at timestamptz,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (tenant_id, session_id);
CALL gatewright_wall('refresh_tokens');

-- Somebody whose first factor was right, and who still owes the second.
CREATE TABLE pending_sign_ins (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  person_id uuid NOT NULL,
  methods text[] NOT NULL,
  -- Codes that were tried.
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX pending_sign_ins_person ON pending_sign_ins (tenant_id, person_id);
CREATE INDEX pending_sign_ins_age ON pending_sign_ins (expires_at);
CALL gatewright_wall('pending_sign_ins');

-- Browsers in which somebody signed in before: guessing from elsewhere does not lock them out.
CREATE TABLE known_devices (
  tenant_id uuid NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  person_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, hash, person_id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX known_devices_person ON known_devices (tenant_id, person_id);
CREATE INDEX known_devices_age ON known_devices (last_used_at);
CALL gatewright_wall('known_devices');

-- How often something was tried in a window of time, by a hash of who and what.
CREATE TABLE attempts (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  subject bytea NOT NULL CHECK (octet_length(subject) = 32),
  window_ends_at timestamptz NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (tenant_id, subject)
);
CREATE INDEX attempts_age ON attempts (window_ends_at);
CALL gatewright_wall('attempts');

-- A phone that makes codes (RFC 6238); one for each person.
CREATE TABLE totp_authenticators (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  -- Counts up, so that an earlier sealed copy opens as nothing.
  version integer NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  -- NULL until a code was right once; counts for nothing before.
  confirmed_at timestamptz,
  -- The time step of the last code that was taken: none is taken twice.
  last_step bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, person_id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('totp_authenticators');

CREATE TABLE recovery_codes (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  created_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (tenant_id, person_id, hash),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('recovery_codes');

CREATE TABLE passkeys (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  credential_id bytea NOT NULL,
  -- The public key and what goes with it.
  credential jsonb NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, credential_id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX passkeys_person ON passkeys (tenant_id, person_id);
CALL gatewright_wall('passkeys');

-- A challenge that an authenticator was asked to sign; works once.
CREATE TABLE passkey_ceremonies (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('REGISTRATION', 'SIGN_IN', 'SECOND_FACTOR', 'REAUTHENTICATION', 'INVITATION')),
  -- NULL: whoever has a passkey.
  person_id uuid,
  state jsonb NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX passkey_ceremonies_person ON passkey_ceremonies (tenant_id, person_id);
CREATE INDEX passkey_ceremonies_age ON passkey_ceremonies (expires_at);
CALL gatewright_wall('passkey_ceremonies');

-- Where else people of the tenant can sign in.
CREATE TABLE identity_providers (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('GOOGLE', 'GITHUB', 'OIDC')),
  name text NOT NULL,
  issuer text NOT NULL,
  client_id text NOT NULL,
  secret_version integer NOT NULL DEFAULT 1,
  sealed_secret bytea,
  -- Whether somebody unknown may sign up by it, within what the settings of sign-up allow.
  signs_up boolean NOT NULL DEFAULT true,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'DISABLED')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX identity_providers_name ON identity_providers (tenant_id, lower(name));
CALL gatewright_wall('identity_providers');

-- Who somebody is at a provider.
CREATE TABLE person_identities (
  tenant_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  subject text NOT NULL,
  person_id uuid NOT NULL,
  email text,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  PRIMARY KEY (tenant_id, provider_id, subject),
  UNIQUE (tenant_id, provider_id, person_id),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX person_identities_person ON person_identities (tenant_id, person_id);
CALL gatewright_wall('person_identities');

-- Somebody who was sent to a provider and has not come back.
CREATE TABLE provider_sign_ins (
  tenant_id uuid NOT NULL,
  -- Of `state` (RFC 6749 §10.12).
  state_hash bytea NOT NULL UNIQUE CHECK (octet_length(state_hash) = 32),
  provider_id uuid NOT NULL,
  -- Of the secret that the browser holds that was sent: no other one can come back with the answer.
  browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
  -- Nonce and code verifier (RFC 7636), sealed.
  sealed bytea NOT NULL,
  return_to text NOT NULL,
  -- Who is to get this identity; NULL: whoever it is signs in.
  person_id uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, state_hash),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX provider_sign_ins_provider ON provider_sign_ins (tenant_id, provider_id);
CREATE INDEX provider_sign_ins_age ON provider_sign_ins (expires_at);
CALL gatewright_wall('provider_sign_ins');

ALTER TABLE audit_events DROP CONSTRAINT audit_events_actor_kind_check;
ALTER TABLE audit_events
  ADD CONSTRAINT audit_events_actor_kind_check CHECK (actor_kind IN ('OPERATOR', 'DEVELOPER', 'PERSON', 'INSTALLATION', 'SYSTEM')),
  -- By which session, where it was one.
  ADD COLUMN session_id uuid;

-- Whether developers may subscribe to a plan by themselves, in the portal.
ALTER TABLE plans ADD COLUMN self_service boolean NOT NULL DEFAULT false;
