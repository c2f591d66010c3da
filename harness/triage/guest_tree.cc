#include "triage/guest_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace bootrig {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Found {
  std::string origin;
  DeviceTree tree;
};

// An image with several trees chooses when it runs, and which one is not known.
std::optional<Found> only_tree_in(const GivenFile& image) {
  std::optional<Found> found;
  const auto bytes = bytes_of(image.bytes);
  for (const std::size_t at : find_device_trees(bytes)) {
    auto tree = parse_device_tree("", bytes.subspan(at));
    if (!tree) continue;
    if (found) return std::nullopt;
    found = Found{fmt::format("the device tree at byte {:#x} of {}", at, image.name), *std::move(tree)};
  }
  return found;
}

}  // namespace

std::optional<GuestTree> find_guest_tree(const Evidence& evidence) {
  if (evidence.given == nullptr || evidence.machine == nullptr || !evidence.tree_of) return std::nullopt;
  const GivenFile& file = evidence.given->tree;
  std::optional<Found> found;
  if (!file.bytes.empty()) {
    auto tree = parse_device_tree(file.name, bytes_of(file.bytes));
    if (tree) found = Found{file.name, *std::move(tree)};
  } else {
    found = only_tree_in(evidence.given->image);
  }
  if (!found) return std::nullopt;
  auto own = evidence.tree_of(*evidence.machine);
  if (!own) return std::nullopt;
  GuestTree result{found->origin, !file.bytes.empty(), std::move(found->tree), *std::move(own), {}};
  result.mismatches = compare_trees(result.tree, result.own);
  // QEMU writes the machine's memory into a tree that it is given (hw/arm/boot.c, arm_load_dtb).
  if (result.given) {
    std::erase_if(result.mismatches,
                  [](const TreeMismatch& mismatch) { return mismatch.about == TreeMismatch::About::kMemory; });
  }
  return result;
}

}  // namespace bootrig
