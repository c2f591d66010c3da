// How a board is started: it is waited for, its line is opened, it is switched off, gets its image, and is switched on.
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "base/text.h"
#include "machine/board_image.h"
#include "machine/board_machine.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr Duration kConnectTime = std::chrono::seconds(10);
using Started = std::expected<std::unique_ptr<Machine>, StartFailure>;

std::string name_of(const BoardSpec& board, const BootImage& image) {
  return board.deploy.name.empty() ? image.file.filename().string() : board.deploy.name;
}

BoardWords words_for(const BoardSpec& board, const BootImage& image, const BoardImage& payload) {
  return {{"image", fs::absolute(image.file).string()},           {"name", name_of(board, image)},
          {"load", fmt::format("{:#x}", payload.load)},           {"entry", fmt::format("{:#x}", payload.entry)},
          {"size", fmt::format("{:#x}", payload.bytes.size())},   {"sha256", sha256_hex(payload.bytes)},
          {"crc32", fmt::format("{:08x}", crc32(payload.bytes))}, {"place", board.place}};
}

// One for each part of the steps between uploads.
Result<std::vector<std::shared_ptr<const Expectations>>> compile_steps(const BoardSpec& board,
                                                                       const BoardWords& words) {
  std::vector<std::shared_ptr<const Expectations>> phases;
  if (board.boot_steps.empty()) return phases;
  auto builder = std::make_unique<ExpectationsBuilder>();
  for (const BootStep& step : board.boot_steps) {
    if (step.send) builder->add_send(fill_in(*step.send, words));
    if (step.expect) BOOTRIG_TRY_VOID(builder->add_expect(step.place, fill_in(*step.expect, words), step.within));
    if (!step.upload) continue;
    phases.push_back(builder->build());
    builder = std::make_unique<ExpectationsBuilder>();
  }
  phases.push_back(builder->build());
  return phases;
}

// What only QEMU could give it; none: a board can boot it.
std::optional<std::string> needs_qemu(const BootImage& image) {
  if (!image.arguments.empty()) return "it needs devices of QEMU's";
  if (image.linux_boot && !image.linux_boot->initrd.empty()) return "it is more than one file: there is an initramfs";
  return std::nullopt;
}

struct Trouble {
  std::string what;
  bool of_board = true;  // it does not answer; false: the next image may fare better
};

// Switched on, with its image; the order is that of an SD card that only a board without power lets go of.
std::optional<Trouble> switch_on(BoardMachine::Parts& parts, const std::string& image) {
  bool deployed = true;
  const auto on = parts.commands.power_cycle([&]() -> Result<void> {
    auto done = parts.commands.deploy(image);
    deployed = done.has_value();
    parts.line.drain();
    return done;
  });
  if (on) return std::nullopt;
  return Trouble{on.error().message, deployed};
}

// From here on somebody puts the board away, whatever becomes of us.
Result<void> set_guard(BoardMachine::Parts& parts, ProcessLauncher& launcher, const fs::path& agent) {
  if (agent.empty()) return {};
  BOOTRIG_TRY(BoardGuard guard, BoardGuard::start(launcher, agent, parts.board->name, parts.lease.descriptor()));
  parts.commands.be_guarded(std::move(guard));
  return {};
}

std::optional<Trouble> prepare(BoardMachine::Parts& parts, const std::string& image, ProcessLauncher& launcher,
                               const Clock& clock, const Interrupt& interrupt, const fs::path& agent) {
  const BoardSpec& board = *parts.board;
  auto lease = take_lease(board.lease, clock, interrupt);
  if (!lease) return Trouble{lease.error().message};
  parts.lease = std::move(*lease);
  if (const auto guarded = set_guard(parts, launcher, agent); !guarded) return Trouble{guarded.error().message};
  if (const auto acquired = parts.commands.acquire(interrupt); !acquired) return Trouble{acquired.error().message};
  std::optional<Trouble> trouble;
  auto line = SerialLine::open(board.serial, launcher, Deadline::after(clock.now(), kConnectTime));
  if (line) {
    parts.line = std::move(*line);
    trouble = switch_on(parts, image);
    if (trouble) (void)parts.commands.power_off();
  } else {
    trouble = Trouble{line.error().message};
  }
  if (trouble) (void)parts.commands.release();
  return trouble;
}

}  // namespace

Started start_board(ProcessLauncher& launcher, const Clock& clock, const Interrupt& interrupt,
                    const MachineRequest& request, std::shared_ptr<BoardState> state, const fs::path& agent) {
  using Kind = StartFailure::Kind;
  const std::shared_ptr<const BoardSpec> board = request.machine.board;
  const auto failed = [&](Kind kind, const std::string& why) {
    return std::unexpected(StartFailure{kind, fmt::format("board '{}': {}", board->name, why)});
  };
  if (const auto why = state->given_up()) return failed(Kind::kUnavailable, "given up in this run: " + *why);
  if (const auto why = needs_qemu(request.image)) return failed(Kind::kUnavailable, "cannot boot the image: " + *why);
  auto bytes = read_file(request.image.file);
  if (!bytes) return failed(Kind::kStart, to_text(bytes.error()));
  const auto payload = board_image(request.image, std::move(*bytes), board->deploy.flat);
  if (!payload) return failed(Kind::kStart, to_text(payload.error()));
  const BoardWords words = words_for(*board, request.image, *payload);
  auto steps = compile_steps(*board, words);
  if (!steps) return failed(Kind::kStart, to_text(steps.error()));
  const bool uploads = steps->size() > 1;
  BoardMachine::Parts parts{.board = board,
                            .boot_phases = std::move(*steps),
                            .upload = uploads ? payload->bytes : std::string(),
                            .upload_name = name_of(*board, request.image),
                            .lease = {},
                            .commands = BoardCommands(*board, words, launcher, clock),
                            .line = {},
                            .state = state};
  if (const auto trouble = prepare(parts, payload->bytes, launcher, clock, interrupt, agent)) {
    if (trouble->of_board && !interrupt.raised()) state->give_up(trouble->what);
    return failed(Kind::kHost, trouble->what);
  }
  return std::make_unique<BoardMachine>(std::move(parts), clock, interrupt);
}

std::vector<std::string> board_command(const MachineRequest& request) {
  const BoardSpec& board = *request.machine.board;
  const BoardWords words{
      {"image", request.image.file.string()}, {"name", name_of(board, request.image)}, {"place", board.place}};
  return fill_in(board.power.on.empty() ? board.power.reset : board.power.on, words);
}

std::string board_note(const BoardSpec& board) {
  return fmt::format("board on {}, {} boot step{}; lease {}: {}", to_text(board.serial), board.boot_steps.size(),
                     board.boot_steps.size() == 1 ? "" : "s", board.lease.lock.string(), lease_state(board.lease));
}

}  // namespace bootrig
