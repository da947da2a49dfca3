#!/bin/sh
# Makes sure that tests find Google's own client of Apigee, to judge the fake Apigee and our connector: PyPI's
# google-api-python-client, in a virtual environment below target/. Silent when it is there. Where it cannot be installed, it
# says so and those tests are skipped.
set -eu

cd "$(dirname "$0")/.."
version=2.202.0
stamp=target/python/google-api-python-client-$version
[ -e "$stamp" ] && exit 0
if python3 -m venv target/python 2>/dev/null &&
  timeout 240 target/python/bin/pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
    "google-api-python-client==$version" 2>/dev/null; then
  touch "$stamp"
else
  echo "ensure-google-api-client.sh: Python or PyPI is missing; tests with Google's client of Apigee are skipped" >&2
fi
