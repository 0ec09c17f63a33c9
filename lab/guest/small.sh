#!/usr/bin/env bash
# Builds the small guest: Debian's cloud kernel and busybox. It boots within seconds, even under
# emulation.
#
#   small.sh OUTPUT [--format raw|qcow2]
#
# Needs no root. The packages it needs are listed in `packages`; the downloaded ones are kept in
# RATOON_LAB_CACHE. The same inputs give the same bytes, and an output that was made from the same
# inputs is left as it is.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=image.sh
source "$(dirname "$(readlink -f "$0")")/image.sh"

# copy_drivers FOLDER: the drivers that the initramfs names, and all that they depend on.
copy_drivers() {
  local modules=lib/modules/$kernel_version driver
  "$busybox" depmod -b "$work/packages" "$kernel_version"
  while read -r driver; do
    grep "/$driver\.ko:" "$work/packages/$modules/modules.dep" || die "the kernel has no driver $driver"
  done <"$guest_dir/small/initramfs/etc/drivers" >"$work/modules.dep"
  (cd "$work/packages" && tr -d ':' <"$work/modules.dep" | tr ' ' '\n' | sort -u | sed '/./!d' |
    sed "s,^,$modules/," | xargs cp --parents -t "$1")
  "$busybox" depmod -b "$1" "$kernel_version"
}

make_initramfs() {
  local tree=$work/initramfs
  mkdir -p "$tree"/{bin,dev,proc,sys,root}
  cp -r "$guest_dir/small/initramfs/." "$tree"
  cp "$busybox" "$tree/bin/"
  ln -s busybox "$tree/bin/sh"
  copy_drivers "$tree"
  settle_times "$tree"
  (cd "$tree" && find . | sort |
    "$busybox" cpio -o -H newc -R 0:0 --renumber-inodes --ignore-devno 2>/dev/null |
    gzip -n) >"$work/initrd"
}

make_root_folder() {
  local tree=$work/root applet
  mkdir -p "$tree"/{bin,dev,proc,sys,run,mnt,tmp,root,var/lib,var/log}
  cp -r "$guest_dir/small/root/." "$tree"
  cp "$busybox" "$tree/bin/"
  for applet in $("$busybox" --list); do
    [[ $applet == busybox ]] || ln -s busybox "$tree/bin/$applet"
  done
  ln -s ../bin/busybox "$tree/sbin/init"
  echo small >"$tree/etc/hostname"
  echo 0 >"$tree/var/lib/boots"
  settle_times "$tree"
}

parse_arguments "$@"
read_inputs small.sh small
if output_is_current; then exit 0; fi
require_tools gzip
make_work_folder
unpack_packages small
busybox=$work/packages/bin/busybox
kernel_version=$(basename "$work"/packages/lib/modules/*)
make_initramfs
make_root_folder
make_disk "$work/packages/boot/vmlinuz-$kernel_version" "$work/initrd" "$work/root" 8192
publish
