#include <algorithm>

#include "base/file.h"
#include "qualify/bundle.h"
#include "qualify/ssh_signature.h"
#include "qualify/statement.h"
#include "qualify/sums.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

std::string problem(const std::string& file, const std::string& what) {
  return file + ": " + what;
}

class Verifier {
 public:
  Verifier(const fs::path& folder, const fs::path& allowed_signers, ProcessLauncher& launcher)
      : folder_(folder), allowed_signers_(allowed_signers), launcher_(launcher) {}

  Result<VerifiedBundle> verify() {
    for (const char* name : {kSumsFile, kStatementFile}) {
      if (auto text = read_file(folder_ / name)) {
        texts_.push_back(std::move(*text));
      } else {
        result_.problems.push_back(problem(name, "is missing"));
      }
    }
    if (texts_.size() == 2) check_files();
    if (texts_.size() == 2 && result_.problems.empty()) check_statement();
    if (texts_.size() == 2) check_signature();
    return std::move(result_);
  }

 private:
  // Files against sums. Where they differ, the statement, which has the digest of the sums, tells which is at fault.
  void check_files() {
    const std::string& stored = texts_[0];
    const auto found = sums_of(folder_, {kSumsFile, kStatementFile, kSignatureFile});
    if (!found) return result_.problems.push_back(to_text(found.error()));
    const std::string now = sums_text(*found);
    if (now == stored) return;
    const auto differences = sums_differences(parse_sums(stored), *found);
    if (differences.empty() || texts_[1].find(sha256_hex(now)) != std::string::npos) {
      return result_.problems.push_back(problem(kSumsFile, "has changed"));
    }
    result_.problems = differences;
  }

  // The files are as SHA256SUMS has them: then the statement must be the one that they make.
  void check_statement() {
    const auto statement = make_statement(folder_);
    if (!statement) return result_.problems.push_back(to_text(statement.error()));
    result_.testcases = statement->testcases;
    result_.images = statement->images;
    result_.require = statement->require;
    if (statement->text != texts_[1]) result_.problems.push_back(problem(kStatementFile, "has changed"));
    is_signed_ = statement->is_signed;
  }

  void check_signature() {
    std::error_code error;
    if (!fs::exists(folder_ / kSignatureFile, error)) {
      if (is_signed_) {
        result_.problems.push_back(problem(kSignatureFile, "is missing"));
      } else if (!allowed_signers_.empty() && result_.problems.empty()) {
        result_.problems.push_back(problem(kSignatureFile, "is missing: the bundle is not signed"));
      }
      return;
    }
    if (result_.problems.empty() && !is_signed_) {
      return result_.problems.push_back(problem(kSignatureFile, "was added"));
    }
    // Of a statement that has changed no signature can be good.
    if (std::ranges::find(result_.problems, problem(kStatementFile, "has changed")) != result_.problems.end()) return;
    auto signer = ssh_verify(launcher_, folder_ / kStatementFile, allowed_signers_);
    if (signer) {
      result_.signer = std::move(*signer);
    } else {
      result_.problems.push_back(problem(kSignatureFile, to_text(signer.error())));
    }
  }

  const fs::path& folder_;
  const fs::path& allowed_signers_;
  ProcessLauncher& launcher_;
  std::vector<std::string> texts_;  // of SHA256SUMS and of the statement
  bool is_signed_ = false;
  VerifiedBundle result_;
};

}  // namespace

Result<VerifiedBundle> verify_bundle(const fs::path& folder, const fs::path& allowed_signers,
                                     ProcessLauncher& launcher) {
  std::error_code error;
  const auto holds = [&](const char* name) { return fs::exists(folder / name, error); };
  if (!fs::is_directory(folder, error) || !(holds(kSumsFile) || holds(kStatementFile) || holds(kQualifyFile))) {
    return fail(folder.string(), "is no bundle of 'bootrig qualify'");
  }
  if (!allowed_signers.empty() && !fs::exists(allowed_signers, error)) {
    return fail(allowed_signers.string(), "there is no such file of allowed signers");
  }
  return Verifier(folder, allowed_signers, launcher).verify();
}

}  // namespace bootrig
