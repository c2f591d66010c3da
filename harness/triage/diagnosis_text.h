// A diagnosis for people: as lines for a terminal or a log, and as Markdown to paste into an issue. Its words may hold a
// guest's bytes and names out of an ELF file; what comes out here is safe where it is meant to go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "triage/diagnosis.h"

namespace bootrig {

// "CPU 0 at EL1, PC 0x70002200 <vectors+0x200>: in its exception vectors". Raw bytes.
std::string cpu_text(const CpuLine& cpu);
// The CPUs that the findings do not tell of already.
std::vector<CpuLine> untold_cpus(const Diagnosis& diagnosis);

// Headline, findings with the walk, CAUSE, CHANGE, code, backtrace, CPUs, MISSING: printable, broken to the width (in
// columns), labels and texts each in a column.
std::vector<std::string> diagnosis_lines(const Diagnosis& diagnosis, std::size_t width = 120);
// The same, each line with its '\n'.
std::string diagnosis_text(const Diagnosis& diagnosis, std::size_t width = 120);

// A heading, cause and change, and a fenced block with registers, walk and the rest. Nothing in it is markup but ours:
// no HTML, no link, no mention, no end of the block.
std::string diagnosis_markdown(const Diagnosis& diagnosis);
// A text as it must stand in a line of Markdown to come out as it is.
std::string markdown_escape(std::string_view bytes);

}  // namespace bootrig
