#!/bin/sh
# Builds style sheets and scripts into web/dist, which crates/pages embeds. Does nothing when neither sources nor lockfile
# changed. Where there is no Node.js the pages are built with the style sheets alone, and it says so; --strict fails instead.
set -eu

cd "$(dirname "$0")/../web"
sources() {
    find . ../crates/spec/src/samples \( -name node_modules -o -name dist -o -name e2e -o -name tests -o -name '*.rs' \) -prune \
        -o -type f -print | LC_ALL=C sort
}
stamp=$(sources | xargs cat | sha256sum | cut -d' ' -f1)
if [ -s dist/assets.tsv ] && [ "$(cat dist/stamp 2>/dev/null)" = "$stamp" ]; then exit 0; fi

build() {
    ../scripts/ensure-node.sh ../scripts/install-web.sh && ../scripts/ensure-node.sh npm run --silent build >&2
}
if build; then
    echo "$stamp" >dist/stamp
elif [ "${1:-}" = --strict ]; then
    exit 1
else
    echo "build-web.sh: pages come without their scripts: no passkeys, and the theme changes by reloading" >&2
fi
