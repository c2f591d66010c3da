#include "inspect/system_instruction.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace bootrig {
namespace {

struct Known {
  unsigned op1, crn, crm, op2;  // op0 is 3
  const char* name;
};
// DDI 0487, D19.2 (general), D19.12 (timers), and IHI 0069, 12.2: those that boot code uses.
constexpr Known kKnown[] = {
    {0, 4, 6, 0, "ICC_PMR_EL1"},     {0, 12, 8, 0, "ICC_IAR0_EL1"},   {0, 12, 11, 5, "ICC_SGI1R_EL1"},
    {0, 12, 12, 0, "ICC_IAR1_EL1"},  {0, 12, 12, 1, "ICC_EOIR1_EL1"}, {0, 12, 12, 3, "ICC_BPR1_EL1"},
    {0, 12, 12, 4, "ICC_CTLR_EL1"},  {0, 12, 12, 5, "ICC_SRE_EL1"},   {0, 12, 12, 7, "ICC_IGRPEN1_EL1"},
    {4, 12, 9, 5, "ICC_SRE_EL2"},    {6, 12, 12, 5, "ICC_SRE_EL3"},   {4, 0, 0, 0, "VPIDR_EL2"},
    {4, 0, 0, 5, "VMPIDR_EL2"},      {4, 1, 0, 0, "SCTLR_EL2"},       {4, 1, 1, 0, "HCR_EL2"},
    {4, 1, 1, 1, "MDCR_EL2"},        {4, 1, 1, 2, "CPTR_EL2"},        {4, 1, 1, 3, "HSTR_EL2"},
    {4, 2, 0, 0, "TTBR0_EL2"},       {4, 2, 0, 2, "TCR_EL2"},         {4, 2, 1, 0, "VTTBR_EL2"},
    {4, 2, 1, 2, "VTCR_EL2"},        {4, 4, 0, 0, "SPSR_EL2"},        {4, 4, 0, 1, "ELR_EL2"},
    {4, 4, 1, 0, "SP_EL1"},          {4, 5, 2, 0, "ESR_EL2"},         {4, 6, 0, 0, "FAR_EL2"},
    {4, 6, 0, 4, "HPFAR_EL2"},       {4, 10, 2, 0, "MAIR_EL2"},       {4, 12, 0, 0, "VBAR_EL2"},
    {4, 13, 0, 2, "TPIDR_EL2"},      {4, 14, 0, 3, "CNTVOFF_EL2"},    {4, 14, 1, 0, "CNTHCTL_EL2"},
    {4, 14, 2, 0, "CNTHP_TVAL_EL2"}, {4, 14, 2, 1, "CNTHP_CTL_EL2"},  {6, 1, 0, 0, "SCTLR_EL3"},
    {6, 1, 1, 0, "SCR_EL3"},         {6, 1, 1, 2, "CPTR_EL3"},        {6, 2, 0, 0, "TTBR0_EL3"},
    {6, 2, 0, 2, "TCR_EL3"},         {6, 4, 0, 0, "SPSR_EL3"},        {6, 4, 0, 1, "ELR_EL3"},
    {6, 4, 1, 0, "SP_EL2"},          {6, 5, 2, 0, "ESR_EL3"},         {6, 12, 0, 0, "VBAR_EL3"}};

}  // namespace

unsigned SystemInstruction::lowest_level() const {
  constexpr unsigned kLevels[8] = {1, 1, 1, 0, 2, 2, 3, 1};  // by op1; 5: EL1's registers by their EL12 names
  return kLevels[op1];
}

bool SystemInstruction::gic_cpu_interface() const {
  if (op0 != 3) return false;
  if (op1 == 0)
    return (crn == 4 && crm == 6 && op2 == 0) || (crn == 12 && (crm == 8 || crm == 9 || crm == 11 || crm == 12));
  if (op1 == 4) return crn == 12 && crm >= 8 && crm <= 13;
  return op1 == 6 && crn == 12 && crm == 12;
}

std::string SystemInstruction::text() const {
  const auto known = std::ranges::find_if(kKnown, [this](const Known& row) {
    return op0 == 3 && row.op1 == op1 && row.crn == crn && row.crm == crm && row.op2 == op2;
  });
  if (op0 == 1) return fmt::format("sys #{}, c{}, c{}, #{}", op1, crn, crm, op2);
  const char* name = read ? "mrs" : "msr";
  return known != std::end(kKnown) ? fmt::format("{} {}", name, known->name)
                                   : fmt::format("{} S{}_{}_C{}_C{}_{}", name, op0, op1, crn, crm, op2);
}

std::optional<SystemInstruction> decode_system_instruction(std::uint32_t code) {
  // 1101 0101 00 L op0 op1 CRn CRm op2 Rt
  if ((code & 0xffc00000) != 0xd5000000 || ((code >> 19) & 3) == 0) return std::nullopt;
  return SystemInstruction{.read = ((code >> 21) & 1) != 0,
                           .op0 = (code >> 19) & 3,
                           .op1 = (code >> 16) & 7,
                           .crn = (code >> 12) & 15,
                           .crm = (code >> 8) & 15,
                           .op2 = (code >> 5) & 7};
}

}  // namespace bootrig
