#include "qualify/ssh_signature.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNamespace = "bootrig-qualify";
constexpr Duration kLimit = std::chrono::seconds(60);
constexpr std::size_t kColumns = 70;
constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----\n", kEnd = "-----END SSH SIGNATURE-----\n";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fs::path signature_of_file(const fs::path& file) {
  return file.string() + ".sig";
}

// What ssh-keygen says, as one line.
Result<std::string> ssh_keygen(ProcessLauncher& launcher, std::vector<std::string> words, const fs::path& file) {
  words.insert(words.begin(), {"ssh-keygen", "-Y"});
  // ssh-keygen reads what was signed from its input, which a child of ours does not have.
  if (!file.empty()) words.insert(words.begin(), {"sh", "-c", "file=$1; shift; exec \"$@\" <\"$file\"", "sh", file});
  BOOTRIG_TRY(const CommandResult done,
              run_command(launcher, {.argv = words}, Deadline::after(SteadyClock().now(), kLimit)));
  std::string said;
  for (const std::string_view line : split_lines(trim(done.output))) {
    said += fmt::format("{}{}", said.empty() ? "" : "; ", printable(trim(line)));
  }
  if (done.timed_out)
    return fail("ssh-keygen did not end in 60 s: does the key want a passphrase? ssh-agent can hold it");
  if (done.status.code != 0) return fail(said.empty() ? "ssh-keygen: " + done.status.to_text() : said);
  return said;
}

// "Good "bootrig-qualify" signature with ED25519 key SHA256:..." gives "ED25519 key SHA256:...".
std::string key_in(std::string_view said) {
  const std::size_t with = said.rfind(" with ");
  return std::string(with == std::string_view::npos ? said : said.substr(with + 6));
}

}  // namespace

Result<void> ssh_sign(ProcessLauncher& launcher, const fs::path& file, const fs::path& key) {
  const auto signed_ = ssh_keygen(launcher, {"sign", "-f", key, "-n", kNamespace, file}, {});
  if (!signed_) return fail(key.string(), "cannot sign: " + signed_.error().message);
  return {};
}

Result<std::string> ssh_verify(ProcessLauncher& launcher, const fs::path& file, const fs::path& allowed_signers) {
  const std::string signature = signature_of_file(file);
  BOOTRIG_TRY(const std::string armour, read_file(signature));
  if (!is_canonical_armour(armour)) return fail("is no signature as ssh-keygen writes it");
  const auto good = ssh_keygen(launcher, {"check-novalidate", "-n", kNamespace, "-s", signature}, file);
  if (!good) return fail(fmt::format("is no signature of {}: {}", file.filename().string(), good.error().message));
  if (allowed_signers.empty()) return key_in(*good);
  const auto found = ssh_keygen(launcher, {"find-principals", "-s", signature, "-f", allowed_signers}, {});
  if (!found) return fail(fmt::format("{} is none of {}", key_in(*good), allowed_signers.string()));
  const std::string principal = found->substr(0, found->find(';'));
  const auto verified =
      ssh_keygen(launcher, {"verify", "-f", allowed_signers, "-I", principal, "-n", kNamespace, "-s", signature}, file);
  if (!verified) return fail(fmt::format("{} may not sign this: {}", principal, verified.error().message));
  return fmt::format("{} ({})", principal, key_in(*good));
}

bool is_canonical_armour(std::string_view text) {
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || text.size() <= kBegin.size() + kEnd.size()) return false;
  text = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
  std::string data;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const bool last = end != std::string_view::npos && end + 1 == text.size();
    if (end == std::string_view::npos || end == 0 || end > kColumns || (!last && end != kColumns)) return false;
    data += text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  const std::size_t padding = data.ends_with("==") ? 2 : data.ends_with("=") ? 1 : 0;
  data.resize(data.size() - padding);
  if (data.empty() || (data.size() + padding) % 4 != 0 || data.find_first_not_of(kAlphabet) != data.npos) return false;
  // RFC 4648, 3.5: the bits behind the last byte are zero.
  const std::size_t last = kAlphabet.find(data.back());
  return (last & ((1u << (2 * padding)) - 1)) == 0;
}

}  // namespace bootrig
