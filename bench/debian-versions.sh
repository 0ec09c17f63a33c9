#!/usr/bin/env bash
# Builds two versions of a Debian 12 image, as raw disks of 2 GiB with an ext4 file system each:
#
#   debian-versions.sh FOLDER
#
#   old.raw       without security updates
#   rebuilt.raw   the same packages with them, built anew
#   upgraded.raw  a copy of old.raw, upgraded in place as an operator does it: apt full-upgrade and
#                 autoremove, caches emptied, trimmed
#
# Takes five minutes and 500 MB from Debian's mirrors (DEBIAN_MIRROR, DEBIAN_SECURITY_MIRROR). Images
# that were made by the same recipe are left as they are; to get today's updates, remove them.
# Needs root, for loop mounts and chroot.
set -euo pipefail

suite=bookworm
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security_mirror=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
packages=linux-image-cloud-amd64,systemd-sysv,systemd-resolved,openssh-server,cloud-init,ca-certificates,curl,sudo,python3-yaml,rsync,vim,git,gnupg,man-db,locales
disk_uuid=7261746f-6f6e-4000-8000-000000000002
size=2G

export SOURCE_DATE_EPOCH=1767225600 # 2026-01-01: any fixed moment will do
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
export LC_ALL=C.UTF-8 TZ=UTC PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

folder=${1:?usage: $(basename "$0") FOLDER}
digest=$(sha256sum <"$(readlink -f "$0")" | cut -d' ' -f1)
mkdir -p "$folder"
if [[ ! -e $folder/recipe || $(<"$folder/recipe") != "$digest" ]]; then
  rm -f "$folder"/{old,rebuilt,upgraded}.raw
  echo "$digest" >"$folder/recipe"
fi
is_there() { [[ -e $folder/$1.raw ]]; }
if is_there old && is_there rebuilt && is_there upgraded; then exit 0; fi
((EUID == 0)) || die 'needs root, for loop mounts and chroot'
for tool in mmdebstrap mke2fs fstrim; do
  command -v "$tool" >/dev/null || die "missing: $tool (apt-get install mmdebstrap e2fsprogs util-linux)"
done

work=$(mktemp -d "$folder/work.XXXXXX")
mounted=()
clean_up() {
  local i
  for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do umount "${mounted[i]}" || true; done
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

old_lines=("deb $mirror $suite main")
new_lines=("${old_lines[@]}" "deb $security_mirror $suite-security main")

# build NAME LINE...: an image with what these lines of sources.list offer.
build() {
  local name=$1
  shift
  echo "Building $name.raw"
  mmdebstrap --quiet --mode=root --variant=important --include="$packages" \
    --customize-hook='rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname"; echo uninitialized >"$1/etc/machine-id"' \
    "$suite" "$work/root" - < <(printf '%s\n' "$@")
  truncate -s "$size" "$work/$name.raw"
  mke2fs -q -t ext4 -d "$work/root" -U "$disk_uuid" \
    -E "hash_seed=$disk_uuid,lazy_itable_init=0,lazy_journal_init=0" "$work/$name.raw"
  rm -rf --one-file-system "$work/root"
}

mount_in() {
  mount "$@"
  mounted+=("${!#}")
}

# Upgrades an image in place, like a machine that runs from it.
upgrade() {
  local disk=$1 root=$work/mounted mount
  echo "Upgrading $(basename "$disk")"
  mkdir "$root"
  mount_in -o loop "$disk" "$root"
  mount_in -t proc proc "$root/proc"
  mount_in -t sysfs -o ro sysfs "$root/sys"
  mount_in --bind /dev "$root/dev"
  mount_in -t tmpfs tmpfs "$root/run"
  mkdir -p "$root/run/systemd/resolve"
  cp /etc/resolv.conf "$root/run/systemd/resolve/stub-resolv.conf" # where the image's own link leads
  printf '%s\n' "${new_lines[@]}" >"$root/etc/apt/sources.list"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # starts no services
  chmod +x "$root/usr/sbin/policy-rc.d"
  chroot "$root" sh -ec '
    apt-get -qq update
    apt-get -qq -y full-upgrade
    apt-get -qq -y autoremove --purge
    apt-get -qq clean
    rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d' >"$work/upgrade.log" 2>&1 ||
    die "the upgrade failed: $(tail -5 "$work/upgrade.log")"
  sync -f "$root" # only what the journal has freed can be trimmed
  fstrim "$root"
  for ((mount = ${#mounted[@]} - 1; mount >= 0; mount--)); do umount "${mounted[mount]}"; done
  mounted=()
}

# A finished image appears under its name whole, or not at all.
publish() { mv "$work/$1.raw" "$folder/$1.raw"; }

if ! is_there old; then
  rm -f "$folder/upgraded.raw"
  build old "${old_lines[@]}"
  publish old
fi
if ! is_there rebuilt; then
  build rebuilt "${new_lines[@]}"
  publish rebuilt
fi
if ! is_there upgraded; then
  cp --sparse=always "$folder/old.raw" "$work/upgraded.raw"
  upgrade "$work/upgraded.raw"
  publish upgraded
fi
