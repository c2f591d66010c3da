// QEMU's log of exceptions: any bytes, in any split, give the same records and the same text, both bounded.
// seeds: harness/qemu/fuzz_seeds/exception_log/*
#include "base/check.h"
#include "qemu/exception_log.h"
#include "testing/fuzz_input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ExceptionLog whole, pieces;
  whole.feed(bytes);
  feed_in_pieces(bytes, [&pieces](std::string_view piece) { pieces.feed(piece); });
  const auto a = whole.exceptions(), b = pieces.exceptions();
  CHECK(a.size() == b.size() && whole.taken() == pieces.taken() && whole.text() == pieces.text());
  CHECK(a.size() <= ExceptionLog::kHeadMax + ExceptionLog::kTailMax);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(to_text(a[i]) == to_text(b[i]));
  CHECK(whole.bytes() == size);
  return 0;
}
