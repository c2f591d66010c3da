#!/bin/sh
# initrd.sh FAULT ARCHIVE: the initrd as the machine is given it, as initrd.
set -eu
case $1 in
  initrd-cut) head -c 300 "$2" > initrd ;;
  initrd-junk) head -c 4096 /dev/zero | tr '\000' 'x' > initrd ;;
  *) cp "$2" initrd ;;
esac
