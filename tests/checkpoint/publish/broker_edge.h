// A connector on the model broker, request by request, so that a crash, a loss or a zombie's
// awakening may come between any two: what the Kafka edge will do with librdkafka.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tests/checkpoint/publish/job_world.h"
#include "tests/checkpoint/publish/model_broker.h"

namespace tributary::model {

struct BrokerEdgeOptions {
  ModelBroker::Options broker;
  bool mark_outside_transaction = false;  // a planted bug
  bool readers_see_everything = false;    // the canary: as read_uncommitted clients
};

class BrokerEdge final : public Edge {
 public:
  BrokerEdge(World& world, BrokerEdgeOptions options);

  void emit(Process& process, const Seen& record) override;
  void call(Process& process, const OwnerAction& action) override;
  void process_died(Process& process) override;
  std::uint64_t chaos(Random& random) override;
  void progress(Random& random) override;
  void mend() override;
  Result<std::vector<std::vector<Seen>>> read_all() override;

  struct Producer {
    ProducerId id;
    std::uint64_t sequence = 0;
  };
  class Transaction;

 private:
  friend class Transaction;
  std::string transactional_id(const Process& process, WriterNumber number) const;
  std::uint32_t mark_partition() const { return options_.broker.partitions - 1; }
  void fence(Process& process, const Fence& fence);
  void read_marks(Process& process, const ReadMarksOn& read);

  World& world_;
  const BrokerEdgeOptions options_;
  ModelBroker broker_;
  std::map<std::pair<std::uint32_t, WriterNumber>, Producer> producers_;  // by process
};

}  // namespace tributary::model
