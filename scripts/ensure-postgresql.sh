#!/bin/sh
# Makes sure that PostgreSQL's programs are on this machine; Gatewright runs a private server with
# them (crates/database/src/embedded). Silent when they are there. Installs them from the system's own
# packages otherwise, without starting a server of the system's. When it cannot, it prints one line
# that says what to install, and exits with 1.
#
# GATEWRIGHT_ROOT    looks below this directory instead of / (for tests)
# GATEWRIGHT_DRY_RUN prints the commands instead of running them (for tests)
set -eu

oldest=14
root=${GATEWRIGHT_ROOT:-}

# Whether a directory holds the server and initdb, new enough. The same places as installation.rs.
has_postgresql() {
    [ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 1
    major=$("$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9]\{1,\}\).*/\1/p')
    [ -n "$major" ] && [ "$major" -ge "$oldest" ]
}

find_postgresql() {
    for bin in "$root"/usr/lib/postgresql/*/bin "$root"/usr/pgsql-*/bin "$root"/usr/lib/postgresql*/bin \
        "$root"/usr/libexec/postgresql* "$root"/opt/homebrew/opt/postgresql*/bin \
        "$root"/usr/local/opt/postgresql*/bin "$root"/Applications/Postgres.app/Contents/Versions/*/bin \
        "$root"/usr/local/pgsql*/bin; do
        if has_postgresql "$bin"; then return 0; fi
    done
    old_ifs=$IFS
    IFS=:
    # shellcheck disable=SC2086 # split at the colons
    set -- $PATH
    IFS=$old_ifs
    for bin; do
        case $bin in /*) if has_postgresql "$root$bin"; then return 0; fi ;; esac
    done
    return 1
}

give_up() {
    echo "Gatewright needs PostgreSQL $oldest or newer: $1, or set GATEWRIGHT_DATABASE_URL to a server of yours." >&2
    exit 1
}

# Runs a command as root, never asking for a password unless someone is there to type it.
as_root() {
    if [ -n "${GATEWRIGHT_DRY_RUN:-}" ]; then
        echo "$*"
    elif [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null 2>&1; then
        return 1
    elif [ -t 0 ] && [ -t 2 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Whether as_root can do what it is asked.
can_be_root() {
    [ -n "${GATEWRIGHT_DRY_RUN:-}" ] || [ "$(id -u)" -eq 0 ] || as_root true
}

# Debian's packages create and start a cluster of their own, unless postgresql-common is told
# otherwise before the server is installed:
# https://manpages.debian.org/stable/postgresql-common/pg_createcluster.1.en.html
install_with_apt() {
    # A broken list of someone else's packages is no reason to stop.
    as_root apt-get update -q || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql-common &&
        as_root sed -i -e '/^#* *create_main_cluster *=/d' -e '$a create_main_cluster = false' \
            "$root/etc/postgresql-common/createcluster.conf" &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql
}

if find_postgresql; then exit 0; fi

# The packages of the other systems install programs only; a cluster is up to whoever wants one.
if command -v apt-get >/dev/null 2>&1; then
    hint='run `apt-get install postgresql` as root'
    install=install_with_apt
elif command -v dnf >/dev/null 2>&1; then
    hint='run `dnf install postgresql-server` as root'
    install='as_root dnf install -y postgresql-server'
elif command -v apk >/dev/null 2>&1; then
    hint='run `apk add postgresql` as root'
    install='as_root apk add postgresql'
elif command -v pacman >/dev/null 2>&1; then
    hint='run `pacman -S postgresql` as root'
    install='as_root pacman -S --noconfirm --needed postgresql'
elif command -v zypper >/dev/null 2>&1; then
    hint='run `zypper install postgresql-server` as root'
    install='as_root zypper --non-interactive install postgresql-server'
elif command -v brew >/dev/null 2>&1; then
    hint='run `brew install postgresql@17`'
    install='brew install postgresql@17'
    if [ -n "${GATEWRIGHT_DRY_RUN:-}" ]; then install="echo $install"; fi
else
    give_up "install it with this system's packages"
fi

case $install in
    brew* | echo*) ;; # Homebrew refuses to run as root
    *) can_be_root || give_up "$hint" ;;
esac
echo "PostgreSQL $oldest or newer is not installed: installing it from this system's packages" >&2
$install || give_up "$hint"
if [ -z "${GATEWRIGHT_DRY_RUN:-}" ]; then
    find_postgresql || give_up "what this system's packages have is older; see https://www.postgresql.org/download/"
fi
