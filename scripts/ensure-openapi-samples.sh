#!/bin/sh
# Makes sure that tests find API descriptions that others wrote, below target/openapi-samples: npm's @octokit/openapi
# (GitHub), @blockfrost/openapi and @readme/oas-examples; and PyPI's openapi-spec-validator, which has the second opinion.
# Silent when they are there. What cannot be installed is said, and its tests are skipped.
set -eu

cd "$(dirname "$0")/.."
folder=target/openapi-samples
stamp=$folder/octokit-23.0.2-blockfrost-0.1.93-readme-8.2.2
if [ ! -e "$stamp" ]; then
  mkdir -p "$folder"
  # A registry that cannot be reached is not waited for: npm alone would try for many minutes.
  if timeout 240 npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
    --fetch-retries=1 --fetch-timeout=20000 \
    @octokit/openapi@23.0.2 @blockfrost/openapi@0.1.93 @readme/oas-examples@8.2.2 >/dev/null 2>&1; then
    touch "$stamp"
  else
    echo "ensure-openapi-samples.sh: node or npm's registry is missing; tests on others' descriptions are skipped" >&2
  fi
fi

folder=target/python-openapi
stamp=$folder/openapi-spec-validator-0.9.0
if [ ! -e "$stamp" ]; then
  if python3 -m venv "$folder" 2>/dev/null &&
    timeout 300 "$folder/bin/pip" install --quiet --disable-pip-version-check openapi-spec-validator==0.9.0 2>/dev/null; then
    touch "$stamp"
  else
    echo "ensure-openapi-samples.sh: Python or PyPI is missing; the second opinion on descriptions is skipped" >&2
  fi
fi
