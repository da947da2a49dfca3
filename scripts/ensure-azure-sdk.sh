#!/bin/sh
# Makes sure that tests find a client of Azure API Management that is not ours, to judge the fake and the connector: PyPI's
# azure-mgmt-apimanagement, in a virtual environment below target/. Silent when it is there. Where it cannot be installed, it
# says so and those tests are skipped.
set -eu

cd "$(dirname "$0")/.."
version=5.0.0
stamp=target/azure/sdk-$version
[ -e "$stamp" ] && exit 0
# A registry that cannot be reached is not waited for.
if python3 -m venv target/azure 2>/dev/null &&
  timeout 240 target/azure/bin/pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
    "azure-mgmt-apimanagement==$version" "azure-core==1.41.0" "azure-mgmt-core==1.6.0" 2>/dev/null; then
  touch "$stamp"
else
  echo "ensure-azure-sdk.sh: Python or PyPI is missing; tests with Azure's own client are skipped" >&2
fi
