#include "tests/checkpoint/publish/broker_edge.h"

#include <set>

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

}  // namespace

// One call of publish: each request in answer to the one before.
class BrokerEdge::Transaction : public std::enable_shared_from_this<Transaction> {
 public:
  Transaction(BrokerEdge& edge, Process& process, const Publish& publish)
      : edge_(edge),
        process_(process.id),
        publish_(publish),
        id_(edge.transactional_id(process, publish.part.number)),
        mark_key_(fmt::format("{}/{}", edge.world_.job_uid(process.job).uid.to_hex(),
                              publish.part.number.value)) {
    for (const StagedRecord& record : publish.part.records) {
      batches_[static_cast<std::uint32_t>(record.partition)].push_back(
          {std::string(*record.key), std::string(*record.value)});
    }
    mark_ = {mark_key_, encode_mark(publish.part.mark)};
  }

  void run() {
    std::vector<std::uint32_t> partitions;
    for (const auto& [partition, batch] : batches_) partitions.push_back(partition);
    if (!edge_.options_.mark_outside_transaction) partitions.push_back(edge_.mark_partition());
    add_partitions(std::move(partitions));
  }

 private:
  template <typename T>
  void ask(std::function<T()> there, std::function<void(std::optional<T>)> then) {
    edge_.world_.request<T>(process_, std::move(there), std::move(then));
  }
  Producer& producer() { return edge_.producers_[{process_, publish_.part.number}]; }

  void finish(PublishResult<MarkPosition> result) {
    edge_.world_.answer(process_, PublishAnswer{publish_.part.number, publish_.call, result});
  }

  // Certainly not out is only what was aborted.
  void abort(PublishError error) {
    if (error.failure == PublishFailure::kFatal || error.failure == PublishFailure::kFenced)
      return finish(std::unexpected(error));
    ask<Answer>([this, self = shared_from_this(),
                 at = producer().id] { return edge_.broker_.end_transaction(id_, at, false); },
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
          return edge_.broker_.add_partition(id_, at, partition, edge_.world_.now());
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
      if (edge_.options_.mark_outside_transaction && !second_) return end();
      mark_sent_ = true;
      return produce(edge_.mark_partition(), {mark_}, ++producer().sequence, 4);
    }
    end();
  }

  void produce(std::uint32_t partition, const std::vector<Message>& batch, std::uint64_t sequence,
               int tries) {
    const std::uint64_t leader = edge_.broker_.leader_epoch(partition);
    ask<ModelBroker::Produced>(
        [this, self = shared_from_this(), partition, leader, sequence, batch, at = producer().id] {
          return edge_.broker_.produce(id_, at, partition, leader, sequence, batch);
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
          return edge_.broker_.replicated(partition, offset, leader);
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
                 at = producer().id] { return edge_.broker_.end_transaction(id_, at, true); },
                [this, self = shared_from_this()](std::optional<Answer> answer) {
                  if (answer != Answer::kOk) {
                    PublishError error = error_of(answer);
                    if (error.failure == PublishFailure::kRetriable)
                      error.failure = PublishFailure::kFatal;
                    return finish(std::unexpected(error));
                  }
                  if (edge_.options_.mark_outside_transaction && !second_) {
                    second_ = true;
                    return add_partitions({edge_.mark_partition()});
                  }
                  finish(MarkPosition{offset_});
                });
  }

  BrokerEdge& edge_;
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

BrokerEdge::BrokerEdge(World& world, BrokerEdgeOptions options)
    : world_(world), options_(options), broker_(options.broker) {}

std::string BrokerEdge::transactional_id(const Process& process, WriterNumber number) const {
  return fmt::format("job/{}/out/{}", world_.job_uid(process.job).uid.to_hex(), number.value);
}

void BrokerEdge::emit(Process& process, const Seen& record) {
  const std::string line = to_line(record);
  const std::string key = fmt::format("{}", record.key);
  const auto outputs = static_cast<std::int32_t>(mark_partition());
  world_.stage(process, {.destination = "out",
                         .partition = static_cast<std::int32_t>(record.key / 3) % outputs,
                         .key = key,
                         .value = line});
}

void BrokerEdge::process_died(Process& process) {
  std::erase_if(producers_, [&](const auto& entry) { return entry.first.first == process.id; });
}

void BrokerEdge::call(Process& process, const OwnerAction& action) {
  if (const auto* fencing = std::get_if<Fence>(&action)) {
    fence(process, *fencing);
  } else if (const auto* end = std::get_if<FindMarkEnd>(&action)) {
    world_.request<std::uint64_t>(
        process.id, [this] { return broker_.high_watermark(mark_partition()); },
        [this, id = process.id, call = end->call](std::optional<std::uint64_t> at) {
          MarkEndAnswer answer{call, MarkPosition{at.value_or(0)}};
          if (!at) answer.result = std::unexpected(error_of(std::nullopt));
          world_.answer(id, answer);
        });
  } else if (const auto* read = std::get_if<ReadMarksOn>(&action)) {
    read_marks(process, *read);
  } else if (const auto* publish = std::get_if<Publish>(&action)) {
    std::make_shared<Transaction>(*this, process, *publish)->run();
  } else if (const auto* close = std::get_if<CloseNumber>(&action)) {
    producers_.erase({process.id, close->number});
  }
}

void BrokerEdge::fence(Process& process, const Fence& fence) {
  world_.request<ModelBroker::Initialised>(
      process.id,
      [this, id = transactional_id(process, fence.number)] {
        return broker_.init_producer(id, world_.now());
      },
      [this, id = process.id, fence](std::optional<ModelBroker::Initialised> made) {
        FenceAnswer answer{fence.number, fence.call, {}};
        if (made && made->answer == Answer::kOk) {
          producers_[{id, fence.number}] = {made->producer, 0};
        } else {
          answer.result =
              std::unexpected(error_of(made ? std::optional(made->answer) : std::nullopt));
        }
        world_.answer(id, answer);
      });
}

void BrokerEdge::read_marks(Process& process, const ReadMarksOn& read) {
  const Hash128 uid = world_.job_uid(process.job).uid;
  world_.request<MarksRead>(
      process.id,
      [this, uid, from = read.from] {
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
      [this, id = process.id, call = read.call](std::optional<MarksRead> found) {
        MarksAnswer answer{call, found.value_or(MarksRead{})};
        if (!found) answer.result = std::unexpected(error_of(std::nullopt));
        world_.answer(id, answer);
      });
}

std::uint64_t BrokerEdge::chaos(Random& random) {
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

void BrokerEdge::progress(Random& random) {
  broker_.write_one_marker(random);
  broker_.replicate(static_cast<std::uint32_t>(random.below(options_.broker.partitions)));
  broker_.abort_timed_out(world_.now());
}

void BrokerEdge::mend() { broker_.set_authorized(true); }

Result<std::vector<std::vector<Seen>>> BrokerEdge::read_all() {
  std::vector<std::vector<Seen>> all;
  for (std::uint32_t partition = 0; partition < mark_partition(); ++partition) {
    if (broker_.last_stable_offset(partition) != broker_.high_watermark(partition))
      return fail(ErrorCode::X901, "partition {} has a transaction that never ends", partition);
    std::vector<Seen>& seen = all.emplace_back();
    const ModelBroker::Fetched fetched = options_.readers_see_everything
                                             ? broker_.fetch_everything(partition)
                                             : broker_.fetch_committed(partition, 0);
    for (const ModelBroker::Entry* entry : fetched.entries)
      seen.push_back(from_line(entry->message.value));
  }
  return all;
}

}  // namespace tributary::model
