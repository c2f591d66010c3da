# What the entry points in ci/ share. Sourced from the checkout's root; quiet where all is well.

log=out/setup.log

# Runs a command quietly; its output is shown only when it fails.
quietly() {
  mkdir -p out
  "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "failed: $*" >&2; exit 2; }
}

# Installs what ci/packages.txt (and further lists) name and this machine has not. A package that another provides is there:
# on an AArch64 host gcc-aarch64-linux-gnu is a name of its gcc.
ensure_packages() {
  local wanted here missing
  wanted=$(sed 's/#.*//' ci/packages.txt "$@" | tr -s '[:space:]' '\n' | sed '/^$/d')
  here=$(dpkg-query -W -f '${db:Status-Status},${Package},${Provides}\n' | sed -n 's/^installed,//p' |
    tr ',' '\n' | sed 's/ (.*//; s/ //g')
  missing=$(for package in $wanted; do
    # NodeSource's nodejs brings npm along, and conflicts with Debian's package of that name.
    [ "$package" = npm ] && command -v npm >/dev/null && continue
    grep -qxF "$package" <<< "$here" || echo "$package"
  done)
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "These Debian packages are missing. Install them and run this again:" >&2
    echo "  sudo apt-get install --no-install-recommends" $missing >&2
    exit 2
  fi
  echo "installing $(echo "$missing" | wc -l) packages"
  quietly apt-get update
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends $missing
}

# build PRESET [TARGET...]: configures where that was not done, and builds.
build() {
  local preset=$1
  shift
  mkdir -p out
  [ -f "build/$preset/build.ninja" ] || { echo "configuring $preset"; quietly cmake --preset "$preset"; }
  if [ -n "$(ninja -n -C "build/$preset" "$@" | grep -v 'no work to do' | sed 1d)" ]; then
    echo "building $preset: $* (several minutes from nothing)"
    NINJA_STATUS="[%f/%t] " ninja -C "build/$preset" "$@" >"$log" 2>&1 &
    progress_of $! || { cat "$log" >&2; echo "the build failed" >&2; exit 2; }
  fi
}

# Shows how far a build has come, every 20 seconds, until it ends.
progress_of() {
  local count=0
  while kill -0 "$1" 2>/dev/null; do
    sleep 1
    count=$((count + 1))
    [ $((count % 20)) = 0 ] && grep -ao "^\[[0-9/]*\]" "$log" | tail -n 1
  done
  wait "$1"
}
