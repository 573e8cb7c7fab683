#include "tests/checkpoint/publish/broker_calls.h"

#include <fmt/format.h>

namespace tributary::model {
namespace {

PublishError error_of(PublishFailure failure, const char* what) {
  return {failure, Error(ErrorCode::S478, what)};
}

PublishError error_of(std::optional<Answer> answer) {
  if (!answer) return error_of(PublishFailure::kFatal, "timed out");
  switch (*answer) {
    case Answer::kFenced:
      return error_of(PublishFailure::kFenced, "fenced");
    case Answer::kUnauthorized:
      return error_of(PublishFailure::kRefused, "not authorized");
    case Answer::kConcurrent:
    case Answer::kNotLeader:
      return error_of(PublishFailure::kRetriable, "try again");
    default:
      return error_of(PublishFailure::kFatal, "invalid");
  }
}

std::string transactional_id(const BrokerCalls::Client& client, WriterNumber number) {
  return fmt::format("job/{}/out/{}", client.uid.to_hex(), number.value);
}

}  // namespace

// One call of publish: each request in answer to the one before.
class BrokerCalls::Transaction : public std::enable_shared_from_this<Transaction> {
 public:
  Transaction(BrokerCalls& calls, const Client& client, const Publish& publish)
      : calls_(calls),
        process_(client.process),
        publish_(publish),
        id_(transactional_id(client, publish.part.number)),
        mark_key_(fmt::format("{}/{}", client.uid.to_hex(), publish.part.number.value)) {
    for (const StagedRecord& record : publish.part.records) {
      batches_[static_cast<std::uint32_t>(record.partition)].push_back(
          {std::string(*record.key), std::string(*record.value)});
    }
    mark_ = {mark_key_, encode_mark(publish.part.mark)};
  }

  void run() {
    std::vector<std::uint32_t> partitions;
    for (const auto& [partition, batch] : batches_) partitions.push_back(partition);
    if (!calls_.options_.mark_outside_transaction) partitions.push_back(calls_.mark_partition());
    add_partitions(std::move(partitions));
  }

 private:
  template <typename T>
  void ask(std::function<T()> there, std::function<void(std::optional<T>)> then) {
    calls_.host_.request<T>(process_, std::move(there), std::move(then));
  }
  Producer& producer() { return calls_.producers_[{process_, publish_.part.number}]; }

  void finish(PublishResult<MarkPosition> result) {
    calls_.host_.answer(process_, PublishAnswer{publish_.part.number, publish_.call, result});
  }

  // Certainly not out is only what was aborted.
  void abort(PublishError error) {
    if (error.failure == PublishFailure::kFatal || error.failure == PublishFailure::kFenced)
      return finish(std::unexpected(error));
    ask<Answer>([this, self = shared_from_this(),
                 at = producer().id] { return calls_.broker_.end_transaction(id_, at, false); },
                [this, self = shared_from_this(), error](std::optional<Answer> answer) {
                  if (answer == Answer::kOk) return finish(std::unexpected(error));
                  finish(std::unexpected(error_of(PublishFailure::kFatal, "could not be aborted")));
                });
  }

  void add_partitions(std::vector<std::uint32_t> partitions) {
    if (partitions.empty()) return produce_next();
    const std::uint32_t partition = partitions.back();
    partitions.pop_back();
    const bool first = !began_;
    ask<Answer>(
        [this, self = shared_from_this(), partition, at = producer().id] {
          return calls_.broker_.add_partition(id_, at, partition, calls_.host_.now());
        },
        [this, self = shared_from_this(), partitions, first](std::optional<Answer> answer) {
          if (answer != Answer::kOk) {
            // Nothing began that would have to be aborted.
            if (first && answer) return finish(std::unexpected(error_of(answer)));
            return abort(error_of(answer));
          }
          began_ = true;
          add_partitions(partitions);
        });
  }

  void produce_next() {
    if (!batches_.empty()) {
      const auto [partition, batch] = *batches_.begin();
      batches_.erase(batches_.begin());
      return produce(partition, batch, ++producer().sequence, 4);
    }
    if (!mark_sent_) {
      if (calls_.options_.mark_outside_transaction && !second_) return end();
      mark_sent_ = true;
      return produce(calls_.mark_partition(), {mark_}, ++producer().sequence, 4);
    }
    end();
  }

  void produce(std::uint32_t partition, const std::vector<Message>& batch, std::uint64_t sequence,
               int tries) {
    const std::uint64_t leader = calls_.broker_.leader_epoch(partition);
    ask<ModelBroker::Produced>(
        [this, self = shared_from_this(), partition, leader, sequence, batch, at = producer().id] {
          return calls_.broker_.produce(id_, at, partition, leader, sequence, batch);
        },
        [this, self = shared_from_this(), partition, leader, sequence, batch,
         tries](std::optional<ModelBroker::Produced> made) {
          if (made && made->answer == Answer::kOk)
            return await(partition, batch, sequence, made->offset, leader, tries);
          if ((!made || made->answer == Answer::kNotLeader) && tries > 0)
            return produce(partition, batch, sequence, tries - 1);
          abort(made ? error_of(made->answer) : error_of(std::nullopt));
        });
  }

  // acks=all: sent means replicated.
  void await(std::uint32_t partition, const std::vector<Message>& batch, std::uint64_t sequence,
             std::uint64_t offset, std::uint64_t leader, int tries) {
    ask<std::optional<bool>>(
        [this, self = shared_from_this(), partition, offset, leader] {
          return calls_.broker_.replicated(partition, offset, leader);
        },
        [this, self = shared_from_this(), partition, batch, sequence, offset, leader,
         tries](std::optional<std::optional<bool>> there) {
          if (there && there->has_value() && **there) {
            offset_ = offset;
            return produce_next();
          }
          if (tries == 0) return abort(error_of(PublishFailure::kAbortAndResend, "too slow"));
          if (there && !there->has_value())
            return produce(partition, batch, sequence, tries - 1);  // another leader
          await(partition, batch, sequence, offset, leader, tries - 1);
        });
  }

  void end() {
    ask<Answer>([this, self = shared_from_this(),
                 at = producer().id] { return calls_.broker_.end_transaction(id_, at, true); },
                [this, self = shared_from_this()](std::optional<Answer> answer) {
                  if (answer != Answer::kOk) {
                    PublishError error = error_of(answer);
                    if (error.failure == PublishFailure::kRetriable)
                      error.failure = PublishFailure::kFatal;
                    return finish(std::unexpected(error));
                  }
                  if (calls_.options_.mark_outside_transaction && !second_) {
                    second_ = true;
                    return add_partitions({calls_.mark_partition()});
                  }
                  finish(MarkPosition{offset_});
                });
  }

  BrokerCalls& calls_;
  const std::uint32_t process_;
  const Publish publish_;  // keeps the segments
  const std::string id_;
  const std::string mark_key_;
  std::map<std::uint32_t, std::vector<Message>> batches_;
  Message mark_;
  bool began_ = false;
  bool mark_sent_ = false;
  bool second_ = false;  // the bug's second transaction
  std::uint64_t offset_ = 0;
};

BrokerCalls::BrokerCalls(RequestHost& host, BrokerEdgeOptions options)
    : host_(host), options_(options), broker_(options.broker) {}

void BrokerCalls::process_died(std::uint32_t process) {
  std::erase_if(producers_, [&](const auto& entry) { return entry.first.first == process; });
}

void BrokerCalls::call(const Client& client, const OwnerAction& action) {
  if (const auto* fencing = std::get_if<Fence>(&action)) {
    this->fence(client, *fencing);
  } else if (const auto* end = std::get_if<FindMarkEnd>(&action)) {
    host_.request<std::uint64_t>(
        client.process, [this] { return broker_.high_watermark(mark_partition()); },
        [this, id = client.process, call = end->call](std::optional<std::uint64_t> at) {
          MarkEndAnswer answer{call, MarkPosition{at.value_or(0)}};
          if (!at) answer.result = std::unexpected(error_of(std::nullopt));
          host_.answer(id, answer);
        });
  } else if (const auto* read = std::get_if<ReadMarksOn>(&action)) {
    read_marks(client, *read);
  } else if (const auto* publish = std::get_if<Publish>(&action)) {
    std::make_shared<Transaction>(*this, client, *publish)->run();
  } else if (const auto* close = std::get_if<CloseNumber>(&action)) {
    producers_.erase({client.process, close->number});
  }
}

void BrokerCalls::fence(const Client& client, const Fence& fence) {
  host_.request<ModelBroker::Initialised>(
      client.process,
      [this, id = transactional_id(client, fence.number)] {
        return broker_.init_producer(id, host_.now());
      },
      [this, id = client.process, fence](std::optional<ModelBroker::Initialised> made) {
        FenceAnswer answer{fence.number, fence.call, {}};
        if (made && made->answer == Answer::kOk) {
          producers_[{id, fence.number}] = {made->producer, 0};
        } else {
          answer.result =
              std::unexpected(error_of(made ? std::optional(made->answer) : std::nullopt));
        }
        host_.answer(id, answer);
      });
}

void BrokerCalls::read_marks(const Client& client, const ReadMarksOn& read) {
  host_.request<MarksRead>(
      client.process,
      [this, uid = client.uid, from = read.from] {
        const ModelBroker::Fetched fetched = broker_.fetch_committed(mark_partition(), from.value);
        MarksRead found;
        found.reached = {fetched.next};
        found.log = "marks";
        for (const ModelBroker::Entry* entry : fetched.entries) {
          const std::string& key = entry->message.key;
          if (!key.starts_with(uid.to_hex())) continue;
          const auto k = static_cast<std::uint32_t>(std::stoul(key.substr(33)));
          found.marks.insert_or_assign(
              WriterNumber{k}, FoundMark{*decode_mark(entry->message.value), {entry->offset}});
        }
        return found;
      },
      [this, id = client.process, call = read.call](std::optional<MarksRead> found) {
        MarksAnswer answer{call, found.value_or(MarksRead{})};
        if (!found) answer.result = std::unexpected(error_of(std::nullopt));
        host_.answer(id, answer);
      });
}

std::uint64_t BrokerCalls::chaos(Random& random) {
  const auto partition = static_cast<std::uint32_t>(random.below(options_.broker.partitions));
  switch (random.below(4)) {
    case 0:
    case 1:
      broker_.elect_leader(partition, random);
      break;
    case 2:
      broker_.compact(mark_partition());
      break;
    default:
      broker_.set_authorized(!broker_.authorized());
  }
  return partition;
}

void BrokerCalls::progress(Random& random) {
  broker_.write_one_marker(random);
  broker_.replicate(static_cast<std::uint32_t>(random.below(options_.broker.partitions)));
  broker_.abort_timed_out(host_.now());
}

void BrokerCalls::mend() { broker_.set_authorized(true); }

Result<std::vector<std::string>> BrokerCalls::read_partition(std::uint32_t partition) const {
  if (broker_.last_stable_offset(partition) != broker_.high_watermark(partition))
    return fail(ErrorCode::X901, "partition {} has a transaction that never ends", partition);
  const ModelBroker::Fetched fetched = options_.readers_see_everything
                                           ? broker_.fetch_everything(partition)
                                           : broker_.fetch_committed(partition, 0);
  std::vector<std::string> values;
  for (const ModelBroker::Entry* entry : fetched.entries) values.push_back(entry->message.value);
  return values;
}

}  // namespace tributary::model
