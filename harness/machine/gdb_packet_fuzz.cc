// What a gdbstub sends: packets in any split give the same payloads, a payload comes back as it was framed, target
// descriptions give bounded numbers.
// seeds: harness/machine/fuzz_seeds/gdb_packet/*
#include "base/check.h"
#include "machine/gdb_packet.h"
#include "machine/gdb_target.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

struct Heard {
  std::vector<std::string> payloads;
  std::string error;
  bool operator==(const Heard&) const = default;
};

// False: an error came.
bool take_packets(GdbPacketReader& reader, Heard& heard) {
  for (;;) {
    auto payload = reader.next();
    if (!payload) heard.error = payload.error().message;
    if (!payload || !*payload) return payload.has_value();
    heard.payloads.push_back(std::move(**payload));
  }
}

Heard whole(std::string_view bytes) {
  Heard heard;
  GdbPacketReader reader;
  reader.feed(bytes);
  take_packets(reader, heard);
  return heard;
}

Heard in_pieces(std::string_view bytes) {
  Heard heard;
  GdbPacketReader reader;
  bool well = true;
  feed_in_pieces(bytes, [&](std::string_view piece) {
    if (!well) return;
    reader.feed(piece);
    well = take_packets(reader, heard);
  });
  return heard;
}

void check_description(std::string_view xml) {
  unsigned next = 0;
  for (const GdbRegister& known : parse_gdb_registers(xml, next)) {
    CHECK(!known.name.empty() && !canonical_register_name(known.name).empty());
    CHECK(known.number < next || known.number <= 1 << 20);
  }
  for (const std::string& file : parse_gdb_includes(xml)) CHECK(!file.empty());
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK(whole(bytes) == in_pieces(bytes));
  const Heard back = whole(gdb_packet(bytes));
  CHECK(back.payloads == std::vector<std::string>{std::string(bytes)} && back.error.empty());
  if (const auto number = parse_gdb_number(bytes)) CHECK(parse_gdb_bytes(bytes)->size() <= 8);
  check_description(bytes);
  return 0;
}
