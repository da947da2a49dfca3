#!/bin/sh
# Makes sure that there is a Chromium for the tests of the pages. Silent when it is there; installs it with apt otherwise.
# When it cannot, it prints one line that says what to install, and exits with 1.
set -eu

find_chromium() {
    [ -n "${GATEWRIGHT_TEST_CHROMIUM:-}" ] && return 0
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif [ -t 0 ] && [ -t 2 ]; then sudo "$@"; else sudo -n "$@"; fi
}

if find_chromium; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    echo "Chromium is not installed: installing it from this system's packages" >&2
    as_root apt-get update -q >&2 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium >&2 || true
fi
if ! find_chromium; then
    echo "The tests of the pages need Chromium; install it, or set GATEWRIGHT_TEST_CHROMIUM to its path." >&2
    exit 1
fi
