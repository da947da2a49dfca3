-- API descriptions, their revisions, and what is read of the published one: a row for each operation and schema.

CREATE TABLE api_specs (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  product_id uuid NOT NULL,
  -- Its part of an address.
  slug text NOT NULL,
  spec_format text NOT NULL CHECK (spec_format IN ('OPENAPI_3')),
  visibility text NOT NULL CHECK (visibility IN ('PUBLIC', 'SIGNED_IN')),
  -- Where it is fetched from; NULL: it is uploaded.
  source_url text,
  -- How often it is looked at there; NULL: when somebody asks.
  sync_minutes integer CHECK (sync_minutes >= 5),
  -- The number of the newest revision.
  revisions integer NOT NULL,
  -- What was fetched last, published or not, so that the same is not imported again.
  fetched_sha256 bytea,
  fetched_etag text,
  fetched_last_modified text,
  -- When somebody asked to look at once, and nobody has yet.
  sync_requested_at timestamptz,
  -- When it was last looked at with success; when that last failed, how often in a row, and why.
  synced_at timestamptz,
  sync_failed_at timestamptz,
  sync_failures integer NOT NULL DEFAULT 0,
  sync_error text,
  next_sync_at timestamptz,
  -- What says that somebody may ask to look at once, sealed.
  sync_secret bytea,
  sync_secret_version integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, slug),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
  CHECK (sync_minutes IS NULL OR source_url IS NOT NULL)
);
CREATE INDEX api_specs_due ON api_specs (next_sync_at) WHERE next_sync_at IS NOT NULL;
CREATE INDEX api_specs_product ON api_specs (tenant_id, product_id);
CALL gatewright_wall('api_specs');

CREATE TABLE api_spec_revisions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  spec_id uuid NOT NULL,
  number integer NOT NULL CHECK (number >= 1),
  state text NOT NULL CHECK (state IN ('IMPORTING', 'PUBLISHED', 'REJECTED', 'SUPERSEDED', 'UNCHANGED')),
  cause text NOT NULL CHECK (cause IN ('UPLOAD', 'FETCH', 'SCHEDULE', 'WEBHOOK', 'ROLL_BACK')),
  -- Whose document a ROLL_BACK has.
  from_number integer,
  job_id uuid,
  -- How far each step is, in order.
  steps jsonb NOT NULL DEFAULT '[]',
  findings jsonb NOT NULL DEFAULT '[]',
  -- How many there are, when not all are kept.
  findings_total integer NOT NULL DEFAULT 0,
  -- What changed against the one published before.
  diff jsonb,
  title text NOT NULL DEFAULT '',
  version text NOT NULL DEFAULT '',
  operations integer,
  schemas integer,
  bytes bigint,
  sha256 bytea,
  -- Why the product's contract is not this document.
  contract_note text,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, spec_id, number),
  FOREIGN KEY (tenant_id, spec_id) REFERENCES api_specs (tenant_id, id) ON DELETE CASCADE,
  CHECK ((state = 'IMPORTING') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX api_spec_revisions_published ON api_spec_revisions (tenant_id, spec_id) WHERE state = 'PUBLISHED';
CREATE INDEX api_spec_revisions_importing ON api_spec_revisions (tenant_id, spec_id) WHERE state = 'IMPORTING';
CALL gatewright_wall('api_spec_revisions');

-- What somebody wrote, byte for byte, and what it refers to elsewhere; of the newest revisions.
CREATE TABLE api_spec_documents (
  tenant_id uuid NOT NULL,
  revision_id uuid NOT NULL,
  source bytea NOT NULL,
  media_type text,
  -- Documents of other addresses that it refers to: url and text.
  remotes jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (tenant_id, revision_id),
  FOREIGN KEY (tenant_id, revision_id) REFERENCES api_spec_revisions (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('api_spec_documents');

-- What is read of the published revision. JSON as it is answered, kept as text: nobody asks for a part of it.
CREATE TABLE api_references (
  tenant_id uuid NOT NULL,
  spec_id uuid NOT NULL,
  revision_id uuid NOT NULL,
  title text NOT NULL,
  version text NOT NULL,
  summary text NOT NULL,
  operations integer NOT NULL,
  overview text NOT NULL,
  schemas text NOT NULL,
  document text NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, spec_id),
  FOREIGN KEY (tenant_id, spec_id) REFERENCES api_specs (tenant_id, id) ON DELETE CASCADE
);
CALL gatewright_wall('api_references');

CREATE TABLE api_operations (
  tenant_id uuid NOT NULL,
  spec_id uuid NOT NULL,
  slug text NOT NULL,
  position integer NOT NULL,
  -- Its tag, and what stands before and behind it.
  navigation text NOT NULL,
  operation text NOT NULL,
  PRIMARY KEY (tenant_id, spec_id, slug),
  FOREIGN KEY (tenant_id, spec_id) REFERENCES api_references (tenant_id, spec_id) ON DELETE CASCADE
);
CALL gatewright_wall('api_operations');

CREATE TABLE api_schemas (
  tenant_id uuid NOT NULL,
  spec_id uuid NOT NULL,
  slug text NOT NULL,
  position integer NOT NULL,
  schema text NOT NULL,
  PRIMARY KEY (tenant_id, spec_id, slug),
  FOREIGN KEY (tenant_id, spec_id) REFERENCES api_references (tenant_id, spec_id) ON DELETE CASCADE
);
CALL gatewright_wall('api_schemas');

CREATE TABLE api_search (
  tenant_id uuid NOT NULL,
  spec_id uuid NOT NULL,
  position integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('OPERATION', 'SCHEMA', 'TAG', 'REFERENCE')),
  title text NOT NULL,
  context text NOT NULL,
  path text NOT NULL,
  excerpt text NOT NULL,
  -- What somebody may type who knows what they want, in lower case: an operation's id, its path, a schema's name.
  exact text[] NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (tenant_id, spec_id, position),
  FOREIGN KEY (tenant_id, spec_id) REFERENCES api_references (tenant_id, spec_id) ON DELETE CASCADE
);
CREATE INDEX api_search_words ON api_search USING gin (words);
CREATE INDEX api_search_exact ON api_search USING gin (exact);
CALL gatewright_wall('api_search');

-- Searches what one tenant has published. `@@` is not leakproof, so under the wall no index serves it. This function runs as
-- the schema's owner, to whom the wall shows every row (as to backups), and holds the wall by itself: it looks at the rows of
-- the transaction's tenant only.
CREATE FUNCTION gatewright_search_docs(query text, plain text, reference uuid, signed_in boolean, most integer)
  RETURNS TABLE (kind text, title text, context text, path text, excerpt text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
  AS $$
    SELECT found.kind, found.title, found.context, found.path, found.excerpt
    FROM api_search AS found JOIN api_specs AS spec ON spec.tenant_id = found.tenant_id AND spec.id = found.spec_id
    WHERE found.tenant_id = gatewright_tenant()
      AND (reference IS NULL OR found.spec_id = reference)
      AND (signed_in OR spec.visibility = 'PUBLIC')
      AND (found.words @@ (to_tsquery('simple', query) || to_tsquery('english', query)) OR found.exact @> ARRAY[plain])
    ORDER BY
      ts_rank('{0.05, 0.2, 0.4, 1.0}', found.words, to_tsquery('simple', query) || to_tsquery('english', query))
        + CASE WHEN found.exact @> ARRAY[plain] THEN 4 ELSE 0 END
        + CASE WHEN lower(found.title) = plain THEN 3 WHEN starts_with(lower(found.title), plain) THEN 1 ELSE 0 END
        + CASE found.kind WHEN 'OPERATION' THEN 0.2 WHEN 'TAG' THEN 0.1 ELSE 0 END DESC,
      found.spec_id, found.position
    LIMIT most
  $$;
REVOKE ALL ON FUNCTION gatewright_search_docs FROM public;
GRANT EXECUTE ON FUNCTION gatewright_search_docs TO gatewright_app;
