# Debian's arm64 packages, without this machine's own package state being touched. Sourced by what needs them.

skip() {
  echo "skip: $*" >&2
  exit 77
}

# apt_arm64 FOLDER WORD...: apt-get for arm64, with its lists, its state and its archives in the folder.
apt_arm64() {
  apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Debug::NoLocking=1 \
    -o Dir::State::Lists="$1/lists" -o Dir::State::status="$1/status" -o Dir::Cache="$1/cache" \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 -o APT::Update::Error-Mode=any "${@:2}"
}

# The line of what apt said that tells why.
why() {
  grep -m 1 '^[EW]: ' <<< "$1" || tail -n 1 <<< "$1"
}

# fetch_arm64 FOLDER PACKAGE...: them and what they depend on, into FOLDER/cache/archives.
fetch_arm64() {
  local folder=$1 said
  mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial
  : > "$folder/status"
  command -v apt-get > /dev/null || skip "no apt-get to fetch arm64 packages with"
  said=$(apt_arm64 "$folder" update 2>&1) || skip "the arm64 package lists cannot be had: $(why "$said")"
  said=$(apt_arm64 "$folder" --no-install-recommends -d install "${@:2}" 2>&1) ||
    skip "the arm64 packages cannot be had: $(why "$said")"
}

# The shared libraries that programs need, all levels deep, as they lie below root FOLDER.
libraries_of() {
  local root=$1 file name
  local -A seen=()
  local queue=("${@:2}")
  while [ ${#queue[@]} -gt 0 ]; do
    file=${queue[0]}
    queue=("${queue[@]:1}")
    for name in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
      [ -z "${seen[$name]:-}" ] || continue
      seen[$name]=1
      file=$(find "$root" -name "$name" -not -path '*/gconv/*' | head -n 1)
      [ -n "$file" ] || { echo "no package has $name" >&2; return 1; }
      echo "$file"
      queue+=("$(readlink -f "$file")")
    done
  done
}
