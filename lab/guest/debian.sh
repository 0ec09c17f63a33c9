#!/usr/bin/env bash
# Builds a Debian 12 guest with cloud-init (NoCloud seeds only), openssh-server and a login on the
# serial console. Its root grows with its disk.
#
#   debian.sh OUTPUT [--format raw|qcow2]
#
# Needs root (mmdebstrap) and Debian's mirror. The packages it needs are listed in `packages`. An
# output that was made from the same inputs is left as it is.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=image.sh
source "$(dirname "$(readlink -f "$0")")/image.sh"

make_root_folder() {
  mmdebstrap --quiet --mode=root --variant=essential --components=main \
    --include="$(packages debian inside | paste -sd,)" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="$guest_dir/debian/customize.sh" \
    bookworm "$work/root"
}

parse_arguments "$@"
read_inputs debian.sh debian
if output_is_current; then exit 0; fi
((EUID == 0)) || die 'needs root, for mmdebstrap'
require_tools mmdebstrap
make_work_folder
unpack_packages debian
make_root_folder
make_disk "$work"/root/boot/vmlinuz-* "$work"/root/boot/initrd.img-* "$work/root" 65536
publish
