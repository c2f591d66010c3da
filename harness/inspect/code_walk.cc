#include "inspect/code_walk.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "inspect/bytes.h"
#include "inspect/system_instruction.h"

namespace bootrig {
namespace {

constexpr std::size_t kStepsMax = 400'000;      // instructions followed, of all functions and contexts
constexpr std::size_t kSearchMax = 20'000'000;  // nodes looked at in the search for what is inevitable
constexpr unsigned kDepthMax = 40;              // calls within calls
constexpr std::size_t kContextsMax = 12;        // of a function: different arguments
constexpr std::size_t kEventsMax = 1024;
constexpr std::size_t kEventsAStep = 8;  // to carry them to a caller costs so many as an instruction
constexpr unsigned kArguments = 8;       // x0 to x7 (AAPCS64, 6.4.1)

// What a function does, to those who call it.
struct Summary {
  bool returns = false;
  CodeValue result;  // x0
  bool returns_from_exceptions = false;
  bool sets_system_registers = false;
  bool writes_unknown_memory = false;
  std::map<std::uint64_t, CodeValue> cells;  // written, and known at each return
  std::set<std::uint64_t> written;
  std::vector<CodeEvent> events;  // `inevitable` from this function's entry on
};

struct Context {
  std::uint64_t entry = 0;
  std::optional<unsigned> level;
  std::array<CodeValue, kArguments> arguments;
  bool operator<(const Context& other) const { return key() < other.key(); }

 private:
  using Key = std::tuple<std::uint64_t, int, std::array<std::pair<int, std::uint64_t>, kArguments>>;
  Key key() const {
    std::array<std::pair<int, std::uint64_t>, kArguments> values;
    for (unsigned i = 0; i < kArguments; ++i) values[i] = {static_cast<int>(arguments[i].kind), arguments[i].number};
    return {entry, level ? static_cast<int>(*level) : -1, values};
  }
};

struct Node {
  std::vector<std::uint64_t> next;
  bool leaves = false;    // a return, or a jump to where the code does not tell
  bool decisive = false;  // sets system registers or leaves the level: no mere giving up
  bool falls_through = false;
  std::vector<CodeEvent> events;
};
using Graph = std::map<std::uint64_t, Node>;

using Addresses = std::set<std::uint64_t>;
using Previous = std::map<std::uint64_t, std::vector<std::uint64_t>>;

// Nodes from which one of the goals can be reached.
Addresses leading_to(const Graph& graph, const Addresses& goals, const Previous& previous) {
  Addresses found = goals;
  std::vector<std::uint64_t> left(goals.begin(), goals.end());
  while (!left.empty()) {
    const auto before = previous.find(left.back());
    left.pop_back();
    if (before == previous.end()) continue;
    for (const std::uint64_t node : before->second) {
      if (graph.contains(node) && found.insert(node).second) left.push_back(node);
    }
  }
  return found;
}

// Events that mean the same: a compiler may have put one piece of code on several ways.
using Group = std::tuple<int, std::uint64_t, std::uint64_t>;
Group group_of(const CodeEvent& event) {
  constexpr unsigned kBlock = 16;  // bits of address: a device
  const int kind = static_cast<int>(event.kind);
  switch (event.kind) {
    case CodeEvent::Kind::kAccess:
      return {kind, static_cast<std::uint64_t>(event.value.kind), event.value.number >> kBlock};
    case CodeEvent::Kind::kCall:
      return {kind, is_smc(event.instruction), event.value.number};
    case CodeEvent::Kind::kSystem: {
      const auto system = decode_system_instruction(event.instruction);
      const unsigned level = system->lowest_level();
      if (level >= 2 || system->gic_cpu_interface()) return {kind, level, system->gic_cpu_interface()};
      return {kind, 0, event.instruction >> 5};
    }
    case CodeEvent::Kind::kReturn:
      break;
  }
  return {kind, 0, 0};
}

// What a later question may be about: registers of EL2 and EL3, of GICv3's CPU interface, vectors, and whether the CPU
// is asked for its features (ID_AA64PFR0_EL1).
bool tells_something(const SystemInstruction& system) {
  const bool vectors = system.crn == 12 && system.crm == 0 && system.op2 == 0;
  const bool features = system.op1 == 0 && system.crn == 0 && system.crm == 4 && system.op2 == 0;
  return system.lowest_level() >= 2 || system.gic_cpu_interface() || vectors || features;
}

class Walker;

// One function in one context.
class FunctionWalk {
 public:
  FunctionWalk(Walker& walker, const Context& context, unsigned depth)
      : walker_(walker), context_(context), depth_(depth) {}
  Summary run();

 private:
  // What of the state before an instruction an event has.
  struct Before {
    CodeValue x0;
    std::optional<unsigned> level;
  };
  void follow(std::uint64_t address);
  // Where it goes on behind the instruction, in a straight line; none: nowhere, or to other heads.
  std::optional<std::uint64_t> follow_one(std::uint64_t address, CodeState& state);
  bool call(std::uint64_t address, const CodeStep& step, CodeState& state, Node& node);
  void note_event(std::uint64_t address, std::uint32_t instruction, const Before& before, const CodeEffect& effect,
                  Node& node) const;
  void go_to(std::uint64_t address, const CodeState& state);
  void leave(const CodeState& state);
  void gather_events();
  bool inevitable(const Addresses& goals, const Previous& previous);

  Walker& walker_;
  const Context& context_;
  const unsigned depth_;
  Graph graph_;
  std::map<std::uint64_t, CodeState> heads_;
  std::set<std::uint64_t> waiting_;
  std::optional<CodeState> end_;
  Summary summary_;
};

class Walker {
 public:
  explicit Walker(const CodeSpace& space) : space_(space) {}

  std::shared_ptr<const Summary> summary(Context context, unsigned depth) {
    if (contexts_[context.entry] >= kContextsMax) context.arguments = {};
    const auto [found, is_new] = summaries_.try_emplace(context, nullptr);
    if (!is_new) return found->second != nullptr ? found->second : unknown();  // null: it calls itself
    if (depth >= kDepthMax || steps_ >= kStepsMax) {
      complete_ = false;
      return found->second = unknown();
    }
    ++contexts_[context.entry];
    auto summary = std::make_shared<const Summary>(FunctionWalk(*this, context, depth).run());
    summaries_[context] = summary;
    return summary;
  }

  static std::shared_ptr<const Summary> unknown() {
    static const auto summary = std::make_shared<const Summary>(Summary{.returns = true,
                                                                        .result = {},
                                                                        .returns_from_exceptions = false,
                                                                        .sets_system_registers = false,
                                                                        .writes_unknown_memory = true,
                                                                        .cells = {},
                                                                        .written = {},
                                                                        .events = {}});
    return summary;
  }

  bool may_step() { return spend(1); }
  bool spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ > kStepsMax) complete_ = false;
    return steps_ <= kStepsMax;
  }
  bool may_search(std::size_t nodes) {
    searched_ += nodes;
    if (searched_ > kSearchMax) complete_ = false;
    return searched_ <= kSearchMax;
  }
  bool complete() const { return complete_; }
  const CodeSpace& space() const { return space_; }

 private:
  const CodeSpace& space_;
  std::map<Context, std::shared_ptr<const Summary>> summaries_;
  std::map<std::uint64_t, std::size_t> contexts_;
  std::size_t steps_ = 0, searched_ = 0;
  bool complete_ = true;
};

Summary FunctionWalk::run() {
  CodeState start;
  std::ranges::copy(context_.arguments, start.x.begin());
  start.level = context_.level;
  go_to(context_.entry, start);
  while (!waiting_.empty()) {
    const std::uint64_t address = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    follow(address);
  }
  if (end_) {
    summary_.returns = true;
    summary_.result = end_->x[0];
    summary_.cells = end_->cells;
  }
  gather_events();
  return std::move(summary_);
}

void FunctionWalk::go_to(std::uint64_t address, const CodeState& state) {
  const auto [head, is_new] = heads_.try_emplace(address, state);
  if (is_new || head->second.join_with(state)) waiting_.insert(address);
  // A straight line that was followed through it ends here from now on, and joins.
  if (is_new && graph_.contains(address) && head != heads_.begin()) waiting_.insert(std::prev(head)->first);
}

void FunctionWalk::leave(const CodeState& state) {
  if (end_) {
    end_->join_with(state);
  } else {
    end_ = state;
  }
}

void FunctionWalk::follow(std::uint64_t address) {
  CodeState state = heads_.at(address);
  for (std::optional<std::uint64_t> at = address; at;) {
    if (*at != address && heads_.contains(*at)) return go_to(*at, state);
    at = follow_one(*at, state);
  }
}

std::optional<std::uint64_t> FunctionWalk::follow_one(std::uint64_t address, CodeState& state) {
  Node& node = graph_[address];
  node.events.clear();
  const auto instruction = walker_.space().instruction(address);
  if (!instruction || !walker_.may_step()) {
    node.leaves = true;
    return std::nullopt;
  }
  const Before before{state.x[0], state.level};
  const CodeEffect effect = step(*instruction, address, walker_.space(), state);
  note_event(address, *instruction, before, effect, node);
  summary_.writes_unknown_memory |= effect.writes_unknown_memory;
  summary_.written.insert(effect.wrote.begin(), effect.wrote.end());
  if (is_eret(*instruction)) summary_.returns_from_exceptions = true;
  const auto system = decode_system_instruction(*instruction);
  if (system && system->op0 == 3 && !system->read && system->lowest_level() > 0) {
    node.decisive = summary_.sets_system_registers = true;
  }
  std::vector<std::uint64_t> next;
  bool goes_on = false;
  switch (effect.step.kind) {
    case CodeStep::Kind::kNext:
      goes_on = true;
      break;
    case CodeStep::Kind::kCall:
      goes_on = call(address, effect.step, state, node);
      break;
    case CodeStep::Kind::kBranch:
      next.push_back(*effect.step.target);
      goes_on = effect.step.falls_through;
      break;
    case CodeStep::Kind::kAway:
    case CodeStep::Kind::kReturn:
      if (effect.step.kind == CodeStep::Kind::kAway) {
        summary_.writes_unknown_memory = true;
        state.clobber();
        state.cells.clear();
      }
      node.leaves = true;
      leave(state);
      break;
    case CodeStep::Kind::kStop:
      break;
  }
  for (const std::uint64_t target : next) go_to(target, state);
  if (goes_on) next.push_back(address + 4);
  node.falls_through = goes_on;
  for (const std::uint64_t target : next) {
    if (std::ranges::find(node.next, target) == node.next.end()) node.next.push_back(target);
  }
  return goes_on ? std::optional(address + 4) : std::nullopt;
}

// False: it does not come back.
bool FunctionWalk::call(std::uint64_t, const CodeStep& step, CodeState& state, Node& node) {
  std::shared_ptr<const Summary> callee = Walker::unknown();
  if (step.target && walker_.space().contains(*step.target)) {
    Context context{*step.target, state.level, {}};
    std::copy_n(state.x.begin(), kArguments, context.arguments.begin());
    callee = walker_.summary(context, depth_ + 1);
  } else if (state.level != 1) {
    summary_.returns_from_exceptions = true;  // it may
    state.level.reset();
  }
  state.clobber();
  state.x[0] = callee->result;
  if (callee->returns_from_exceptions) state.level.reset();
  if (callee->writes_unknown_memory) state.cells.clear();
  std::erase_if(state.cells, [&](const auto& cell) { return callee->written.contains(cell.first); });
  for (const auto& [address, value] : callee->cells) state.cells[address] = value;
  summary_.writes_unknown_memory |= callee->writes_unknown_memory;
  summary_.written.insert(callee->written.begin(), callee->written.end());
  summary_.returns_from_exceptions |= callee->returns_from_exceptions;
  summary_.sets_system_registers |= callee->sets_system_registers;
  node.decisive |= callee->sets_system_registers || callee->returns_from_exceptions;
  node.events.insert(node.events.end(), callee->events.begin(), callee->events.end());
  (void)walker_.spend(callee->events.size() / kEventsAStep);
  return callee->returns;
}

void FunctionWalk::note_event(std::uint64_t address, std::uint32_t instruction, const Before& before,
                              const CodeEffect& effect, Node& node) const {
  CodeEvent event{
      .address = address, .instruction = instruction, .value = {}, .level = before.level, .inevitable = true};
  if (is_smc(instruction) || is_hvc(instruction)) {
    event.kind = CodeEvent::Kind::kCall;
    event.value = before.x0;
    node.events.push_back(event);
  } else if (is_eret(instruction)) {
    event.kind = CodeEvent::Kind::kReturn;
    node.decisive = true;
    node.events.push_back(event);
  } else if (const auto system = decode_system_instruction(instruction); system && tells_something(*system)) {
    event.kind = CodeEvent::Kind::kSystem;
    node.events.push_back(event);
  } else if (effect.access) {
    const CodeAccess& access = *effect.access;
    const bool numbered =
        access.address.kind != CodeValue::Kind::kUnknown && access.address.kind != CodeValue::Kind::kStack;
    if (!numbered || walker_.space().contains(access.address.number)) return;
    event.kind = CodeEvent::Kind::kAccess;
    event.value = access.address;
    event.size = access.size;
    event.store = access.store;
    event.undescribed = access.undescribed;
    node.events.push_back(event);
  }
}

void FunctionWalk::gather_events() {
  Previous previous;
  std::map<Group, Addresses> goals;
  for (const auto& [address, node] : graph_) {
    for (const std::uint64_t next : node.next) previous[next].push_back(address);
    for (const CodeEvent& event : node.events) {
      if (event.inevitable) goals[group_of(event)].insert(address);
    }
  }
  std::set<Group> sure;
  for (const auto& [group, addresses] : goals) {
    if (inevitable(addresses, previous)) sure.insert(group);
  }
  std::map<std::tuple<std::uint64_t, int, std::uint64_t>, CodeEvent> events;
  for (const auto& [address, node] : graph_) {
    for (CodeEvent event : node.events) {
      event.inevitable = event.inevitable && sure.contains(group_of(event));
      const std::tuple key{event.address, static_cast<int>(event.value.kind), event.value.number};
      const auto [known, is_new] = events.try_emplace(key, event);
      known->second.inevitable |= event.inevitable;
      if (known->second.level != event.level) known->second.level.reset();
    }
  }
  for (auto& [key, event] : events) {
    if (summary_.events.size() < kEventsMax) summary_.events.push_back(std::move(event));
  }
}

// Every way from the entry that does not come to a goal ends without leaving the function, and does nothing on the way
// to its end but say so.
bool FunctionWalk::inevitable(const Addresses& goals, const Previous& previous) {
  if (!walker_.may_search(2 * graph_.size())) return false;
  const Addresses before = leading_to(graph_, goals, previous);
  Addresses seen{context_.entry};
  std::vector<std::uint64_t> left{context_.entry};
  while (!left.empty()) {
    const std::uint64_t at = left.back();
    left.pop_back();
    if (goals.contains(at)) continue;
    const Node& node = graph_[at];
    if (!before.contains(at) && (node.leaves || node.decisive)) return false;
    for (const std::uint64_t next : node.next) {
      if (seen.insert(next).second) left.push_back(next);
    }
  }
  return true;
}

}  // namespace

const CodeSpace::Piece* CodeSpace::piece_at(std::uint64_t address) const {
  const auto found =
      std::ranges::find_if(pieces_, [&](const Piece& piece) { return address - piece.address < piece.size; });
  return found == pieces_.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> CodeSpace::instruction(std::uint64_t address) const {
  const Piece* piece = piece_at(address);
  if (piece == nullptr || !piece->executable || address % 4 != 0) return std::nullopt;
  return little_endian<std::uint32_t>(piece->bytes, address - piece->address);
}

std::optional<std::uint64_t> CodeSpace::constant(std::uint64_t address, unsigned size) const {
  const Piece* piece = piece_at(address);
  return piece == nullptr || piece->writable ? std::nullopt : literal(address, size);
}

std::optional<std::uint64_t> CodeSpace::literal(std::uint64_t address, unsigned size) const {
  const Piece* piece = piece_at(address);
  if (piece == nullptr) return std::nullopt;
  const std::uint64_t into = address - piece->address;
  if (size == 8) return little_endian<std::uint64_t>(piece->bytes, into);
  const auto value = size == 4 ? little_endian<std::uint32_t>(piece->bytes, into) : std::nullopt;
  return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
}

CodeWalk walk_code(const CodeSpace& space, std::uint64_t entry, std::optional<unsigned> level) {
  Walker walker(space);
  const auto summary = walker.summary({entry, level, {}}, 0);
  CodeWalk walk{summary->events, walker.complete()};
  if (!walk.complete) {
    for (CodeEvent& event : walk.events) event.inevitable = false;
  }
  return walk;
}

}  // namespace bootrig
