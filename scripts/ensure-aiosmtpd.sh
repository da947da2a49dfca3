#!/bin/sh
# Makes sure that tests find a mail server to judge our mails: PyPI's aiosmtpd, in a virtual environment below target/.
# Silent when it is there. Where it cannot be installed, it says so and the tests that need it are skipped.
set -eu

cd "$(dirname "$0")/.."
version=1.4.6
stamp=target/python/aiosmtpd-$version
[ -e "$stamp" ] && exit 0
if python3 -m venv target/python 2>/dev/null &&
  target/python/bin/pip install --quiet --disable-pip-version-check "aiosmtpd==$version" 2>/dev/null; then
  touch "$stamp"
else
  rm -rf target/python
  echo "ensure-aiosmtpd.sh: Python or PyPI is missing; tests of mails to a mail server are skipped" >&2
fi
