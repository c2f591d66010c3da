#include "machine/qemu_inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace bootrig {
namespace {

// Of pages that are read in one go: the stub's replies should not pile up.
constexpr std::uint64_t kRunMax = 16;

// QEMU's own limit is 1 MiB (FDT_MAX_SIZE).
constexpr std::uint64_t kDeviceTreeMax = std::uint64_t{16} << 20;

// A word of the human monitor, whatever it holds.
std::string monitor_word(std::string_view text) {
  std::string word = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') word += '\\';
    word += letter;
  }
  return word + '"';
}

}  // namespace

// From its making to its end, time is taken off what is left.
class QemuInspection::Spending {
 public:
  explicit Spending(QemuInspection& inspection) : inspection_(inspection), begin_(inspection.clock_.now()) {}
  ~Spending() {
    const Duration spent = inspection_.clock_.now() - begin_;
    inspection_.left_ -= std::min(inspection_.left_, spent);
  }
  Spending(const Spending&) = delete;
  Spending& operator=(const Spending&) = delete;

  Deadline deadline() const { return Deadline::after(begin_, inspection_.left_); }

 private:
  QemuInspection& inspection_;
  TimePoint begin_;
};

QemuInspection::QemuInspection(GdbStub& stub, Monitor monitor, Runner runner, const Clock& clock, Duration time,
                               FileTaker take_file)
    : stub_(stub),
      monitor_(std::move(monitor)),
      runner_(std::move(runner)),
      take_file_(std::move(take_file)),
      clock_(clock),
      left_(time) {}

Result<void> QemuInspection::attach() {
  const Spending spending(*this);
  return stub_.attach(spending.deadline());
}

Result<std::vector<CpuState>> QemuInspection::cpus() {
  if (!cpus_) {
    const Spending spending(*this);
    BOOTRIG_TRY(cpus_, stub_.cpus(spending.deadline()));
  }
  return *cpus_;
}

Result<std::string> QemuInspection::monitor(std::string_view command) {
  const Spending spending(*this);
  return monitor_(command, spending.deadline());
}

Result<std::string> QemuInspection::device_tree() {
  if (device_tree_) return *device_tree_;
  std::string answer;
  const auto write = [&](const std::string& path) -> Result<void> {
    BOOTRIG_TRY(answer, monitor("dumpdtb " + monitor_word(path)));
    return {};
  };
  auto tree = take_file_(write, kDeviceTreeMax);
  // Without a file it is QEMU that says why.
  if (!tree && !trim(answer).empty()) {
    return fail(fmt::format("QEMU gives no device tree: {}", printable(trim(answer))));
  }
  if (!tree) return std::unexpected(tree.error());
  device_tree_ = *std::move(tree);
  return *device_tree_;
}

// The map stays: what a machine has does not move.
Result<void> QemuInspection::let_run(Duration time) {
  const Spending spending(*this);
  cpus_.reset();
  pages_.clear();
  return runner_(time, spending.deadline());
}

Result<void> QemuInspection::read(std::uint64_t address, std::span<std::uint8_t> out) {
  if (out.empty()) return {};
  const std::uint64_t last = address + (out.size() - 1);
  if (last < address) return fail(fmt::format("no memory at {:#x}: the end of all addresses", address));
  BOOTRIG_TRY_VOID(load_map());
  BOOTRIG_TRY_VOID(load_pages(address / kPageSize, last / kPageSize));
  while (!out.empty()) {
    const Page& page = pages_.at(address / kPageSize);
    const std::size_t offset = address % kPageSize;
    const std::size_t count = std::min(out.size(), kPageSize - offset);
    std::copy_n(page.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    out = out.subspan(count);
    address += count;
  }
  return {};
}

Result<void> QemuInspection::load_map() {
  if (map_) return {};
  BOOTRIG_TRY(const std::string text, monitor("info mtree -f"));
  map_ = parse_memory_map(text);
  return {};
}

Result<void> QemuInspection::check_memory(std::uint64_t page) const {
  const std::uint64_t address = page * kPageSize;
  const MemoryRegion* region = find_region(*map_, address);
  if (region == nullptr) return fail(fmt::format("no memory at {:#x}: nothing is there", address));
  if (!region->memory) return fail(fmt::format("no memory at {:#x}: {} is there", address, region->name));
  if (region->last - address < kPageSize - 1) {
    return fail(fmt::format("no memory at {:#x}: {} ends there", region->last, region->name));
  }
  return {};
}

// Runs of pages that are not there yet, each by one round trip.
Result<void> QemuInspection::load_pages(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t page = first; page <= last; ++page) {
    if (pages_.contains(page)) continue;
    std::uint64_t count = 0;
    while (count < kRunMax && page + count <= last && !pages_.contains(page + count)) {
      BOOTRIG_TRY_VOID(check_memory(page + count));
      ++count;
    }
    std::vector<std::uint8_t> bytes(count * kPageSize);
    const Spending spending(*this);
    BOOTRIG_TRY_VOID(stub_.read_physical(page * kPageSize, bytes, spending.deadline()));
    for (std::uint64_t i = 0; i < count; ++i) {
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * kPageSize), kPageSize, pages_[page + i].begin());
    }
  }
  return {};
}

}  // namespace bootrig
