// The statement of a bundle: an in-toto Statement v1 (https://in-toto.io/Statement/v1) with the predicate
// https://in-toto.io/attestation/test-result/v0.1, over the digests of the images that were booted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace bootrig {

// Of a bundle, at its top. Those that the sums do not cover.
inline constexpr const char* kSumsFile = "SHA256SUMS";
inline constexpr const char* kStatementFile = "statement.json";
inline constexpr const char* kSignatureFile = "statement.json.sig";
inline constexpr const char* kQualifyFile = "qualify.json";
inline constexpr const char* kPlanFile = "plan.json";

struct Statement {
  std::string text;  // the file's bytes
  bool is_signed = false;
  std::size_t testcases = 0, images = 0;
  unsigned require = 0;
};

// From what the bundle's folder holds (qualify.json, report.json, SHA256SUMS, images/): always the same bytes for the
// same files. An error names the testcase that is not as green as required, or the file that is not as it should be.
Result<Statement> make_statement(const std::filesystem::path& folder);

// Where a bundle keeps an image: "images/probe-1f2e3d4c5b6a".
std::string image_path(const std::string& image, const std::string& sha256);

}  // namespace bootrig
