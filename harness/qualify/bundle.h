// The evidence of a qualification as a folder that stands alone: what was booted, how it was built, what every session
// said, and a statement about it all that others can check. It can be moved anywhere.
//
//   qualify.json       what was required, and the tools that did it (reports/qualify.schema.json)
//   plan.json          every testcase: its image and the command that boots it
//   report.json        the run's reports
//   junit.xml
//   images/            each image that was booted; where its build left one, its manifest
//   recipes/           by which they were built
//   cells/             transcripts, times, command lines, outcomes
//   SHA256SUMS         of all of these; `sha256sum -c` takes it
//   statement.json     in-toto Statement v1 with a test-result predicate: the images passed
//   statement.json.sig its signature (ssh-keygen -Y), when there was a key
//
// The statement follows from the other files alone: who verifies makes it again and compares.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/image.h"
#include "process/launcher.h"
#include "run/plan.h"

namespace bootrig {

struct BundleRequest {
  std::filesystem::path run_folder;  // of the run that has just ended
  std::vector<std::string> selection;
  unsigned require = 1;           // sessions in a row
  std::filesystem::path program;  // bootrig itself
  std::filesystem::path key;      // signs the statement; empty: it is not signed
};

// Fills `folder`, which must not be there or be empty; it appears whole or not at all. An error: a testcase is not as
// green as required (then it is named), a file cannot be written, the key does not sign.
Result<void> write_bundle(const std::filesystem::path& folder, const BundleRequest& request, const Plan& plan,
                          const std::vector<Recipe>& recipes, ProcessLauncher& launcher);

// An error unless a bundle could be written there.
Result<void> check_bundle_folder(const std::filesystem::path& folder);

struct VerifiedBundle {
  std::vector<std::string> problems;  // "images/probe-1f2e3d4c5b6a: has changed"; none: it is as it was made
  std::string signer;                 // empty: it is not signed
  std::size_t testcases = 0, images = 0;
  unsigned require = 0;
};

// Checks all of a bundle, offline. An error: it is no folder of a bundle.
Result<VerifiedBundle> verify_bundle(const std::filesystem::path& folder, const std::filesystem::path& allowed_signers,
                                     ProcessLauncher& launcher);

}  // namespace bootrig
