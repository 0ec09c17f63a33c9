# What the builders of guest images share; they source it. An image is a 2 GiB disk with two GPT
# partitions: an EFI system partition from which both firmwares start (UEFI by systemd-boot, a BIOS
# by syslinux), and an ext4 root. All is written straight into the file: no root, loop device or
# mount is needed.
# shellcheck shell=bash

guest_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
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
export LC_ALL=C.UTF-8 TZ=UTC PATH=$PATH:/usr/sbin:/sbin

die() {
  echo "$(basename "$0"): $*" >&2
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
  [[ -n $output ]] || die "usage: $(basename "$0") OUTPUT [--format raw|qcow2]"
  [[ $format == raw || $format == qcow2 ]] || die "format must be raw or qcow2, not '$format'"
}

require_tools() {
  local tool missing=()
  for tool in "$@" mke2fs debugfs sfdisk mformat mcopy qemu-img dpkg-deb apt-get; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) || die "missing: ${missing[*]} (see $guest_dir/packages)"
}

# packages IMAGE installed|unpacked: the packages that an image needs in this way.
packages() {
  awk -v image="$1" -v how="$2" '$1 == image && $2 == how { print $3 }' "$guest_dir/packages"
}

# read_inputs FILE...: sets the digest of all of ours that decides what the image contains.
read_inputs() {
  digest=$(cd "$guest_dir" && find image.sh packages esp "$@" -type f -print0 | sort -z |
    xargs -0 sha256sum | sha256sum | cut -d' ' -f1)-$format
}

output_is_current() {
  [[ -e $output && -e $output.inputs && $(<"$output.inputs") == "$digest" ]]
}

# The kernel behind linux-image-cloud-amd64, which is empty itself; others stand for themselves.
real_package() {
  local name=$1
  [[ $name != linux-image-cloud-amd64 ]] ||
    name=$(apt-cache depends "$name" | awk '$1 == "Depends:" { print $2; exit }')
  echo "${name:?apt knows no $1; try apt-get update}"
}

# unpack_packages IMAGE: takes its packages apart into $work/packages. They are downloaded only
# once for each list of packages.
unpack_packages() {
  local debs name names=()
  debs=$cache/debs-$(packages "$1" unpacked | sha256sum | cut -c1-12)
  if [[ ! -d $debs ]]; then
    for name in $(packages "$1" unpacked); do names+=("$(real_package "$name")"); done
    mkdir -p "$cache" "$work/debs"
    (cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root download "${names[@]}") ||
      die "cannot download ${names[*]}; try apt-get update"
    mv -T "$work/debs" "$debs" 2>/dev/null || [[ -d $debs ]] # another run may have been faster
  fi
  for name in "$debs"/*.deb; do dpkg-deb -x "$name" "$work/packages"; done
}

# One time stamp for all files, so that the image depends on their content alone.
settle_times() {
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# make_esp KERNEL INITRD: the partition from which both firmwares start.
make_esp() {
  local esp=$work/esp.fat files=$work/esp
  truncate -s "${esp_mib}M" "$esp"
  mformat -i "$esp" -F -c 1 -T "$((esp_mib * 2048))" -h 64 -s 32 -H 2048 -N "$esp_serial" -v RATOON ::
  mkdir -p "$files/EFI/BOOT"
  cp -r "$guest_dir/esp/." "$files"
  cp "$work/packages/usr/lib/systemd/boot/efi/systemd-bootx64.efi" "$files/EFI/BOOT/BOOTX64.EFI"
  cp "$1" "$files/vmlinuz"
  cp "$2" "$files/initrd"
  settle_times "$files"
  mcopy -i "$esp" -s -m "$files"/* ::
  "$work/packages/usr/bin/syslinux" --install "$esp"
  dd if="$esp" of="$work/disk.raw" bs=1M seek=1 conv=notrunc,sparse status=none
}

# make_root FOLDER INODES: the ext4 root with the folder's content. Its tables are complete from
# the start, or each guest would fill them in, and its overlay with them.
make_root() {
  mke2fs -q -t ext4 -F -d "$1" -L ratoon-root -U "$root_uuid" -m 0 -N "$2" -J size=8 \
    -E "offset=$((root_start_mib << 20)),hash_seed=$root_uuid,lazy_itable_init=0,lazy_journal_init=0" \
    "$work/disk.raw" "${root_mib}M"
  settle_change_times "$(find "$1" | wc -l)"
}

# mke2fs copies the moment each file was made here; no touch can alter that, debugfs can.
settle_change_times() {
  local inode last=$(($1 + 11)) # before the files come ten reserved inodes and lost+found
  for ((inode = 2; inode <= last; inode++)); do
    echo "set_inode_field <$inode> ctime @$SOURCE_DATE_EPOCH"
  done | debugfs -w -f - "$work/disk.raw?offset=$((root_start_mib << 20))" >/dev/null 2>&1
}

# make_disk KERNEL INITRD ROOT_FOLDER INODES
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
  make_esp "$1" "$2"
  make_root "$3" "$4"
}

# The finished file appears under its name whole, or not at all.
publish() {
  qemu-img convert -f raw -O "$format" "$work/disk.raw" "$output.part"
  mv "$output.part" "$output"
  echo "$digest" >"$output.inputs"
}

# A folder to work in, gone on every way out.
make_work_folder() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/ratoon-guest.XXXXXX")
  chmod 0755 "$work"
  trap 'rm -rf --one-file-system "$work" "$output.part"' EXIT
}
