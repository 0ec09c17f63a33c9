#!/usr/bin/env bash
# Builds the small guest: Debian's cloud kernel and busybox on a partitioned 2 GiB disk that
# boots under BIOS (syslinux) and UEFI (systemd-boot) within seconds, even under emulation.
#
#   small.sh OUTPUT [--format raw|qcow2]
#
# Needs no root, no loop devices and no mounts. The packages it needs are listed in `packages`;
# the downloaded ones are kept in RATOON_LAB_CACHE. The same inputs give the same bytes, and an
# output that was made from the same inputs is left as it is.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
cache=${RATOON_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ratoon-lab}

disk_mib=2048
esp_mib=63 # after the first MiB, which holds the partition table
root_start_mib=64
root_mib=$((disk_mib - root_start_mib - 1)) # the last MiB holds the table's second copy
disk_uuid=7261746f-6f6e-4000-8000-000000000000
root_uuid=7261746f-6f6e-4000-8000-000000000001
esp_serial=7261746f

export SOURCE_DATE_EPOCH=1767225600 # 2026-01-01: any fixed moment will do
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC PATH=$PATH:/usr/sbin:/sbin

die() {
  echo "small.sh: $*" >&2
  exit 1
}

parse_arguments() {
  format=qcow2 output=
  while (($#)); do
    case $1 in
      --format) format=${2:-} && shift ;;
      -*) die "unknown option $1" ;;
      *) output=$1 ;;
    esac
    shift
  done
  [[ -n $output ]] || die 'usage: small.sh OUTPUT [--format raw|qcow2]'
  [[ $format == raw || $format == qcow2 ]] || die "format must be raw or qcow2, not '$format'"
}

require_tools() {
  local tool missing=()
  for tool in mke2fs debugfs sfdisk mformat mcopy qemu-img dpkg-deb apt-get; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) || die "missing: ${missing[*]} (see $here/packages)"
}

# Digest of all of ours that decides what the image contains.
inputs_digest() {
  (cd "$here" && find small.sh packages small -type f -print0 | sort -z | xargs -0 sha256sum &&
    echo "$format") | sha256sum | cut -d' ' -f1
}

packages_to_unpack() {
  awk '$1 == "small" && $2 == "unpacked" { print $3 }' "$here/packages"
}

# The name behind linux-image-cloud-amd64, which is empty itself; others stand for themselves.
real_package() {
  local name=$1
  [[ $name != linux-image-cloud-amd64 ]] ||
    name=$(apt-cache depends "$name" | awk '$1 == "Depends:" { print $2; exit }')
  echo "${name:?apt knows no $1; try apt-get update}"
}

# Leaves the downloaded packages in $debs; downloads them only once for each list of packages.
fetch_packages() {
  local name names=()
  debs=$cache/debs-$(packages_to_unpack | sha256sum | cut -c1-12)
  [[ ! -d $debs ]] || return 0
  for name in $(packages_to_unpack); do names+=("$(real_package "$name")"); done
  mkdir "$work/debs"
  (cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root download "${names[@]}") ||
    die "cannot download ${names[*]}; try apt-get update"
  mkdir -p "$cache"
  mv -T "$work/debs" "$debs" 2>/dev/null || [[ -d $debs ]] # another run may have been faster
}

unpack_packages() {
  local file
  for file in "$debs"/*.deb; do dpkg-deb -x "$file" "$work/packages"; done
  busybox=$work/packages/bin/busybox
  kernel_version=$(ls "$work/packages/lib/modules")
}

# One time stamp for all files, so that the image depends on their content alone.
settle_times() {
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# Copies the drivers that the initramfs names, and all that they depend on.
copy_drivers() {
  local modules=lib/modules/$kernel_version driver
  "$busybox" depmod -b "$work/packages" "$kernel_version"
  while read -r driver; do
    grep "/$driver\.ko:" "$work/packages/$modules/modules.dep" || die "the kernel has no driver $driver"
  done <"$here/small/initramfs/etc/drivers" >"$work/modules.dep"
  (cd "$work/packages" && tr -d ':' <"$work/modules.dep" | tr ' ' '\n' | sort -u | sed '/./!d' |
    sed "s,^,$modules/," | xargs cp --parents -t "$1")
  "$busybox" depmod -b "$1" "$kernel_version"
}

make_initramfs() {
  local tree=$work/initramfs
  mkdir -p "$tree"/{bin,dev,proc,sys,root}
  cp -r "$here/small/initramfs/." "$tree"
  cp "$busybox" "$tree/bin/"
  ln -s busybox "$tree/bin/sh"
  copy_drivers "$tree"
  settle_times "$tree"
  (cd "$tree" && find . | sort | "$busybox" cpio -o -H newc -R 0:0 --renumber-inodes --ignore-devno 2>/dev/null | gzip -n) >"$work/initrd"
}

make_root() {
  local tree=$work/root applet
  mkdir -p "$tree"/{bin,dev,proc,sys,run,mnt,tmp,root,var/lib,var/log}
  cp -r "$here/small/root/." "$tree"
  cp "$busybox" "$tree/bin/"
  for applet in $("$busybox" --list); do
    [[ $applet == busybox ]] || ln -s busybox "$tree/bin/$applet"
  done
  ln -s ../bin/busybox "$tree/sbin/init"
  echo small >"$tree/etc/hostname"
  echo 0 >"$tree/var/lib/boots"
  settle_times "$tree"
  # Tables complete from the start, or the guest would fill them in behind our back.
  mke2fs -q -t ext4 -F -d "$tree" -L ratoon-root -U "$root_uuid" -m 0 -N 8192 -J size=8 \
    -E "offset=$((root_start_mib << 20)),hash_seed=$root_uuid,lazy_itable_init=0,lazy_journal_init=0" \
    "$work/disk.raw" "${root_mib}M"
  settle_change_times "$work/disk.raw?offset=$((root_start_mib << 20))"
}

# mke2fs copies the moment each file was made here; no touch can alter that, debugfs can.
settle_change_times() {
  local inode last
  last=$(find "$work/root" | wc -l) # and the ten reserved inodes and lost+found
  for ((inode = 2; inode <= last + 11; inode++)); do
    echo "set_inode_field <$inode> ctime @$SOURCE_DATE_EPOCH"
  done | debugfs -w -f - "$1" >/dev/null 2>&1
}

# The EFI system partition; the BIOS starts from it too.
make_esp() {
  local esp=$work/esp.fat files=$work/esp boot=$work/packages/usr/lib
  truncate -s "${esp_mib}M" "$esp"
  mformat -i "$esp" -F -c 1 -T "$((esp_mib * 2048))" -h 64 -s 32 -H 2048 -N "$esp_serial" -v RATOON ::
  mkdir -p "$files/EFI/BOOT"
  cp -r "$here/small/esp/." "$files"
  cp "$boot/systemd/boot/efi/systemd-bootx64.efi" "$files/EFI/BOOT/BOOTX64.EFI"
  cp "$work/packages/boot/vmlinuz-$kernel_version" "$files/vmlinuz"
  cp "$work/initrd" "$files/initrd"
  settle_times "$files"
  mcopy -i "$esp" -s -m "$files"/* ::
  "$work/packages/usr/bin/syslinux" --install "$esp"
  dd if="$esp" of="$work/disk.raw" bs=1M seek=1 conv=notrunc,sparse status=none
}

make_disk() {
  local disk=$work/disk.raw
  truncate -s "${disk_mib}M" "$disk"
  sfdisk -q "$disk" <<TABLE
label: gpt
label-id: $disk_uuid
start=1MiB, size=${esp_mib}MiB, type=U, uuid=${disk_uuid%0}2, attrs=LegacyBIOSBootable
start=${root_start_mib}MiB, size=${root_mib}MiB, type=L, uuid=${disk_uuid%0}3
TABLE
  dd if="$work/packages/usr/lib/SYSLINUX/gptmbr.bin" of="$disk" conv=notrunc status=none
  make_esp
  make_root
}

# The finished file appears under its name whole, or not at all.
publish() {
  qemu-img convert -f raw -O "$format" "$work/disk.raw" "$output.part"
  mv "$output.part" "$output"
  echo "$digest" >"$output.inputs"
}

parse_arguments "$@"
digest=$(inputs_digest)
if [[ -e $output && $(cat "$output.inputs" 2>/dev/null) == "$digest" ]]; then exit 0; fi
require_tools
work=$(mktemp -d "${TMPDIR:-/tmp}/small-guest.XXXXXX")
trap 'rm -rf "$work" "$output.part"' EXIT
fetch_packages
unpack_packages
make_initramfs
make_disk
publish
