# Gatewright. `make run` shows it, `make test` proves it; the rest is for those who change it.

SHELL := /bin/sh
CARGO ?= cargo
# Queries are checked against .sqlx, never against a database that happens to be named in the environment.
export SQLX_OFFLINE := true
unexport DATABASE_URL

.PHONY: run web e2e test conformance check bench fmt soak prepare generate package ensure ensure-mail ensure-judges ensure-openid ensure-redis

run: ensure web ## Build and show the main job: a tenant, a product, a subscription, a key that works
	@$(CARGO) build --release --locked -p gatewright $(if $(findstring --with-vendors,$(ARGS)),-p gatewright-vendor-fakes)
	@exec target/release/gatewright demo $(ARGS)

web: ## Build the pages' style sheets and scripts into web/dist
	@scripts/build-web.sh

test: ensure web ensure-mail ensure-judges ensure-openid ensure-redis ## Run every test on real PostgreSQL, and the pages in a browser
	scripts/with-postgres.sh $(CARGO) test --workspace --locked --no-fail-fast
	@$(MAKE) --no-print-directory e2e

e2e: ensure web ## The pages in Chromium, against a demo of its own; ARGS=--test-name-pattern=… for some
	@scripts/ensure-chromium.sh
	$(CARGO) build --locked -p gatewright
	scripts/ensure-node.sh node --test --test-concurrency=1 $(ARGS) web/e2e/

conformance: ensure ensure-judges ## What other vendors' descriptions, clients and stand-ins say of the connectors; part of `make test`
	$(CARGO) test --locked --no-fail-fast -p gatewright-connectors -p gatewright-vendor-fakes
	scripts/with-postgres.sh $(CARGO) test --locked -p gatewright --test it -- conform

soak: ensure ensure-mail ensure-judges ensure-openid ensure-redis ## The long forms of the tests
	GATEWRIGHT_TEST_SOAK=1 PROPTEST_CASES=20000 scripts/with-postgres.sh $(CARGO) test --workspace --locked --release -- --include-ignored

check: ensure ## Format, lints, docs, layers, licenses, unused dependencies, generated files
	$(CARGO) fmt --all --check
	scripts/build-web.sh --strict
	cd web && ../scripts/ensure-node.sh npm run --silent check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet
	python3 scripts/check-dependencies.py --self-test
	python3 scripts/check-dependencies.py
	$(CARGO) run --quiet --locked -p gatewright -- openapi | diff -u openapi/gatewright.json - >&2
	$(CARGO) run --quiet --locked -p gatewright -- apply --schema | diff -u openapi/tenant.schema.json - >&2
	$(CARGO) run --quiet --locked -p gatewright -- roles | diff -u docs/roles.md - >&2
	scripts/with-postgres.sh scripts/prepare.sh --check

generate: ## Rewrite openapi/ and docs/roles.md from the code
	$(CARGO) run --quiet -p gatewright -- openapi > openapi/gatewright.json.new
	mv openapi/gatewright.json.new openapi/gatewright.json
	$(CARGO) run --quiet -p gatewright -- apply --schema > openapi/tenant.schema.json.new
	mv openapi/tenant.schema.json.new openapi/tenant.schema.json
	$(CARGO) run --quiet -p gatewright -- roles > docs/roles.md.new
	mv docs/roles.md.new docs/roles.md

prepare: ensure ## Rewrite .sqlx from the queries and the migrations
	scripts/with-postgres.sh scripts/prepare.sh

package: ## Make a Debian package in target/packages
	$(CARGO) build --profile dist --locked -p gatewright
	scripts/package-deb.sh target/dist/gatewright target/packages

bench: ensure ## Measure beside the peers; prints tables and writes target/bench/*.json
	bench/install-peers.sh
	$(CARGO) build --profile dist --locked -p gatewright -p gatewright-vendor-fakes
	python3 bench/run.py $(ARGS)
	python3 bench/subscribe.py
	python3 bench/orchestration.py
	scripts/ensure-openapi-samples.sh
	python3 bench/portal.py
	scripts/ensure-renderers.sh
	python3 bench/portal_web.py

fmt: ## Format
	$(CARGO) fmt --all

ensure:
	@scripts/ensure-postgresql.sh

ensure-mail:
	@scripts/ensure-aiosmtpd.sh

ensure-judges:
	@scripts/ensure-aio-kong.sh
	@scripts/ensure-anypoint-sdk.sh
	@scripts/ensure-aws-judges.sh
	@scripts/ensure-google-api-client.sh
	@scripts/ensure-azure-sdk.sh
	@scripts/ensure-prism.sh
	@scripts/ensure-samples.sh
	@scripts/ensure-openapi-samples.sh

ensure-openid:
	@scripts/ensure-oidc-provider.sh

ensure-redis:
	@scripts/ensure-redis.sh
