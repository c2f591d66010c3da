// Signatures of files by a person's SSH key, made and checked by ssh-keygen (OpenSSH 8.2 or later, `ssh-keygen -Y`;
// the format is PROTOCOL.sshsig). The namespace is bootrig-qualify: a signature that was made for anything else is none.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "process/launcher.h"

namespace bootrig {

// Writes `<file>.sig`. `key`: a private key's file, or the public one of a key that ssh-agent holds. A key with a
// passphrase needs the agent: nothing is asked here.
Result<void> ssh_sign(ProcessLauncher& launcher, const std::filesystem::path& file, const std::filesystem::path& key);

// Checks `<file>.sig`. With `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS) the key must be of one of them; without,
// any key will do. Gives who signed: "ann@example.org (ED25519 key SHA256:...)", or the key alone.
Result<std::string> ssh_verify(ProcessLauncher& launcher, const std::filesystem::path& file,
                               const std::filesystem::path& allowed_signers);

// True when the armour has the one form that ssh-keygen writes (70 columns, no bits left over): then no byte of the
// file can change without the signature changing.
bool is_canonical_armour(std::string_view text);

}  // namespace bootrig
