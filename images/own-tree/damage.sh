#!/bin/sh
# damage.sh FAULT TREE KERNEL: the machine's device tree and the kernel as the archive gets them, as tree.dtb and
# kernel.elf, with one thing wrong in one of them.
set -eu
fault=$1
cp "$3" kernel.elf
dtc -q -I dtb -O dts -o tree.dts "$2"

# put FILE OFFSET BYTES: over those that are there.
put() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

case $fault in
  tree-cpus)
    for cpu in 1 2 3; do
      printf 'cpu@%s { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <%s>; enable-method = "psci"; };\n' $cpu $cpu
    done > cpus.txt
    # Before cpu@0: behind the properties of /cpus, as nodes must be.
    dtc -q -I dtb -O dts "$2" | awk '/^\t\tcpu@0 \{/ { while ((getline line < "cpus.txt") > 0) print line } { print }' > tree.dts ;;
  tree-memory) sed -i '/^\tmemory@/,/};/s/reg = .*/reg = <0x00 0x40000000 0x01 0x00>;/' tree.dts ;;
  tree-conduit) sed -i 's/method = "hvc"/method = "other"/; s/method = "smc"/method = "hvc"/; s/method = "other"/method = "smc"/' tree.dts ;;
esac
dtc -q -I dts -O dtb -o tree.dtb tree.dts
case $fault in
  tree-size) put tree.dtb 4 '\000\020\000\000' ;;                               # totalsize: 1 MiB
  kernel-cut) put kernel.elf 96 '\000\000\000\001\000\000\000\000' ;;           # p_filesz of the first program header
  kernel-magic) put kernel.elf 0 'ELF!' ;;
esac
