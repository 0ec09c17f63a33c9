#!/usr/bin/env bash
# The first process of a host that fleet.sh starts: it gives the host folders of its own, starts
# libvirt's daemons and then only collects what ends.
#
#   fleet-host.sh NAME FOLDER KVM     KVM: 1 lets the host see /dev/kvm
#
# Own are /etc/libvirt, /var/{lib,cache,log}/libvirt, /run and /srv; all else is the machine's,
# but for /etc/hosts, which names the fleet's hosts too.
set -euo pipefail
name=$1 dir=$2 kvm=$3

# Our id and when we began, as the machine counts: /proc is still its.
read -ra stat </proc/self/stat
echo "${stat[0]} ${stat[21]}" >"$dir/process"

hostname "$name"
mount -t proc proc /proc
umount --recursive --lazy /sys # libvirt would look for the cgroups hidden below
mount -t sysfs sys /sys

controllers=$(awk -F: '$2 && $2 !~ /=/ { print $2 }' /proc/self/cgroup)
mount -t tmpfs -o mode=0755 cgroup /sys/fs/cgroup
for controller in $controllers; do
  mkdir "/sys/fs/cgroup/$controller"
  mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
done

mount --bind "$dir/etc-libvirt" /etc/libvirt
mount --bind "$dir/lib-libvirt" /var/lib/libvirt
mount --bind "$dir/cache-libvirt" /var/cache/libvirt
mount --bind "$dir/log-libvirt" /var/log/libvirt
mount --bind "$dir/srv" /srv
mount --bind "$dir/run" /run
mkdir -p /run/lock /run/libvirt

# One machine id for each host, the same after each boot.
echo -n "$dir" | md5sum | cut -c1-32 >/run/machine-id
[[ ! -e /etc/machine-id ]] || mount --bind /run/machine-id /etc/machine-id
mount --bind "$dir/../hosts" /etc/hosts

# A /dev of its own, by default without KVM: a device that can be seen and not used makes libvirt
# probe QEMU again at every call. Nothing under it may be mounted twice, nor a single file: either
# stops QEMU from getting its own mounts.
mkdir /run/dev
mount -t tmpfs -o mode=0755 dev /run/dev
cp -a --one-file-system /dev/. /run/dev
[[ $kvm == 1 ]] || rm -f /run/dev/kvm
mount --bind /dev/pts /run/dev/pts
mount -t tmpfs shm /run/dev/shm
while read -r folder; do umount "$folder"; done < <(awk '$2 ~ "^/dev/" { print $2 }' /proc/mounts | tac)
mount --move /run/dev /dev

virtlogd --daemon
libvirtd --daemon
touch /run/ready
trap : TERM HUP
while :; do sleep infinity & wait || true; done
