#!/bin/sh
# Makes sure that tests find a client of Anypoint that is not ours, to judge the fake: PyPI's anypoint-sdk, in a virtual
# environment below target/. Silent when it is there. Where it cannot be installed, it says so and those tests are skipped.
set -eu

cd "$(dirname "$0")/.."
version=0.3.2
stamp=target/anypoint/sdk-$version
[ -e "$stamp" ] && exit 0
# A registry that cannot be reached is not waited for.
if python3 -m venv target/anypoint 2>/dev/null &&
  timeout 240 target/anypoint/bin/pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
    "anypoint-sdk==$version" 2>/dev/null; then
  touch "$stamp"
else
  echo "ensure-anypoint-sdk.sh: Python or PyPI is missing; tests with a client of Anypoint that is not ours are skipped" >&2
fi
