#include "qualify/ssh_signature.h"

#include <gtest/gtest.h>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class SshSignature : public ::testing::Test {
 protected:
  fs::path key(const std::string& name) {
    const fs::path path = folder_.path() / name;
    const auto made = run_command(launcher_, {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path}},
                                  Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    EXPECT_TRUE(made && made->status.code == 0);
    return path;
  }
  fs::path allow(const std::string& principal, const fs::path& key) {
    return folder_.put("allowed", principal + " " + read_file(key.string() + ".pub").value_or(""));
  }
  std::string refusal(const fs::path& allowed = {}) {
    const auto verified = ssh_verify(launcher_, file_, allowed);
    return verified ? "none" : to_text(verified.error());
  }

  TestFolder folder_;
  ForkingLauncher launcher_;
  fs::path file_ = folder_.put("statement.json", "what was found\n");
};

TEST_F(SshSignature, OfAnAllowedSigner) {
  const fs::path ann = key("ann"), bob = key("bob");
  ASSERT_TRUE(ssh_sign(launcher_, file_, ann));
  const auto anyone = ssh_verify(launcher_, file_, {});
  ASSERT_TRUE(anyone) << to_text(anyone.error());
  EXPECT_TRUE(anyone->starts_with("ED25519 key SHA256:")) << *anyone;
  const auto known = ssh_verify(launcher_, file_, allow("ann@example.org", ann));
  ASSERT_TRUE(known) << to_text(known.error());
  EXPECT_EQ(*known, "ann@example.org (" + *anyone + ")");
  EXPECT_EQ(refusal(allow("bob@example.org", bob)), *anyone + " is none of " + (folder_.path() / "allowed").string());
}

TEST_F(SshSignature, OfOtherBytesOrForOtherPurposesIsNone) {
  const fs::path ann = key("ann");
  ASSERT_TRUE(ssh_sign(launcher_, file_, ann));
  folder_.put("statement.json", "what was not found\n");
  EXPECT_TRUE(refusal().starts_with("is no signature of statement.json: ")) << refusal();
  fs::remove(file_.string() + ".sig");
  const auto other = run_command(launcher_, {.argv = {"ssh-keygen", "-Y", "sign", "-f", ann, "-n", "file", file_}},
                                 Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
  ASSERT_TRUE(other && other->status.code == 0);
  EXPECT_TRUE(refusal().starts_with("is no signature of statement.json: "))
      << "the namespace is another: " << refusal();
}

TEST_F(SshSignature, AKeyThatIsNone) {
  const auto done = ssh_sign(launcher_, file_, folder_.path() / "none");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().place, (folder_.path() / "none").string());
  EXPECT_TRUE(done.error().message.starts_with("cannot sign: ")) << done.error().message;
}

TEST_F(SshSignature, AnyByteOfTheArmourCounts) {
  ASSERT_TRUE(ssh_sign(launcher_, file_, key("ann")));
  const std::string armour = read_file(file_.string() + ".sig").value_or("");
  ASSERT_TRUE(is_canonical_armour(armour));
  for (std::size_t i = 0; i < armour.size(); i += 9) {
    std::string changed = armour;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    folder_.put("statement.json.sig", changed);
    EXPECT_NE(refusal(), "none") << "byte " << i;
  }
}

TEST(Armour, HasOneForm) {
  const std::string begin = "-----BEGIN SSH SIGNATURE-----\n", end = "-----END SSH SIGNATURE-----\n";
  const std::string line(70, 'A');
  EXPECT_TRUE(is_canonical_armour(begin + "AAAA\n" + end));
  EXPECT_TRUE(is_canonical_armour(begin + line + "\nAAAA==\n" + end));
  EXPECT_FALSE(is_canonical_armour(begin + line + "\nAAAB==\n" + end)) << "bits behind the last byte";
  EXPECT_FALSE(is_canonical_armour(begin + "AAB=\n" + end));
  EXPECT_TRUE(is_canonical_armour(begin + "AAE=\n" + end));
  EXPECT_FALSE(is_canonical_armour(begin + "AAA\n" + end));
  EXPECT_FALSE(is_canonical_armour(begin + "AA\nAA\n" + end));
  EXPECT_FALSE(is_canonical_armour(begin + "AAAA" + end));
  EXPECT_FALSE(is_canonical_armour(begin + end));
  EXPECT_FALSE(is_canonical_armour(begin + "\n" + end));
  EXPECT_FALSE(is_canonical_armour(begin + "AA A\n" + end));
  EXPECT_FALSE(is_canonical_armour(begin + "AAAA\n" + end + "\n"));
  EXPECT_FALSE(is_canonical_armour(" " + begin + "AAAA\n" + end));
  EXPECT_FALSE(is_canonical_armour(""));
}

}  // namespace
}  // namespace bootrig
