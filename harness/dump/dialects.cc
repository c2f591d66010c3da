// The table of dialects, and the search for their dumps.
#include <algorithm>
#include <array>
#include <utility>

#include "dump/dialect.h"

namespace bootrig {
namespace dump {
namespace {

// A line belongs to the first dialect that knows it.
constexpr std::array kDialects = {
    Dialect{"bootrig-image", begin_bootrig_image},
    Dialect{"microkit-loader", begin_microkit_loader},
    Dialect{"microkit-monitor", begin_microkit_monitor},
    Dialect{"sel4-kernel", begin_sel4_kernel},
    Dialect{"elfloader", begin_elfloader},
    Dialect{"u-boot", begin_u_boot},
    Dialect{"edk2", begin_edk2},
    Dialect{"linux", begin_linux, 16},
    Dialect{"xen", begin_xen},
    Dialect{"tf-a", begin_tf_a},
    Dialect{"kvm-unit-tests", begin_kvm_unit_tests},
    Dialect{"zephyr", begin_zephyr},
};

constexpr std::size_t kLongestHeadline = 200;

// A guest that traps for ever prints dumps for ever; what matters stands in the first ones.
constexpr std::size_t kMostDumps = 1000;

class Finder {
 public:
  explicit Finder(std::string_view transcript) : transcript_(transcript) {}

  std::vector<ExceptionRecord> run() {
    ConsoleLines lines(transcript_);
    while (records_.size() < kMostDumps) {
      const std::optional<ConsoleLine> line = lines.next();
      if (!line) break;
      take(*line);
    }
    if (records_.size() < kMostDumps) end();
    return std::move(records_);
  }

 private:
  void take(const ConsoleLine& line) {
    if (line.text.find_first_not_of(' ') == std::string::npos) return;
    const Taken taken = parser_ ? parser_->take(line) : Taken::kNo;
    if (taken == Taken::kNo) {
      if (!begin(line) && parser_ && ++foreign_ > dialect_->foreign_lines) end();
      return;
    }
    foreign_ = 0;
    parser_->record.last_line = line.number;
    if (taken == Taken::kLast) end();
  }

  bool begin(const ConsoleLine& line) {
    if (line.text.size() < kShortestHeadline) return false;
    const Headline headline{line, transcript_.substr(0, line.offset)};
    for (const Dialect& dialect : kDialects) {
      std::unique_ptr<DumpParser> parser = dialect.begin(headline);
      if (!parser) continue;
      end();
      dialect_ = &dialect;
      parser_ = std::move(parser);
      parser_->record.dialect = dialect.name;
      parser_->record.first_line = parser_->record.last_line = line.number;
      return true;
    }
    return false;
  }

  void end() {
    foreign_ = 0;
    if (!parser_) return;
    parser_->record.cut_off = !parser_->complete();
    parser_->settle();
    records_.push_back(std::move(parser_->record));
    parser_.reset();
  }

  std::string_view transcript_;
  std::vector<ExceptionRecord> records_;
  std::unique_ptr<DumpParser> parser_;
  const Dialect* dialect_ = nullptr;
  unsigned foreign_ = 0;
};

}  // namespace

std::string headline_text(std::string_view text) {
  text = text.substr(0, kLongestHeadline);
  const std::size_t end = text.find_last_not_of(' ');
  return std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

}  // namespace dump

bool may_have_syndrome(const ExceptionRecord& record) {
  const auto type = record.extra.find("type");
  const bool interrupt = type != record.extra.end() && (type->second == "IRQ" || type->second == "FIQ");
  return record.esr || !(interrupt || record.extra.contains("assertion") || record.extra.contains("panic"));
}

std::vector<ExceptionRecord> find_dumps(std::string_view transcript) {
  return dump::Finder(transcript).run();
}

}  // namespace bootrig
