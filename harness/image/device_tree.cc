#include "image/device_tree.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace bootrig {
namespace {

using Range = DeviceTree::Range;

// No real tree comes near; without them a small blob could ask for gigabytes of paths.
constexpr int kDepthMax = 32;
constexpr std::size_t kPathMax = 1024;
constexpr std::size_t kMappingsMax = 64;

constexpr unsigned kAddressCells = 2;  // where a node says nothing (2.3.5)
constexpr unsigned kSizeCells = 1;

// One entry of "ranges": children's addresses from `child` on are the parent's from `parent` on.
struct Mapping {
  std::uint64_t child = 0;
  std::uint64_t parent = 0;
  std::uint64_t size = 0;
};

// What a node means to its children.
struct Bus {
  std::size_t path_size = 0;
  unsigned address_cells = kAddressCells;
  unsigned size_cells = kSizeCells;
  bool addressed = false;         // the processor can address what is on it
  bool identity = false;          // by the same numbers
  std::vector<Mapping> mappings;  // otherwise
};

struct Node {
  int offset = 0;
  std::string_view name;
  std::string_view path;
  std::string_view parent_path;
  std::vector<Range> ranges;
  bool enabled = true;
};

// Reads one blob. fdt_check_full() has passed it, so that walking it stays inside.
class TreeReader {
 public:
  TreeReader(std::string_view name, const void* fdt) : name_(name), fdt_(fdt) {}

  Result<DeviceTree> read() {
    read_chosen();
    for (int i = 0; i < fdt_num_mem_rsv(fdt_); ++i) {
      Range range;
      if (fdt_get_mem_rsv(fdt_, i, &range.base, &range.size) == 0) tree_.reserved.push_back(range);
    }
    int depth = 0;
    for (int offset = 0; offset >= 0 && depth >= 0; offset = fdt_next_node(fdt_, offset, &depth)) {
      BOOTRIG_TRY_VOID(read_node(offset, depth));
    }
    return std::move(tree_);
  }

 private:
  std::span<const std::uint8_t> property(int node, const char* name) const {
    int size = 0;
    const void* bytes = fdt_getprop(fdt_, node, name, &size);
    if (bytes == nullptr || size < 0) return {};
    return {static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)};
  }
  // The first, of a list of them.
  std::string text(int node, const char* name) const {
    const auto bytes = property(node, name);
    const auto end = std::ranges::find(bytes, 0);
    return end == bytes.end() ? "" : std::string(bytes.begin(), end);
  }
  static std::uint64_t number(std::span<const std::uint8_t> cells) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : cells) value = value << 8 | byte;
    return value;
  }
  unsigned cells(int node, const char* name, unsigned otherwise) const {
    const auto bytes = property(node, name);
    return bytes.size() == 4 ? static_cast<unsigned>(number(bytes)) : otherwise;
  }

  void read_chosen() {
    const int chosen = fdt_path_offset(fdt_, "/chosen");
    if (chosen < 0) return;
    tree_.bootargs = text(chosen, "bootargs");
    const auto start = property(chosen, "linux,initrd-start");
    const auto end = property(chosen, "linux,initrd-end");
    if (!start.empty() && start.size() <= 8 && end.size() <= 8 && number(end) > number(start)) {
      tree_.initrd = Range{number(start), number(end) - number(start)};
    }
    std::string path = tree_.stdout_path = text(chosen, "stdout-path");
    path = path.substr(0, path.find(':'));  // "serial0:115200n8"
    // An alias. Resolved here: libfdt 1.6 follows one that names itself until the stack ends.
    const int aliases = fdt_path_offset(fdt_, "/aliases");
    if (!path.starts_with('/') && aliases >= 0) path = text(aliases, path.c_str());
    if (path.starts_with('/')) console_ = fdt_path_offset(fdt_, path.c_str());
  }

  Result<void> read_node(int offset, int depth) {
    int size = 0;
    const char* name = fdt_get_name(fdt_, offset, &size);
    if (name == nullptr) return fail(std::string(name_), "is no sound device tree: a node has no name");
    buses_.resize(static_cast<std::size_t>(depth));
    path_.resize(buses_.empty() ? 0 : buses_.back().path_size);
    const std::size_t parent_size = path_.size();
    if (depth > 0) path_.append("/").append(name, static_cast<std::size_t>(size));
    if (depth > kDepthMax || path_.size() > kPathMax) {
      return fail(std::string(name_),
                  fmt::format("is no sound device tree: nodes are nested more than {} deep, or their "
                              "path has more than {} letters",
                              kDepthMax, kPathMax));
    }
    const std::string_view path = path_;
    Node node{.offset = offset,
              .name = path.substr(std::min(parent_size + 1, path.size())),
              .path = path,
              .parent_path = path.substr(0, parent_size)};
    const std::string status = text(offset, "status");
    node.enabled = status.empty() || status == "okay" || status == "ok";
    if (depth > 0) node.ranges = registers(offset);
    buses_.push_back(bus(offset, depth));
    if (buses_.back().mappings.size() > kMappingsMax) {
      return fail(std::string(name_),
                  fmt::format("is no sound device tree: {} has more than {} ranges", path, kMappingsMax));
    }
    if (depth > 0) take(std::move(node));
    return {};
  }

  Bus bus(int offset, int depth) const {
    Bus bus{.path_size = path_.size(),
            .address_cells = cells(offset, "#address-cells", kAddressCells),
            .size_cells = cells(offset, "#size-cells", kSizeCells)};
    if (depth == 0) {
      bus.addressed = bus.identity = true;
      return bus;
    }
    bus.addressed = fdt_get_property(fdt_, offset, "ranges", nullptr) != nullptr;
    auto left = property(offset, "ranges");
    bus.identity = left.empty();
    const unsigned parent_cells = buses_.back().address_cells;
    if (bus.address_cells > 2 || bus.size_cells > 2 || parent_cells > 2) {
      bus.addressed = bus.addressed && bus.identity;
      return bus;
    }
    const std::size_t child_size = 4 * bus.address_cells, parent_size = 4 * parent_cells, size = 4 * bus.size_cells;
    const std::size_t entry = child_size + parent_size + size;
    for (; entry > 0 && left.size() >= entry && bus.mappings.size() <= kMappingsMax; left = left.subspan(entry)) {
      bus.mappings.push_back({number(left.first(child_size)), number(left.subspan(child_size, parent_size)),
                              number(left.subspan(child_size + parent_size, size))});
    }
    return bus;
  }

  // "reg" of a child of the last bus, as the processor addresses it. A rest that fills no entry is left out.
  std::vector<Range> registers(int offset) const {
    const Bus& parent = buses_.back();
    if (parent.address_cells > 2 || parent.size_cells > 2) return {};
    const std::size_t address = 4 * parent.address_cells, size = 4 * parent.size_cells;
    std::vector<Range> ranges;
    auto left = property(offset, "reg");
    for (; address > 0 && left.size() >= address + size; left = left.subspan(address + size)) {
      const auto base = translate(number(left.first(address)));
      if (base) ranges.push_back({*base, number(left.subspan(address, size))});
    }
    return ranges;
  }

  std::optional<std::uint64_t> translate(std::uint64_t address) const {
    for (auto bus = buses_.rbegin(); bus != buses_.rend(); ++bus) {
      if (!bus->addressed) return std::nullopt;
      if (bus->identity) continue;
      const auto mapping = std::ranges::find_if(
          bus->mappings, [&](const Mapping& candidate) { return address - candidate.child < candidate.size; });
      if (mapping == bus->mappings.end()) return std::nullopt;
      address = address - mapping->child + mapping->parent;
    }
    return address;
  }

  bool compatible_with(int node, std::span<const char* const> names) const {
    return std::ranges::any_of(names,
                               [&](const char* name) { return fdt_node_check_compatible(fdt_, node, name) == 0; });
  }

  // What the tree's users ask for.
  void take(Node node) {
    const std::string kind = text(node.offset, "device_type");
    if (kind == "memory" && node.parent_path.empty() && node.enabled) {
      tree_.memory.insert(tree_.memory.end(), node.ranges.begin(), node.ranges.end());
    }
    if (node.parent_path == "/reserved-memory" && node.enabled) {
      tree_.reserved.insert(tree_.reserved.end(), node.ranges.begin(), node.ranges.end());
    }
    if (kind == "cpu" && node.parent_path == "/cpus") ++tree_.cpus;
    if (node.offset == console_) {
      tree_.console = node.name;
      if (!node.ranges.empty()) tree_.uart = node.ranges.front();
    }
    if (node.enabled) read_known(node);
    std::string compatible = text(node.offset, "compatible");
    if (compatible.empty()) return;
    tree_.devices.push_back({std::string(node.path), std::move(compatible), std::move(node.ranges), node.enabled});
  }

  void read_known(const Node& node) {
    constexpr std::array kPsci{"arm,psci", "arm,psci-0.2", "arm,psci-1.0"};
    constexpr std::array kGic2{"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic"};
    constexpr std::array kGic3{"arm,gic-v3"};
    constexpr std::array kTimer{"arm,armv8-timer", "arm,armv7-timer"};
    if (tree_.timer_interrupts.empty() && compatible_with(node.offset, kTimer)) {
      const auto cells = property(node.offset, "interrupts");
      for (std::size_t at = 0; at + 4 <= cells.size(); at += 4) {
        tree_.timer_interrupts.push_back(static_cast<std::uint32_t>(number(cells.subspan(at, 4))));
      }
    }
    if (tree_.psci_method.empty() && compatible_with(node.offset, kPsci)) {
      tree_.psci_method = text(node.offset, "method");
    }
    const bool second = compatible_with(node.offset, kGic2);
    if (tree_.gic_version || (!second && !compatible_with(node.offset, kGic3))) return;
    tree_.gic_version = second ? 2 : 3;
    // Behind these stand the registers of virtualization.
    const std::size_t count = 1 + std::size_t{second ? 1 : cells(node.offset, "#redistributor-regions", 1)};
    tree_.gic.assign(node.ranges.begin(),
                     node.ranges.begin() + static_cast<std::ptrdiff_t>(std::min(count, node.ranges.size())));
  }

  std::string_view name_;
  const void* fdt_;
  DeviceTree tree_;
  std::string path_;        // of the node that is read
  std::vector<Bus> buses_;  // its parents, the root first
  int console_ = -1;        // the node that stdout-path means
};

constexpr std::array<std::uint8_t, 4> kMagic{0xd0, 0x0d, 0xfe, 0xed};

// Whether a header (5.2) at the beginning of the bytes fits them.
bool plausible(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kHeaderSize = 40;
  if (bytes.size() < kHeaderSize) return false;
  const auto field = [&](std::size_t index) {
    return fdt32_ld(reinterpret_cast<const fdt32_t*>(bytes.data() + 4 * index));
  };
  const std::uint32_t total = field(1), structure = field(2), strings = field(3), reserved = field(4);
  const std::uint32_t version = field(5), compatible = field(6);
  return total >= kHeaderSize && total <= std::min(bytes.size(), kDeviceTreeSizeMax) && structure < total &&
         structure % 4 == 0 && strings <= total && reserved < total && version >= 16 && compatible <= 17 &&
         compatible <= version;
}

}  // namespace

Result<DeviceTree> parse_device_tree(std::string_view name, std::span<const std::uint8_t> bytes) {
  const std::string place(name);
  bytes = bytes.first(std::min(bytes.size(), kDeviceTreeSizeMax));
  // libfdt wants it aligned, and reads a header before it looks at the size.
  std::vector<std::uint64_t> aligned(std::max<std::size_t>(bytes.size() / 8 + 1, sizeof(fdt_header) / 8));
  if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const int trouble = fdt_check_full(aligned.data(), bytes.size());
  if (trouble != 0) return fail(place, fmt::format("is no sound device tree: {}", fdt_strerror(trouble)));
  return TreeReader(name, aligned.data()).read();
}

std::optional<std::string> device_tree_damage(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kHeaderSize = 40;
  constexpr std::uint32_t kOldest = 16, kNewest = 17;  // versions that are read
  if (bytes.size() < kMagic.size() || !std::ranges::equal(bytes.first(kMagic.size()), kMagic)) {
    std::string found;
    for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kMagic.size())))
      found += fmt::format("{:02x}", byte);
    return fmt::format("begins with 0x{}, not with the magic 0xd00dfeed", found);
  }
  if (bytes.size() < kHeaderSize) return fmt::format("ends in its header, after {} bytes", bytes.size());
  const auto field = [&](std::size_t at) { return fdt32_ld(reinterpret_cast<const fdt32_t*>(bytes.data() + at)); };
  const std::uint64_t total = field(4), structure = field(8), strings = field(12), reserved = field(16);
  const std::uint64_t strings_size = field(32), structure_size = field(36);
  if (total > bytes.size())
    return fmt::format("has a header whose totalsize promises {} bytes, and {} are there", total, bytes.size());
  if (total < kHeaderSize)
    return fmt::format("has a header whose totalsize promises {} bytes, less than itself", total);
  if (field(20) < kOldest || field(24) > kNewest) {
    return fmt::format("has a header of version {} (last compatible {}), which nothing reads", field(20), field(24));
  }
  if (reserved >= total) return fmt::format("has off_mem_rsvmap {:#x}, behind its end at {:#x}", reserved, total);
  if (structure >= total || structure_size > total - structure) {
    return fmt::format("has a structure block at {:#x}, {:#x} bytes, which reaches behind its end at {:#x}", structure,
                       structure_size, total);
  }
  if (strings > total || strings_size > total - strings) {
    return fmt::format("has a strings block at {:#x}, {:#x} bytes, which reaches behind its end at {:#x}", strings,
                       strings_size, total);
  }
  std::vector<std::uint64_t> aligned(total / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), total);
  const int trouble = fdt_check_full(aligned.data(), total);
  if (trouble == 0) return std::nullopt;
  return fmt::format("has a sound header, and a structure that is damaged ({})", fdt_strerror(trouble));
}

std::vector<std::size_t> find_device_trees(std::span<const std::uint8_t> bytes) {
  std::vector<std::size_t> offsets;
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), kMagic.begin(), kMagic.end());
    if (at == bytes.end()) return offsets;
    const auto offset = static_cast<std::size_t>(at - bytes.begin());
    if (plausible(bytes.subspan(offset))) offsets.push_back(offset);
  }
}

}  // namespace bootrig
