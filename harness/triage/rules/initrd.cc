// Initial ramdisks that a guest cannot use: damaged as a file, of a compression that it does not have, or overwritten.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "image/device_tree.h"
#include "inspect/initrd.h"
#include "triage/rules/rules.h"
#include "triage/written_over.h"

namespace bootrig {
namespace {

using About = GuestWords::About;

const GuestWords* words_on_initrd(const Facts& facts) {
  for (const About about : {About::kInitrd, About::kNoRoot}) {
    if (const GuestWords* words = said(facts.words, about)) return words;
  }
  return nullptr;
}

const GivenFile* given_initrd(const Facts& facts) {
  const bool given = facts.evidence.given != nullptr && !facts.evidence.given->initrd.bytes.empty();
  return given ? &facts.evidence.given->initrd : nullptr;
}

// Where the machine has put it, by the device tree that it gave to the guest.
std::optional<DeviceTree::Range> place_of_initrd(const Facts& facts) {
  if (facts.evidence.at_rest == nullptr) return std::nullopt;
  const auto bytes = facts.evidence.at_rest->device_tree();
  if (!bytes) return std::nullopt;
  const auto tree = parse_device_tree("", {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
  return tree ? tree->initrd : std::nullopt;
}

// The first byte of it that memory holds otherwise; none: all are the same, or cannot be read.
std::optional<std::uint64_t> first_difference(const Facts& facts, const std::string& bytes, std::uint64_t at) {
  constexpr std::uint64_t kPiece = 64 << 10, kComparedMax = std::uint64_t{4} << 20;
  std::string memory(kPiece, '\0');
  for (std::uint64_t from = 0; from < std::min<std::uint64_t>(bytes.size(), kComparedMax); from += kPiece) {
    const std::size_t count = std::min<std::uint64_t>(kPiece, bytes.size() - from);
    if (facts.memory == nullptr ||
        !facts.memory->read(at + from, {reinterpret_cast<std::uint8_t*>(memory.data()), count}))
      return std::nullopt;
    const auto [in_file, in_memory] =
        std::mismatch(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                      bytes.begin() + static_cast<std::ptrdiff_t>(from + count), memory.begin());
    if (in_memory != memory.begin() + static_cast<std::ptrdiff_t>(count)) {
      return from + static_cast<std::uint64_t>(in_memory - memory.begin());
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<RootCause> initrd_compression(const Facts& facts) {
  const GuestWords* words = said(facts.words, About::kNoMethod);
  if (words == nullptr) return std::nullopt;
  const GivenFile* file = given_initrd(facts);
  const std::string form = file != nullptr ? read_initrd(file->bytes).form : "";
  return RootCause{
      "initrd-compression",
      fmt::format("the initrd{} is compressed in a way that this kernel cannot read{}: the guest says '{}'",
                  file != nullptr ? " " + file->name : "", form.empty() ? "" : fmt::format(" ({})", form), words->line),
      "pack it by a compression that the kernel has (CONFIG_RD_GZIP, CONFIG_RD_ZSTD, ...), or configure "
      "the kernel with this one"};
}

// The guest found no use for it, and the file says why.
std::optional<RootCause> damaged_initrd(const Facts& facts) {
  const GuestWords* words = words_on_initrd(facts);
  const GivenFile* file = given_initrd(facts);
  if (words == nullptr || file == nullptr) return std::nullopt;
  const Initrd initrd = read_initrd(file->bytes);
  if (!initrd.damage) return std::nullopt;
  return RootCause{"damaged-initrd",
                   fmt::format("the initrd {}, of {} bytes, {}; the guest says '{}'", file->name, file->bytes.size(),
                               *initrd.damage, words->line),
                   "build the initrd again, and check that all of it is given to the guest"};
}

// The file is sound and memory does not hold it. Linux gives the memory back once it has unpacked it, or tried to: what is
// there afterwards is no evidence.
std::optional<RootCause> initrd_overwritten(const Facts& facts) {
  const GuestWords* words = said(facts.words, About::kInitrd);
  const GivenFile* file = given_initrd(facts);
  const bool given_back = facts.evidence.transcript.contains("Freeing initrd memory");
  if (words == nullptr || file == nullptr || given_back || read_initrd(file->bytes).damage) return std::nullopt;
  const auto place = place_of_initrd(facts);
  const auto difference = place ? first_difference(facts, file->bytes, place->base) : std::nullopt;
  if (!difference) return std::nullopt;
  const std::uint64_t at = place->base + *difference;
  const std::string who = who_lies_at(facts, at, nullptr);
  return RootCause{
      "initrd-overwritten",
      fmt::format("the initrd {} was put to {:#x}..{:#x}, and from {:#x} on memory holds something else{}; "
                  "the guest says '{}'",
                  file->name, place->base, place->base + place->size, at, who.empty() ? "" : ": " + who, words->line),
      fmt::format("watch physical {:#x} from power-on for who writes there, and keep heap, BSS and stacks "
                  "out of {:#x}..{:#x}",
                  at, place->base, place->base + place->size)};
}

}  // namespace bootrig
