#!/bin/sh
# package-deb.sh BINARY FOLDER: makes a Debian package of a built program; prints its path.
#
# GATEWRIGHT_PACKAGE_COMPRESSION: arguments for dpkg-deb, for tests that have no time ("-Zgzip -z1").
set -eu

binary=$1
folder=$2
here=$(cd "$(dirname "$0")/.." && pwd)
[ -x "$binary" ] || { echo "package-deb.sh: $binary is not a program" >&2; exit 1; }
command -v dpkg-deb >/dev/null || { echo "package-deb.sh: dpkg-deb is not installed" >&2; exit 1; }

version=$("$binary" --version | awk '{ print $2 }')
arch=$(dpkg --print-architecture)
# What the program was linked with is the oldest that it may meet.
libc=$(dpkg-query -W -f '${Version}' libc6 2>/dev/null | sed 's/-.*//')
# The same content gives the same package.
: "${SOURCE_DATE_EPOCH:=$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)}"
export SOURCE_DATE_EPOCH

mkdir -p "$folder"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
put() { install -D -m "$1" "$2" "$tree/$3"; }

put 755 "$binary" usr/bin/gatewright
if command -v strip >/dev/null; then strip --strip-unneeded "$tree/usr/bin/gatewright"; fi
put 644 "$here/packaging/gatewright.service" usr/lib/systemd/system/gatewright.service
put 644 "$here/packaging/gatewright.sysusers" usr/lib/sysusers.d/gatewright.conf
put 644 "$here/crates/gatewright/config.default.toml" etc/gatewright/gatewright.toml
sed -i 's|^#data_dir = .*|data_dir = "/var/lib/gatewright/data"|' "$tree/etc/gatewright/gatewright.toml"
for page in README.md CHANGELOG.md docs/operating.md; do
  put 644 "$here/$page" "usr/share/doc/gatewright/$(basename "$page")"
done
put 644 "$here/LICENSE" usr/share/doc/gatewright/copyright

mkdir "$tree/DEBIAN"
for script in postinst prerm postrm; do put 755 "$here/packaging/deb/$script" "DEBIAN/$script"; done
echo /etc/gatewright/gatewright.toml >"$tree/DEBIAN/conffiles"
(cd "$tree" && find usr -type f -exec md5sum {} +) | LC_ALL=C sort -k2 >"$tree/DEBIAN/md5sums"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: gatewright
Version: $version
Architecture: $arch
Maintainer: The Gatewright authors <gatewright@localhost>
Installed-Size: $(du -sk "$tree" | cut -f1)
Depends: libc6 (>= ${libc:-2.36}), libgcc-s1, passwd
Recommends: postgresql (>= 14)
Suggests: systemd
Section: net
Priority: optional
Description: API gateway with a control plane for products, plans, customers and keys
 Gatewright stands in front of a company's services, admits the API keys that its
 control plane has made, and refuses them from the moment a subscription ends.
 Without a database of yours it runs a private PostgreSQL from the installation
 on this machine.
CONTROL

package=$folder/gatewright_${version}_$arch.deb
# shellcheck disable=SC2086 # several arguments
dpkg-deb --build --root-owner-group ${GATEWRIGHT_PACKAGE_COMPRESSION:-} "$tree" "$package" >/dev/null
echo "$package"
