// The walk against QEMU's: a guest at EL3 loads random registers and asks for random addresses over random tables with
// the AT instructions; what PAR_EL1 said must be what the walk says: the address and its memory, or stage and status.
// The guest ends by semihosting, and RAM is a file that both sides map.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <map>
#include <random>

#include "aarch64/translation_memory.h"
#include "aarch64/walk.h"
#include "aarch64/walk_test.h"
#include "testing/test_folder.h"

namespace bootrig::aarch64 {
namespace {

constexpr std::uint64_t kRam = 0x4000'0000, kRamSize = std::uint64_t{1} << 30;
constexpr std::uint64_t kCode = 0x4100'0000, kVectors = 0x4101'0000, kExit = 0x4102'0000;
constexpr std::uint64_t kRequests = 0x4200'0000, kResults = 0x5000'0000;
// Random tables for all, and six roots of stage 2 that map RAM onto itself, each with room for tables side by side.
constexpr std::uint64_t kTables = 0x6000'0000, kTableSize = 0x1'0000, kTableCount = 32;
constexpr std::uint64_t kRoots2 = 0x6100'0000, kRoot2Size = 0x10'0000;
constexpr std::size_t kRounds = 400, kAddresses = 64;
constexpr std::uint64_t kNoAnswer = ~std::uint64_t{0};  // PAR_EL1 when AT took an exception: a table beyond RAM

// A system register as MSR and MRS name it.
struct SystemRegister {
  unsigned op1, crn, crm, op2;
};
std::uint32_t msr(const SystemRegister& to, unsigned from) {
  return 0xd5180000 | to.op1 << 16 | to.crn << 12 | to.crm << 8 | to.op2 << 5 | from;
}
std::uint32_t mrs(unsigned to, const SystemRegister& from) {
  return msr(from, to) | 1 << 21;
}
std::uint32_t at(unsigned op1, unsigned op2) {
  return 0xd5087800 | op1 << 16 | op2 << 5;  // of x0
}
std::uint32_t load(unsigned to, unsigned base, unsigned offset) {
  return 0xf9400000 | offset / 8 << 10 | base << 5 | to;
}
std::uint32_t store(unsigned from, unsigned base, unsigned offset) {
  return 0xf9000000 | offset / 8 << 10 | base << 5 | from;
}
std::uint32_t add(unsigned to, unsigned amount) {
  return 0x91000000 | amount << 10 | to << 5 | to;
}
std::uint32_t move_high(unsigned to, std::uint64_t value) {
  return 0xd2a00000 | static_cast<std::uint32_t>(value >> 16) << 5 | to;  // movz, lsl #16
}
constexpr std::uint32_t kIsb = 0xd5033fdf, kEret = 0xd69f03e0, kSemihost = 0xd45e0000;
constexpr SystemRegister kPar{0, 7, 4, 0}, kVbarEl3{6, 12, 0, 0}, kScrEl3{6, 1, 1, 0}, kElrEl3{6, 4, 0, 1};

// What the guest is asked in a round: as it lies in memory.
struct Round {
  std::uint64_t sctlr1, tcr1, ttbr0_1, ttbr1_1, mair1;
  std::uint64_t sctlr2, tcr2, ttbr0_2, mair2;
  std::uint64_t hcr, vtcr, vttbr;
  std::array<std::uint64_t, kAddresses> addresses;
};
constexpr SystemRegister kRegisters[] = {{0, 1, 0, 0},  {0, 2, 0, 2}, {0, 2, 0, 0}, {0, 2, 0, 1},
                                         {0, 10, 2, 0}, {4, 1, 0, 0}, {4, 2, 0, 2}, {4, 2, 0, 0},
                                         {4, 10, 2, 0}, {4, 1, 1, 0}, {4, 2, 1, 2}, {4, 2, 1, 0}};

struct Query {
  std::uint32_t instruction;
  Regime regime;
  Access access;
  bool both_stages;
};
const std::array<Query, 10> kQueries = {{{at(0, 0), Regime::kEl10, kRead, false},
                                         {at(0, 1), Regime::kEl10, kWrite, false},
                                         {at(0, 2), Regime::kEl10, kUserRead, false},
                                         {at(0, 3), Regime::kEl10, kUserWrite, false},
                                         {at(4, 0), Regime::kEl2, {Access::Kind::kRead, 2}, false},
                                         {at(4, 1), Regime::kEl2, {Access::Kind::kWrite, 2}, false},
                                         {at(4, 4), Regime::kEl10, kRead, true},
                                         {at(4, 5), Regime::kEl10, kWrite, true},
                                         {at(4, 6), Regime::kEl10, kUserRead, true},
                                         {at(4, 7), Regime::kEl10, kUserWrite, true}}};
using Answers = std::array<std::uint64_t, kQueries.size()>;

std::vector<std::uint32_t> guest_code() {
  std::vector<std::uint32_t> code = {move_high(19, kRequests), 0xd2800014 | kRounds << 5,
                                     move_high(21, kResults),  move_high(1, kVectors),
                                     msr(kVbarEl3, 1),         0xd280a621,  // movz x1, #0x531: NS, HCE, RW
                                     msr(kScrEl3, 1)};
  const std::size_t next_round = code.size();
  for (unsigned i = 0; i < std::size(kRegisters); ++i) {
    code.insert(code.end(), {load(1, 19, 8 * i), msr(kRegisters[i], 1)});
  }
  code.insert(code.end(), {kIsb, add(19, 8 * std::size(kRegisters)), 0xd2800016 | kAddresses << 5});
  const std::size_t next_address = code.size();
  code.insert(code.end(), {load(0, 19, 0), add(19, 8)});
  for (unsigned i = 0; i < kQueries.size(); ++i) {
    code.insert(code.end(), {kQueries[i].instruction, kIsb, mrs(1, kPar), store(1, 21, 8 * i)});
  }
  code.push_back(add(21, sizeof(Answers)));
  const auto loop = [&code](unsigned counter, std::size_t to) {
    code.push_back(0xf1000400 | counter << 5 | counter);               // subs
    code.push_back(0x54000001 | ((to - code.size()) & 0x7ffff) << 5);  // b.ne
  };
  loop(22, next_address);
  loop(20, next_round);
  code.insert(code.end(), {0x52800300, move_high(1, kExit), kSemihost});  // SYS_EXIT
  return code;
}

// An exception at EL3: no answer, go on behind the instruction.
std::vector<std::uint32_t> vector_code() {
  return {0x92800009, msr(kPar, 9), mrs(9, kElrEl3), add(9, 4), msr(kElrEl3, 9), kEret};
}

class SharedRam : public MemoryReader {
 public:
  explicit SharedRam(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file >= 0 && ::ftruncate(file, static_cast<off_t>(kRamSize)) == 0);
    void* memory = ::mmap(nullptr, kRamSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(memory != MAP_FAILED);
    ::close(file);
    bytes_ = static_cast<std::uint8_t*>(memory);
  }
  ~SharedRam() override { ::munmap(bytes_, kRamSize); }

  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    if (address < kRam || address - kRam > kRamSize - out.size()) return fail("no RAM");
    std::memcpy(out.data(), bytes_ + (address - kRam), out.size());
    return {};
  }
  // What lies at an address, as an array of T.
  template <typename T>
  T* at(std::uint64_t address) {
    return reinterpret_cast<T*>(bytes_ + (address - kRam));
  }

 private:
  std::uint8_t* bytes_;
};

// What the machine's features allow: fields of features that it lacks are never set.
struct Model {
  std::string cpu;
  unsigned pa_bits;
  bool large;  // FEAT_LVA, LPA, LPA2, TTST, HPDS, and the 16K granule
};

void PrintTo(const Model& model, std::ostream* out) {
  *out << model.cpu;
}

class Dice {
 public:
  explicit Dice(const Model& model) : model_(model) {}

  std::uint64_t any() { return engine_(); }
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }

  std::uint64_t table() { return kTables + below(kTableCount) * kTableSize; }
  // A descriptor for any level: what is a block at one is reserved at another.
  std::uint64_t descriptor() {
    if (chance(8)) return any() & ~std::uint64_t{1};
    std::uint64_t value = any() & 0xffe0'0000'0000'00fc;
    if (!chance(25)) value &= ~(std::uint64_t{0xf} << 59);
    if (chance(92)) value |= 1 << 10;
    if (chance(55))
      return value | table() | 3 | (chance(4) ? one_of({1ull << 36, 1ull << 38, 1ull << 44, 1ull << 47}) : 0);
    if (chance(70)) return value | 1 | (any() & 0x3f'ffff'fb00);
    return value | 1 | (any() & 0x0003'ffff'ffff'fb00);
  }
  std::uint64_t size() {
    // Not 12 to 15: QEMU before 8.0 stops itself when a block, wrongly, stands at level -1.
    if (model_.large) return chance(3) ? below(12) : 16 + below(26);
    return chance(3) ? below(12) : 16 + below(24);
  }
  // IPS, PS. With 52-bit descriptors QEMU judges smaller sizes by bits that are no address at the level: 6 alone.
  std::uint64_t output() { return model_.large ? 6 : below(8); }
  std::uint64_t granule0() { return below(model_.large ? 3 : 2); }  // TG0
  std::uint64_t tcr_el1() {
    std::uint64_t tcr = size() | size() << 16 | output() << 32 | below(4) << 12 | below(4) << 28;
    tcr |= granule0() << 14 | (model_.large ? 1 + below(3) : 2 + below(2)) << 30;
    tcr |= (any() & 3) << 37;  // TBI
    if (chance(10)) tcr |= any() & (1 << 7 | 1 << 23);
    if (model_.large) tcr |= (any() & 3) << 41 | (any() & 1) << 59;  // HPD, DS
    return tcr;
  }
  std::uint64_t tcr_el2() {
    std::uint64_t tcr = 1u << 31 | 1 << 23 | size() | granule0() << 14 | output() << 16 | below(4) << 12;
    tcr |= (any() & 1) << 20;
    if (model_.large) tcr |= (any() & 1) << 24 | (any() & 1) << 32;
    return tcr;
  }
  std::uint64_t ttbr() {
    return table() | any() << 48 | (chance(50) ? 0 : (any() & 0xfc0)) | (any() & 1) | (chance(3) ? 1ull << 43 : 0);
  }
  std::uint64_t address() {
    const std::uint64_t size = 10 + below(54);
    const std::uint64_t low = any() >> (64 - size);
    const std::uint64_t half = chance(50) ? low : ~std::uint64_t{0} << below(56) | low;
    return chance(15) ? half ^ (any() << 56) : half;
  }

 private:
  Model model_;
  std::mt19937_64 engine_{20261122};
};

// A root of stage 2 that maps RAM onto itself, at a start level that many guests use; the rest of it is random.
struct Root2 {
  std::uint64_t address;
  std::uint64_t vtcr;  // TG0, SL0, T0SZ
};

class QemuWalkTest : public ::testing::TestWithParam<Model> {
 protected:
  void fill_tables() {
    for (std::uint64_t i = 0; i < kTableCount * kTableSize / 8; ++i) {
      ram_.at<std::uint64_t>(kTables)[i] = dice_.descriptor();
    }
  }

  // `first` and `count`: the entries of a table of blocks that map RAM; `size` is theirs.
  Root2 make_root2(unsigned number, std::uint64_t first, std::uint64_t count, std::uint64_t size, std::uint64_t vtcr) {
    const std::uint64_t address = kRoots2 + number * kRoot2Size;
    for (std::uint64_t i = 0; i < kRoot2Size / 8; ++i) ram_.at<std::uint64_t>(address)[i] = dice_.descriptor();
    for (std::uint64_t i = first; i < first + count; ++i) ram_.at<std::uint64_t>(address)[i] = i * size | 0x7fd;
    return {address, vtcr};
  }
  Root2 make_upper_root2(unsigned number, const Root2& below, std::uint64_t vtcr) {
    const Root2 root = make_root2(number, 0, 0, 0, vtcr);
    ram_.at<std::uint64_t>(root.address)[0] = below.address | 3;
    return root;
  }
  void make_roots2() {
    const std::uint64_t m = 1 << 20, small = 32, k16 = 2 << 14, k64 = 1 << 14;
    roots2_.push_back(make_root2(0, 1, 1, 1024 * m, small | 1 << 6));
    roots2_.push_back(make_root2(2, 2, 2, 512 * m, small | 1 << 6 | k64));
    roots2_.push_back(make_root2(0, 1, 1, 1024 * m, 24 | 1 << 6));
    if (!GetParam().large) return;
    roots2_.push_back(make_root2(1, 32, 32, 32 * m, small | 1 << 6 | k16));
    roots2_.push_back(make_upper_root2(3, roots2_[2], 20 | 2 << 6));
    roots2_.push_back(make_upper_root2(4, roots2_[3], 20 | 2 << 6 | k16));
    roots2_.push_back(make_upper_root2(5, roots2_[1], 20 | 2 << 6 | k64));
  }

  Round make_round() {
    const std::uint64_t vm = dice_.one_of<std::uint64_t>({0, 1, 1, 1, 1 << kHcrDc});
    const Root2& root2 = roots2_[dice_.below(roots2_.size())];
    Round round{.sctlr1 = 0x30d0'0800u | !dice_.chance(2),
                .tcr1 = dice_.tcr_el1(),
                .ttbr0_1 = dice_.ttbr(),
                .ttbr1_1 = dice_.ttbr(),
                .mair1 = 0x44ff'0c04'00bb'aaeeu,
                .sctlr2 = 0x30c5'0830u | !dice_.chance(2),
                .tcr2 = dice_.tcr_el2(),
                .ttbr0_2 = dice_.ttbr() & 0xffff'ffff'fffe,
                .mair2 = 0x44ff'0c04'00bb'aaeeu,
                .hcr = std::uint64_t{1} << 31 | vm | (vm == 1 && dice_.chance(20) ? 1 << kHcrPtw : 0),
                .vtcr = root2.vtcr | (GetParam().large ? 6 : 5) << 16 | 1u << 31 | dice_.below(4) << 12,
                .vttbr = root2.address};
    if (dice_.chance(10)) round.vtcr ^= std::uint64_t{1} << dice_.below(8);  // T0SZ and SL0 that may not fit
    for (auto& address : round.addresses) address = dice_.address();
    return round;
  }

  void prepare() {
    fill_tables();
    make_roots2();
    for (std::size_t i = 0; i < kRounds; ++i) ram_.at<Round>(kRequests)[i] = make_round();
    const auto code = guest_code(), vector = vector_code();
    std::ranges::copy(code, ram_.at<std::uint32_t>(kCode));
    std::ranges::copy(vector, ram_.at<std::uint32_t>(kVectors + 0x200));
    ram_.at<std::uint64_t>(kExit)[0] = 0x20026;  // ADP_Stopped_ApplicationExit
    ram_.at<std::uint64_t>(kExit)[1] = 7;
  }

  // The exit status of the guest: 7 when it came to its end.
  int run_qemu() {
    const std::string memory = fmt::format("memory-backend-file,id=ram,size=1G,share=on,mem-path={}", path_);
    const std::string start = fmt::format("loader,addr={:#x},cpu-num=0", kCode);
    const std::string cpu = GetParam().cpu;
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::alarm(60);  // stays over exec: no hang outlives it
      ::execlp("qemu-system-aarch64", "qemu-system-aarch64", "-machine", "virt,secure=on,virtualization=on", "-cpu",
               cpu.c_str(), "-m", "1G", "-object", memory.c_str(), "-machine", "memory-backend=ram", "-display", "none",
               "-nodefaults", "-semihosting-config", "enable=on,target=native", "-device", start.c_str(), nullptr);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  TestFolder folder_;
  const std::string path_ = folder_.path() / "ram";
  SharedRam ram_{path_};
  Dice dice_{GetParam()};
  std::vector<Root2> roots2_;
};

// The level of a stage 2 fault in a walk of stage 1 is stage 2's; QEMU before 8.0 gives that of stage 1: not compared.
std::string fault_text(int stage, bool stage1_walk, const FaultStatus& status) {
  if (!stage1_walk) return fmt::format("stage {} {}", stage, status.text);
  return fmt::format("stage {} in a walk of stage 1, {}", stage, status.text.substr(0, status.text.find(" fault")));
}

// PAR_EL1 in words (DDI 0487, PAR_EL1), and the walk in the same.
std::string answer_text(std::uint64_t par) {
  if (par == kNoAnswer) return "a table beyond RAM";
  if (!bit(par, 0))
    return fmt::format("{:#x} {}", bits(par, 51, 12) << 12, to_text(mair_memory(par >> 56, bits(par, 8, 7))));
  return fault_text(bit(par, 9) ? 2 : 1, bit(par, 8), fault_status(bits(par, 6, 1)));
}

std::string walk_text(const WalkResult& result) {
  if (result.unreadable) return "a table beyond RAM";
  if (result.fault) return fault_text(result.fault->stage, result.fault->stage1_walk, result.fault->status);
  return fmt::format(
      "{:#x} {}", *result.address & ~std::uint64_t{0xfff},
      result.attributes.substr(0, std::min(result.attributes.find(", AF"), result.attributes.find(", stage 2"))));
}

TranslationRegisters registers_of(const Round& round, Regime regime, unsigned pa_bits) {
  TranslationRegisters registers{.hcr = round.hcr, .vtcr = round.vtcr, .vttbr = round.vttbr, .pa_bits = pa_bits};
  const bool el1 = regime == Regime::kEl10;
  registers.sctlr = el1 ? round.sctlr1 : round.sctlr2;
  registers.tcr = el1 ? round.tcr1 : round.tcr2;
  registers.ttbr0 = el1 ? round.ttbr0_1 : round.ttbr0_2;
  registers.ttbr1 = el1 ? round.ttbr1_1 : 0;
  registers.mair = el1 ? round.mair1 : round.mair2;
  return registers;
}

// What QEMU 7.2 does otherwise than the manual, or what lies beyond RAM (devices, which answer).
bool is_comparable(const WalkResult& result, std::uint64_t par) {
  const std::string walked = walk_text(result), answered = answer_text(par);
  const auto both = [&](std::string_view text) {
    return walked.find(text) != text.npos && answered.find(text) != text.npos;
  };
  if (result.unreadable) return false;
  if (result.fault) return result.fault->why.find("which level") == std::string::npos;  // it takes blocks at any level
  // It gives reserved memory types a meaning, and takes the inner NC of one stage for Device-nGnRE in the other.
  return walked.find("reserved memory") == std::string::npos && (walked == answered || !both("Device"));
}

TEST_P(QemuWalkTest, SaysWhatQemuSays) {
  prepare();
  ASSERT_EQ(run_qemu(), 7);
  std::map<std::string, int> compared;
  int wrong = 0;
  for (std::size_t i = 0; i < kRounds * kAddresses * kQueries.size() && wrong < 10; ++i) {
    const std::size_t place = i / kQueries.size();
    const Round& round = ram_.at<Round>(kRequests)[place / kAddresses];
    const std::uint64_t address = round.addresses[place % kAddresses];
    const std::uint64_t par = ram_.at<Answers>(kResults)[place][i % kQueries.size()];
    const Query& query = kQueries[i % kQueries.size()];
    const TranslationRegisters registers = registers_of(round, query.regime, GetParam().pa_bits);
    if (!query.both_stages && stage2_enabled(registers, query.regime)) continue;
    const WalkResult result = walk(registers, query.regime, address, query.access, ram_);
    if (!is_comparable(result, par)) continue;
    ++compared[result.fault ? walk_text(result) : "translated"];
    wrong += walk_text(result) != answer_text(par);
    EXPECT_EQ(walk_text(result), answer_text(par))
        << fmt::format("round {}, {:#x}: {}\n", place / kAddresses, address, ending(result))
        << ::testing::PrintToString(steps_text(result)) << ::testing::PrintToString(result.notes);
  }
  // It is no oracle when nothing gets far.
  EXPECT_GT(compared["translated"], 5000);
  for (const char* kind : {"stage 1 translation fault, level 3", "stage 1 permission fault, level 3",
                           "stage 1 access flag fault, level 3", "stage 2 translation fault, level 3",
                           "stage 2 permission fault, level 2", "stage 2 in a walk of stage 1, translation"}) {
    EXPECT_GT(compared[kind], 50) << kind;
  }
  EXPECT_TRUE(GetParam().large || compared["stage 1 address size fault, level 2"] > 50);
}

INSTANTIATE_TEST_SUITE_P(Models, QemuWalkTest,
                         ::testing::Values(Model{"cortex-a53", 40, false}, Model{"max", 52, true}),
                         [](const auto& info) { return info.param.large ? "Max" : "CortexA53"; });

}  // namespace
}  // namespace bootrig::aarch64
