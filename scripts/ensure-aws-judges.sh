#!/bin/sh
# Makes sure that tests find what judges the AWS connector and the fake AWS, none of it ours: PyPI's boto3 (AWS's own client,
# whose botocore recomputes signatures), moto (a server that plays API Gateway) and ministack (whose stages admit by usage
# plan), in virtual environments below target/. Silent when they are there. What cannot be installed is said, and its tests
# are skipped.
set -eu

cd "$(dirname "$0")/.."

# Into environment $1 the packages that follow; $2 stamps that they are there.
ensure() {
  folder=target/$1
  stamp=$folder/$2
  shift 2
  [ -e "$stamp" ] && return
  if python3 -m venv "$folder" 2>/dev/null &&
    timeout 300 "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" 2>/dev/null; then
    touch "$stamp"
  else
    echo "ensure-aws-judges.sh: Python or PyPI is missing; tests with $* are skipped" >&2
  fi
}

ensure python-aws boto3-1.44.5-moto-5.2.5 boto3==1.44.5 "moto[server]==5.2.5"
ensure python-ministack ministack-1.5.33 ministack==1.5.33
