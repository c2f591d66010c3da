#include "image/elfloader_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLoaderStep = std::uint64_t{2} << 20;  // a level 2 block: its boot tables map such
// Where memory begins stands what the machine left there, as QEMU's device tree, and most kernels.
constexpr std::uint64_t kLoaderOffset = std::uint64_t{4} << 20;
constexpr std::uint64_t kHeaders = kPage;  // the rootserver's program headers are kept behind it

std::uint64_t up(std::uint64_t address, std::uint64_t step) {
  return address > ~(step - 1) ? ~(step - 1) : (address + step - 1) & ~(step - 1);
}

std::uint64_t end_of(const DeviceTree::Range& range) {
  return range.size > ~range.base ? ~std::uint64_t{0} : range.base + range.size;
}

std::string range_text(std::uint64_t start, std::uint64_t end) {
  return fmt::format("{:#x}..{:#x}", start, end);
}

struct Bounds {
  std::uint64_t start = ~std::uint64_t{0}, end = 0;
};
Bounds bounds_of(const ElfFile& elf, std::uint64_t ElfSegment::*address) {
  Bounds bounds;
  for (const ElfSegment& segment : elf.segments) {
    const std::uint64_t start = segment.*address;
    bounds.start = std::min(bounds.start, start);
    bounds.end = std::max(bounds.end, end_of({start, segment.memory_size}));
  }
  return bounds;
}

bool within(const std::vector<DeviceTree::Range>& memory, std::uint64_t start, std::uint64_t end) {
  return std::ranges::any_of(memory, [&](const DeviceTree::Range& range) {
    return start >= range.base && end <= end_of(range) && start < end;
  });
}

std::string memory_text(const std::vector<DeviceTree::Range>& memory) {
  std::string text;
  for (const DeviceTree::Range& range : memory) {
    text += (text.empty() ? "" : ", ") + range_text(range.base, end_of(range));
  }
  return text.empty() ? "none" : text;
}

// What the range runs into.
std::optional<MemoryItem> overlap(const ElfloaderParts& parts, const std::vector<MemoryItem>& items,
                                  std::uint64_t start, std::uint64_t end) {
  std::vector<MemoryItem> taken = items;
  for (const DeviceTree::Range& range : parts.reserved)
    taken.push_back({"reserved memory", range.base, end_of(range), ""});
  const auto hit =
      std::ranges::find_if(taken, [&](const MemoryItem& item) { return start < item.end && item.start < end; });
  return hit == taken.end() ? std::nullopt : std::optional(*hit);
}

MemoryItem loader_item(std::uint64_t start, std::uint64_t end) {
  return {"elfloader", start, end,
          fmt::format("the lowest multiple of {} that is {} into memory and overlaps nothing", format_size(kLoaderStep),
                      format_size(kLoaderOffset))};
}

Result<void> check_kernel_memory(const ElfloaderParts& parts) {
  for (const MemoryItem& region : parts.kernel_memory) {
    if (within(parts.memory, region.start, region.end)) continue;
    return fail(fmt::format("the kernel was built to manage the memory {}, and the device tree has {}",
                            range_text(region.start, region.end), memory_text(parts.memory)));
  }
  return {};
}

}  // namespace

Result<std::vector<MemoryItem>> parse_platform_memory(std::string_view name, std::string_view text) {
  const std::string place(name);
  std::vector<MemoryItem> regions;
  bool in_memory = false;
  unsigned bounds = 0;
  for (const std::string_view line : split_lines(text)) {
    if (!line.starts_with('-') && !line.starts_with(' ')) in_memory = line.starts_with("memory:");
    if (!in_memory || line.starts_with("memory:")) continue;
    if (line.starts_with('-')) regions.emplace_back("kernel memory");
    std::string_view rest = trim(line.substr(line.starts_with('-') ? 1 : 0));
    const std::size_t colon = rest.find(':');
    if (regions.empty() || colon == std::string_view::npos) continue;
    const std::string_view value = trim(rest.substr(colon + 1));
    BOOTRIG_TRY(const std::uint64_t address, value.starts_with("0x") ? parse_address(value) : parse_count(value));
    if (rest.starts_with("start")) regions.back().start = address, ++bounds;
    if (rest.starts_with("end")) regions.back().end = address, ++bounds;
  }
  if (regions.empty()) return fail(place, "describes no memory");
  if (bounds != 2 * regions.size()) return fail(place, "has a region of memory without 'start' or 'end'");
  for (const MemoryItem& region : regions) {
    if (region.start < region.end) continue;
    return fail(place, fmt::format("has a region of memory that ends before it begins: {}",
                                   range_text(region.start, region.end)));
  }
  return regions;
}

Result<std::vector<MemoryItem>> place_parts(const ElfloaderParts& parts) {
  BOOTRIG_TRY_VOID(check_kernel_memory(parts));
  const Bounds kernel = bounds_of(parts.kernel, &ElfSegment::physical_address);
  std::vector<MemoryItem> items{
      {"kernel.elf", kernel.start, up(kernel.end, kPage), "its segments' physical addresses"}};
  std::uint64_t next = items.back().end;
  items.push_back({"kernel.dtb", next, up(next + parts.tree_size, kPage), "the loader puts it behind the kernel"});
  next = items.back().end;
  const Bounds server = bounds_of(parts.rootserver, &ElfSegment::virtual_address);
  if (server.start % kPage != 0) {
    return fail(
        fmt::format("the rootserver begins at {:#x}; the elfloader takes one that begins with a page, a multiple "
                    "of {:#x}",
                    server.start, kPage));
  }
  const std::uint64_t size = up(server.end, kPage) - server.start;
  items.push_back({"rootserver", next, next + size + kHeaders, "behind that, with a page for its program headers"});
  for (const MemoryItem& item : items) {
    if (within(parts.memory, item.start, item.end)) continue;
    return fail(fmt::format("{} would lie at {}, which is not in the memory of the device tree: {}", item.what,
                            range_text(item.start, item.end), memory_text(parts.memory)));
  }
  return items;
}

Result<MemoryItem> place_loader(const ElfloaderParts& parts, const std::vector<MemoryItem>& items, std::uint64_t size) {
  for (const DeviceTree::Range& range : parts.memory) {
    std::uint64_t start = up(end_of({range.base, kLoaderOffset}), kLoaderStep);
    while (size < end_of(range) && start <= end_of(range) - size) {
      const auto taken = overlap(parts, items, start, start + size);
      if (!taken) {
        return loader_item(start, start + size);
      }
      start = up(std::max(taken->end, start + 1), kLoaderStep);
    }
  }
  return fail(
      fmt::format("no memory is left for the elfloader, {} bytes; there is {}", size, memory_text(parts.memory)));
}

Result<MemoryItem> check_loader(const ElfloaderParts& parts, const std::vector<MemoryItem>& items,
                                const ElfFile& loader) {
  const Bounds bounds = bounds_of(loader, &ElfSegment::physical_address);
  const std::string where = range_text(bounds.start, bounds.end);
  if (!within(parts.memory, bounds.start, bounds.end)) {
    return fail(fmt::format("the elfloader lies at {}, which is not in the memory of the device tree: {}", where,
                            memory_text(parts.memory)));
  }
  const auto taken = overlap(parts, items, bounds.start, bounds.end);
  if (!taken) return loader_item(bounds.start, bounds.end);
  return fail(fmt::format("the elfloader at {} would overwrite itself with {} at {}", where, taken->what,
                          range_text(taken->start, taken->end)));
}

std::string layout_text(const ElfloaderParts& parts, std::vector<MemoryItem> items) {
  for (const DeviceTree::Range& range : parts.memory) {
    items.push_back({"memory", range.base, end_of(range), "the device tree"});
  }
  for (const DeviceTree::Range& range : parts.reserved) {
    items.push_back({"reserved memory", range.base, end_of(range), "the device tree"});
  }
  for (const MemoryItem& region : parts.kernel_memory) {
    items.push_back({"kernel memory", region.start, region.end, "what the kernel was built to manage"});
  }
  std::ranges::stable_sort(items, [](const MemoryItem& a, const MemoryItem& b) {
    return a.start != b.start ? a.start < b.start : a.end > b.end;
  });
  std::string text;
  for (const MemoryItem& item : items) {
    text += fmt::format("{:<24} {:<16} {}\n", range_text(item.start, item.end), item.what, item.why);
  }
  return text;
}

}  // namespace bootrig
