#include <gtest/gtest.h>

#include "machine/kvm_host.h"
#include "machine/machine.h"

namespace bootrig {
namespace {

class FactoryTest : public ::testing::Test {
 protected:
  SteadyClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::unique_ptr<MachineFactory> factory_ = make_machine_factory(launcher_, clock_, interrupt_);
};

TEST_F(FactoryTest, CommandIsTheOneThatIsStarted) {
  const MachineRequest request{{.extra_arguments = {"-no-such-option"}}, {"image.elf", std::nullopt}};
  const auto machine = factory_->start(request);
  ASSERT_TRUE(machine);
  EXPECT_EQ((*machine)->facts().argv, factory_->command(request));
  EXPECT_EQ(factory_->command(request), qemu_arguments(request.machine, request.image));
}

TEST_F(FactoryTest, TcgIsNeverUnavailable) {
  EXPECT_EQ(factory_->unavailable({.qemu = "no-such-qemu"}), std::nullopt);
}

TEST_F(FactoryTest, UnavailableIsNotStarted) {
  const MachineRequest request{{.accelerator = Accelerator::kKvm, .level = 2}, {"image.elf", std::nullopt}};
  const auto machine = factory_->start(request);
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().kind, StartFailure::Kind::kUnavailable);
  EXPECT_EQ(machine.error().message, "KVM enters its guests at EL1, not at EL2");
  EXPECT_EQ(factory_->unavailable(request.machine), machine.error().message);
}

TEST_F(FactoryTest, AsksThisHostForKvm) {
  const MachineSpec machine{.accelerator = Accelerator::kKvm};
  EXPECT_EQ(factory_->unavailable(machine), kvm_unavailable(this_kvm_host(launcher_), machine));
}

}  // namespace
}  // namespace bootrig
