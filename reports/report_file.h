// ReportFile: a report on its way to disk, in two parts. While the run goes on, pieces (one per
// result) go into a nameless file beside the report; at the end the report is written in its own
// order, each piece copied from there. So memory holds counts, never results, and a reader of the
// report sees the old one or the whole new one.
//
// The first error is kept, everything after it does nothing, and finish() returns it: a reporter
// that cannot write must not stop the run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace bootrig {

// Where pieces stand in the nameless file, in order. Neighbours are one extent.
struct Pieces {
  struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  std::vector<Extent> extents;
};

class ReportFile {
 public:
  // The folder is made when it is missing. A path that is no regular file (/dev/stdout) is written
  // as it is.
  explicit ReportFile(std::filesystem::path path);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  // Sets bytes aside for later and notes where.
  void set_aside(std::string_view bytes, Pieces& pieces);

  // The report itself, in order.
  void write(std::string_view bytes);
  void write(const Pieces& pieces);

  // Writes what is left and gives the file its name. After an error nothing is left of it.
  Result<void> finish();

 private:
  bool open_spool();
  bool open_report();
  void flush(const ScopedFd& fd, std::string& buffer);
  void keep_error(const char* what);

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty: the path itself is written
  ScopedFd spool_;
  ScopedFd report_;
  std::string spool_buffer_;
  std::string report_buffer_;
  std::uint64_t spooled_ = 0;  // bytes set aside
  Result<void> state_;
};

}  // namespace bootrig
