#!/bin/sh
# tree.sh FAULT TREE: the machine's device tree with one thing wrong, as tree.dtb.
set -eu
dtc -q -I dtb -O dts -o tree.dts "$2"
room=0
case $1 in
  stdout) sed -i 's#stdout-path = .*#stdout-path = "/pl011@9010000";#' tree.dts ;;
  uart)
    sed -i 's#stdout-path = .*#stdout-path = "/pl011@ff000000";#; s#^\tpl011@9000000 {#\tpl011@ff000000 {#
            s#reg = <0x00 0x9000000 0x00 0x1000>#reg = <0x00 0xff000000 0x00 0x1000>#' tree.dts ;;
  byte) sed -i 's/"arm,cortex-a15-gic"/"arm,cortex-q15-gic"/; s/"arm,gic-v3"/"arm,gic-v1"/' tree.dts ;;
  cpus)
    for cpu in 1 2 3; do
      printf 'cpu@%s { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <%s>; enable-method = "psci"; };\n' $cpu $cpu
    done > cpus.txt
    # Before cpu@0: behind the properties of /cpus, as nodes must be.
    dtc -q -I dtb -O dts "$2" |
      awk '/^\t\tcpu@0 \{/ { while ((getline line < "cpus.txt") > 0) print line } { print }' > tree.dts ;;
  room) room=1200000 ;;
esac
dtc -q -I dts -O dtb -S $room -o tree.dtb tree.dts
