#!/bin/sh
# disk.sh KERNEL INITRAMFS EXTLINUX.CONF: a disk of one FAT file system, without a partition table, as disk.img. The same
# files make the same bytes: a fixed serial number, and SOURCE_DATE_EPOCH for times.
set -eu
export MTOOLS_SKIP_CHECK=1 MTOOLSRC=/dev/null TZ=UTC SOURCE_DATE_EPOCH=315532800
command -v mformat >/dev/null || { echo "mformat is not installed (Debian package mtools)" >&2; exit 1; }
rm -f disk.img
mformat -C -i disk.img -T 131072 -h 16 -s 63 -N 0b007000 -v BOOT ::
mmd -i disk.img ::/extlinux
mcopy -i disk.img "$1" ::/vmlinuz
mcopy -i disk.img "$2" ::/initramfs
mcopy -i disk.img "$3" ::/extlinux/extlinux.conf
