// The model broker as the edge of the jobs of job_world.h.
#pragma once

#include <string>

#include "tests/checkpoint/publish/broker_calls.h"
#include "tests/checkpoint/publish/job_world.h"

namespace tributary::model {

class BrokerEdge final : public Edge {
 public:
  BrokerEdge(World& world, BrokerEdgeOptions options) : world_(world), calls_(world, options) {}

  void emit(Process& process, const Seen& record) override;
  void call(Process& process, const OwnerAction& action) override {
    calls_.call({process.id, world_.job_uid(process.job).uid}, action);
  }
  void process_died(Process& process) override { calls_.process_died(process.id); }
  std::uint64_t chaos(Random& random) override { return calls_.chaos(random); }
  void progress(Random& random) override { calls_.progress(random); }
  void mend() override { calls_.mend(); }
  Result<std::vector<std::vector<Seen>>> read_all() override;

 private:
  World& world_;
  BrokerCalls calls_;
};

}  // namespace tributary::model
