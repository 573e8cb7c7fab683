// What a connector asks of the model broker, request by request, so that a crash, a loss or a
// zombie's awakening may come between any two: what the Kafka edge will do with librdkafka.
//
// One thread. Requests and answers go through the host, which decides when they arrive, whether,
// and how often.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/publish/sink_owner.h"
#include "tests/checkpoint/publish/model_broker.h"

namespace tributary::model {

class RequestHost {
 public:
  virtual ~RequestHost() = default;
  virtual std::int64_t now() const = 0;
  // Is this message lost?
  virtual bool unlucky() = 0;
  // To be run later: `process` must live and not be paused then; nullopt: nobody's.
  virtual void post(std::optional<std::uint32_t> process, std::function<void()> run) = 0;
  virtual void answer(std::uint32_t process, OwnerEvent event) = 0;
  // Asks something outside that may answer late, twice, or never: `answer` gets nullopt then.
  template <typename T>
  void request(std::uint32_t process, std::function<T()> there,
               std::function<void(std::optional<T>)> answer) {
    post(std::nullopt, [this, process, there, answer] {
      if (unlucky()) return post(process, [answer] { answer(std::nullopt); });
      const T result = there();
      if (unlucky()) post(std::nullopt, [there] { (void)there(); });
      if (unlucky()) return post(process, [answer] { answer(std::nullopt); });
      post(process, [answer, result] { answer(result); });
    });
  }
};

struct BrokerEdgeOptions {
  ModelBroker::Options broker;
  bool mark_outside_transaction = false;  // a planted bug
  bool readers_see_everything = false;    // the canary: as read_uncommitted clients
};

class BrokerCalls {
 public:
  struct Client {
    std::uint32_t process = 0;
    Hash128 uid;  // of its job
  };
  BrokerCalls(RequestHost& host, BrokerEdgeOptions options);

  // Fence, FindMarkEnd, ReadMarksOn, Publish, CloseNumber; the host's answer() is told.
  void call(const Client& client, const OwnerAction& action);
  void process_died(std::uint32_t process);

  // The broker's own troubles; returns a number for the trace.
  std::uint64_t chaos(Random& random);
  void progress(Random& random);  // what happens by itself
  void mend();

  std::uint32_t outputs() const { return mark_partition(); }  // partitions 0 .. outputs() - 1
  // What readers have seen. An error is a violation.
  Result<std::vector<std::string>> read_partition(std::uint32_t partition) const;

 private:
  class Transaction;
  struct Producer {
    ProducerId id;
    std::uint64_t sequence = 0;
  };
  std::uint32_t mark_partition() const { return options_.broker.partitions - 1; }
  void fence(const Client& client, const Fence& fence);
  void read_marks(const Client& client, const ReadMarksOn& read);

  RequestHost& host_;
  const BrokerEdgeOptions options_;
  ModelBroker broker_;
  std::map<std::pair<std::uint32_t, WriterNumber>, Producer> producers_;  // by process
};

}  // namespace tributary::model
