// Any text as each kind of file that a user writes: a specification or an error that names its place. Parts beyond the
// first are the file that it refers to: the profile that it extends, its transcript.
// seeds: harness/spec/fixtures/valid/*/*.json harness/spec/fixtures/*/*.json targets/*.json targets/base/*.json scenarios/*/*/scenario.json images/*/recipe.json scenarios/*.matrix.json
#include "base/check.h"
#include "spec/matrix.h"
#include "spec/recipe.h"
#include "spec/scenario.h"
#include "spec/target.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

template <typename T>
void check_refusal(const Result<T>& result) {
  if (!result) CHECK(!result.error().message.empty());
}

void check_target(std::string_view text, std::string_view base) {
  const auto source = [&](std::string_view name) -> Result<NamedText> {
    return NamedText{std::string(name) + ".json", std::string(name == "virt" ? text : base)};
  };
  const auto profile = parse_target("virt", source, {"virt", "base/qemu-virt"});
  check_refusal(profile);
  if (!profile) return;
  for (const std::string& key : profile->variable) {
    if (key == "cpu") continue;  // a file may write "max,sve=off", a variation may not
    const auto varied = apply_variation(*profile, {{key, machine_value(profile->machine, key)}});
    CHECK(varied && machine_value(varied->machine, key) == machine_value(profile->machine, key));
  }
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  FuzzInput input(data, size);
  const std::string_view text = input.part();
  const std::string_view beside = input.part();
  check_target(text, beside);
  check_refusal(parse_recipe("reference", "recipe.json", text));
  check_refusal(parse_matrix("nightly", "nightly.matrix.json", text));
  const auto scenario = parse_scenario("boot/hello", "scenario.json", text, [beside](std::string_view file) {
    return Result<NamedText>(NamedText{std::string(file), std::string(beside)});
  });
  check_refusal(scenario);
  if (scenario) CHECK(scenario->expectations != nullptr);
  check_refusal(parse_target_reference(text.substr(0, 200)));
  return 0;
}
