#!/bin/sh
# mmdebstrap's last step: what makes the tree in $1 one image for many guests.
set -eu
root=$1
cp -r --no-preserve=ownership "$(dirname "$0")/root/." "$root"
chroot "$root" systemctl -q enable systemd-networkd systemd-resolved serial-getty@ttyS0
# Work in the background that a guest of minutes does not need.
chroot "$root" systemctl -q mask e2scrub_reap.service e2scrub_all.timer fstrim.timer \
  apt-daily.timer apt-daily-upgrade.timer
chroot "$root" passwd -q -l root
# Each guest makes its own identity.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/var/lib/dbus/machine-id"
echo uninitialized >"$root/etc/machine-id"
