#!/bin/sh
# Makes sure that tests find a real Redis, from the system's packages; no server of the system's is started.
# Silent when it is there. Where it cannot be installed, it says so and the tests that need it are skipped.
set -eu

command -v redis-server >/dev/null 2>&1 && exit 0
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}
install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    # RUNLEVEL=1 keeps the package from starting a server of its own (invoke-rc.d).
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends redis-server
}
install >/dev/null 2>&1 || (as_root apt-get update -q && install) >/dev/null 2>&1 ||
    echo "ensure-redis.sh: redis-server cannot be installed; tests of what nodes share are skipped" >&2
