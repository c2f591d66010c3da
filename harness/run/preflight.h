// Preflight: what is wrong with an image, told before and beside its boot. It is looked at once a target; testcases that
// boot the same bytes on the same target share what was found.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "inspect/findings.h"
#include "machine/machine_trees.h"
#include "run/verdict.h"
#include "spec/target.h"

namespace bootrig {

using Findings = std::vector<Finding>;

// What findings need of a target; `trees` must outlive it.
TargetPlace target_place(std::string_view name, const MachineSpec& machine, MachineTrees& trees);

// Errors and warnings of an image on a target; notes are of no use beside a boot. Bytes that cannot be read, or are no
// image, give none: the boot says so better.
Findings preflight(const Image& image, std::string_view target_name, const MachineSpec& machine, MachineTrees& trees);

// May be asked by several threads at once.
class Preflight {
 public:
  explicit Preflight(ProcessLauncher& launcher) : trees_(launcher) {}
  // Begins to look, on a thread of its own unless that was done before. The image must outlive the answer.
  std::shared_future<Findings> begin(const Image& image, std::string_view target_id, const MachineSpec& machine);

 private:
  MachineTrees trees_;
  std::mutex mutex_;
  std::map<std::string, std::shared_future<Findings>> asked_;
};

// Why an image is not to be booted: an error among the findings, which the image's author must act on. None: it may.
std::optional<Verdict> preflight_verdict(const Findings& findings);
// The findings as lines of the diagnosis of a boot that failed.
void add_evidence(const Findings& findings, Diagnosis& diagnosis);

}  // namespace bootrig
