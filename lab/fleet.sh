#!/usr/bin/env bash
# A fleet of KVM hosts on one machine: each has its own network, mounts, processes, host name,
# cgroups and libvirtd, and a cable to a common switch.
#
#   fleet.sh up N                  start hosts 1 to N
#   fleet.sh exec K CMD...         run CMD on host K, in /
#   fleet.sh kill K                sudden death of host K: libvirtd and all its VMs
#   fleet.sh boot K                start host K again
#   fleet.sh libvirtd K kill|start end only libvirtd on host K (its VMs run on), or start it again
#   fleet.sh link K up|down        plug or unplug host K's cable
#   fleet.sh rate K RATE|none      limit what host K sends and receives (as tc says it: 400mbit)
#   fleet.sh down                  end everything and remove it
#
# Host K is called hK and has the address FLEET_SUBNET.K. From the environment:
#   FLEET_PREFIX   tells fleets on one machine apart (ratoon)
#   FLEET_ROOT     folder of the fleet's state (ratoon-fleet-PREFIX in the folder for temporary files):
#                  new, empty, or made by an earlier fleet
#   FLEET_SUBNET   first three numbers of its addresses (10.77.0)
#   FLEET_ACCESS   1: this machine gets FLEET_SUBNET.254 and reaches the hosts
#   FLEET_KVM      1: the hosts see /dev/kvm
# Needs root, and the packages of `fleet` in guest/packages.
set -euo pipefail

here=$(readlink -f "$0")
here=${here%/*}
prefix=${FLEET_PREFIX:-ratoon}
root=${FLEET_ROOT:-${TMPDIR:-/tmp}/ratoon-fleet-$prefix}
marker=$root/made-by-fleet.sh
subnet=${FLEET_SUBNET:-10.77.0}
switch=$prefix-switch
access=$prefix-access
export PATH=$PATH:/usr/sbin:/sbin

die() {
  echo "fleet.sh: $*" >&2
  exit 1
}

# await SECONDS CONDITION...: waits until the command succeeds, and fails if it never does.
await() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

# When a process began, in clock ticks: with its id, this names it for ever.
began() {
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }" # what the program calls itself may contain blanks
  echo "${fields[19]}"
}

# The id of host K's first process; fails if it is not the one that was recorded.
host_process() {
  local pid ticks
  read -r pid ticks 2>/dev/null <"$root/h$1/process" || return 1
  [[ $(began "$pid") == "$ticks" ]] && echo "$pid"
}

host_is_down() { ! host_process "$1"; }

cgroups() { echo /sys/fs/cgroup/*/"$prefix-h$1"; }

# Puts the calling process into host K's cgroups, and so all that it starts.
join_cgroups() {
  local group
  for group in $(cgroups "$1"); do
    [[ ! -d $group ]] || echo "$BASHPID" >"$group/cgroup.procs"
  done
}

# Only version 1 controllers; where a machine has none, its hosts run without cgroups.
make_cgroups() {
  local hierarchy group file
  for hierarchy in /sys/fs/cgroup/*/; do
    [[ -e $hierarchy/tasks ]] || continue
    group=$hierarchy$prefix-h$1
    mkdir -p "$group"
    [[ -e $group/cpuset.cpus ]] || continue
    for file in cpuset.cpus cpuset.mems; do cat "$hierarchy/$file" >"$group/$file"; done
  done
}

make_switch() {
  ip netns add "$switch"
  ip -n "$switch" link add br0 type bridge
  ip -n "$switch" link set br0 up
  [[ ${FLEET_ACCESS:-} == 1 ]] || return 0
  ip -n "$switch" link add access type veth peer name "$access" netns 1
  ip -n "$switch" link set access master br0 up
  ip addr add "$subnet.254/24" dev "$access"
  ip link set "$access" up
}

plug_in() {
  local host=$prefix-h$1
  ip netns add "$host"
  ip -n "$switch" link add "h$1" type veth peer name eth0 netns "$host"
  ip -n "$switch" link set "h$1" master br0 up
  ip -n "$host" addr add "$subnet.$1/24" dev eth0
  ip -n "$host" link set lo up
  ip -n "$host" link set eth0 up
}

# Debian's own configuration of libvirt, with what several hosts on one machine need on top.
configure_libvirt() {
  local etc=$root/h$1/etc-libvirt
  cp -a /etc/libvirt/. "$etc/"
  rm -f "$etc"/qemu/networks/autostart/* # all hosts would claim one address
  cat >>"$etc/libvirtd.conf" <<CONF
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
keepalive_interval = 2
keepalive_count = 3
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
CONF
}

# Starts host K, unless it runs. What it had on its disks is still there; /run is empty.
boot_host() {
  local k=$1 dir=$root/h$1
  ! host_process "$k" >/dev/null || return 0
  if [[ ! -d $dir ]]; then
    mkdir -p "$dir"/{etc-libvirt,lib-libvirt/images,cache-libvirt,log-libvirt,run,srv}
    configure_libvirt "$k"
  fi
  [[ -e /run/netns/$prefix-h$k ]] || plug_in "$k"
  make_cgroups "$k"
  rm -rf "$dir"/run/* "$dir/process"
  (
    join_cgroups "$k"
    exec nsenter --net="/run/netns/$prefix-h$k" setsid \
      unshare --mount --uts --ipc --pid --cgroup --fork --kill-child --propagation private \
      "$here/fleet-host.sh" "h$k" "$dir" "${FLEET_KVM:-0}"
  ) </dev/null >"$dir/console.log" 2>&1 &
  await 20 test -e "$dir/run/ready" || die "h$k did not start, see $dir/console.log"
  await_libvirtd "$k"
}

await_libvirtd() {
  await 60 on_host "$1" virsh -q -c qemu:///system version ||
    die "libvirtd on h$1 does not answer, see $root/h$1/log-libvirt/libvirtd.log"
}

# on_host K CMD...: runs a command among host K's processes.
on_host() {
  local k=$1 pid
  shift
  pid=$(host_process "$k") || die "h$k is not running"
  (join_cgroups "$k" && exec nsenter --target "$pid" --all "$@")
}

kill_host() {
  local pid
  pid=$(host_process "$1") || return 0
  kill -9 "$pid"
  await 10 host_is_down "$1" || die "h$1 does not end"
}

libvirtd_of() {
  case $2 in
    kill) on_host "$1" kill -9 "$(<"$root/h$1/run/libvirtd.pid")" ;;
    start) on_host "$1" libvirtd --daemon && await_libvirtd "$1" ;;
    *) die "libvirtd: kill or start, not '$2'" ;;
  esac
}

limit_rate() {
  local where namespace device
  for where in "$prefix-h$1 eth0" "$switch h$1"; do
    read -r namespace device <<<"$where"
    tc -n "$namespace" qdisc del dev "$device" root 2>/dev/null || true
    [[ $2 == none ]] ||
      tc -n "$namespace" qdisc add dev "$device" root tbf rate "$2" burst 256k latency 50ms
  done
}

write_hosts() {
  local k
  cat /etc/hosts
  for k in {1..99}; do echo "$subnet.$k h$k"; done
}

# A folder with something in it that the fleet did not make is nobody's to fill, nor to remove.
is_foreign() {
  [[ -e $root || -L $root ]] && [[ ! -e $marker && -n $(find -H "$root" -mindepth 1 -maxdepth 1) ]]
}

claim_root() {
  ! is_foreign || die "up: $root is not empty, and no fleet's"
  mkdir -p "$root"
  touch "$marker"
}

start_fleet() {
  local k
  claim_root
  [[ -e $root/hosts ]] || write_hosts >"$root/hosts"
  [[ -e /run/netns/$switch ]] || make_switch
  for ((k = 1; k <= $1; k++)); do boot_host "$k"; done
}

# Works from whatever a crash has left, and may be called again. The marker goes last: without it
# the rest of a removal that was cut off could not be told from another's folder.
end_fleet() {
  local dir host namespace
  ! is_foreign || die "down: $root is not empty, and no fleet's"
  for dir in "$root"/h*/; do
    host=$(basename "$dir")
    [[ ! -d $dir ]] || kill_host "${host#h}"
  done
  for namespace in /run/netns/"$prefix"-{switch,h[0-9]*}; do
    [[ ! -e $namespace ]] || ip netns del "$(basename "$namespace")"
  done
  for dir in $(cgroups '[0-9]*'); do
    [[ ! -d $dir ]] || find "$dir" -depth -type d -exec rmdir {} +
  done
  # Base disks in a host's cache are immutable.
  [[ ! -d $root ]] || chattr -f -R -i "$root" || true
  [[ ! -d $root ]] || find "$root" -mindepth 1 -maxdepth 1 ! -path "$marker" \
    -exec rm -rf --one-file-system {} +
  rm -f "$marker"
  [[ ! -d $root ]] || rmdir "$root"
}

((EUID == 0)) || die 'needs root'
[[ $prefix =~ ^[a-z][a-z0-9]{0,7}$ ]] || die "FLEET_PREFIX: at most 8 letters and digits, not '$prefix'"
verb=${1:-}
(($# == 0)) || shift
case $verb/$# in
  up/1) start_fleet "$1" ;;
  exec/0 | exec/1) die 'exec: which host, which command?' ;;
  exec/*) on_host "$@" ;;
  kill/1) kill_host "$1" ;;
  boot/1) boot_host "$1" ;;
  libvirtd/2) libvirtd_of "$1" "$2" ;;
  link/2) ip -n "$prefix-h$1" link set eth0 "$2" ;;
  rate/2) limit_rate "$1" "$2" ;;
  down/0) end_fleet ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2 && exit 2 ;;
esac
