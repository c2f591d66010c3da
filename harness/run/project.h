// Project: the files that users write, found and read. A project is a folder with targets/, scenarios/ and images/;
// target profiles that a project does not have are taken from bootrig's own. The parsers are spec/'s; this only finds
// files and reads each at most once.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "spec/matrix.h"
#include "spec/recipe.h"
#include "spec/scenario.h"
#include "spec/target.h"

namespace bootrig {

class Project {
 public:
  // `root`: the project's folder. `builtin`: bootrig's own, for target profiles; may be the same.
  Project(std::filesystem::path root, std::filesystem::path builtin);

  // The nearest folder from `start` upwards that has scenarios/ or targets/; `start` itself when none has.
  static std::filesystem::path find_root(const std::filesystem::path& start);

  const std::filesystem::path& root() const { return root_; }

  // Names, sorted: of the files there are, whether they parse or not. base/* are not among the targets.
  const std::vector<std::string>& target_names() const { return target_names_; }
  const std::vector<std::string>& scenario_names() const { return find_scenarios().scenarios; }
  const std::vector<std::string>& matrix_names() const { return find_scenarios().matrices; }

  // Errors name the file; an unknown name gets the near ones.
  Result<TargetProfile> target(std::string_view name) const;
  Result<std::shared_ptr<const Scenario>> scenario(std::string_view name) const;
  // By name ("nightly") or by a file's path.
  Result<Matrix> matrix(std::string_view name) const;
  Result<std::vector<Recipe>> recipes() const;

 private:
  std::filesystem::path root_;
  std::filesystem::path builtin_;
  std::vector<std::string> target_names_;
  std::vector<std::string> profile_names_;  // base/* included
  // Looked for when first asked for: booting one image reads no scenarios.
  struct ScenarioNames {
    std::vector<std::string> scenarios, matrices;
  };
  const ScenarioNames& find_scenarios() const;
  mutable std::optional<ScenarioNames> scenario_names_;
  mutable std::map<std::string, TargetProfile, std::less<>> targets_;
  mutable std::map<std::string, std::shared_ptr<const Scenario>, std::less<>> scenarios_;
};

}  // namespace bootrig
