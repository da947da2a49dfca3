#!/bin/sh
# Makes sure that `make bench` finds, below target/renderers, what shows an API description in the browser (Scalar, Redoc, Swagger
# UI) and Lighthouse, all from npm. Silent when they are there. What cannot be installed is said, and is not measured.
set -eu

cd "$(dirname "$0")/.."
folder=target/renderers
stamp=$folder/scalar-1.72.1-redoc-2.5.4-swagger-ui-5.35.0-lighthouse-12.8.2
[ -e "$stamp" ] && exit 0
mkdir -p "$folder"
# A registry that cannot be reached is not waited for: npm alone would try for many minutes.
if timeout 400 scripts/ensure-node.sh npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
    --fetch-retries=1 --fetch-timeout=20000 --legacy-peer-deps \
    @scalar/api-reference@1.72.1 redoc@2.5.4 swagger-ui-dist@5.35.0 lighthouse@12.8.2 >/dev/null 2>&1; then
    touch "$stamp"
else
    echo "ensure-renderers.sh: Node.js or npm's registry is missing; other renderers and Lighthouse are not measured" >&2
fi
