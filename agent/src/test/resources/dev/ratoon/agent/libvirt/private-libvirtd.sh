#!/usr/bin/env bash
# Runs a libvirtd of its own under FOLDER, as root, with the distribution's qemu.conf: nothing of the
# machine's own libvirt is seen or touched. It and all its domains end with this process.
#
#   private-libvirtd.sh FOLDER      its socket is FOLDER/run/libvirt/libvirt-sock
#
# /dev is a small one without /dev/kvm: where that cannot be used, libvirt probes QEMU at every call.
set -euo pipefail
folder=$1
mkdir -p "$folder"/{etc,lib,log,cache,run,dev}
cp -a /etc/libvirt/. "$folder/etc/"
rm -rf "$folder"/etc/qemu/networks/autostart/*
cat >"$folder/etc/libvirtd.conf" <<C
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
unix_sock_group = "root"
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
C
inside='
  folder=$1
  mount -t proc proc /proc
  mount -t tmpfs dev "$folder/dev"
  mkdir -p "$folder"/dev/{pts,shm,net}
  for node in null zero full random urandom tty net/tun; do
    if [[ -e /dev/$node ]]; then cp -a "/dev/$node" "$folder/dev/$node"; fi
  done
  ln -s pts/ptmx "$folder/dev/ptmx"
  ln -s /proc/self/fd "$folder/dev/fd"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$folder/dev/pts"
  umount -l /dev
  mount --move "$folder/dev" /dev
  mount --bind "$folder/etc" /etc/libvirt
  mount --bind "$folder/lib" /var/lib/libvirt
  mount --bind "$folder/log" /var/log/libvirt
  mount --bind "$folder/cache" /var/cache/libvirt
  mount --bind "$folder/run" /run
  mkdir -p /run/lock /run/libvirt
  virtlogd -d
  # Started again whenever it has died, unless the file "down" forbids it.
  while :; do
    if [[ ! -e $folder/down ]]; then libvirtd || true; fi
    sleep 0.1
  done'
exec unshare --mount --pid --fork --kill-child --propagation private bash -c "$inside" private-libvirtd "$folder"
