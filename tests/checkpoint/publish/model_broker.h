// A model of what a sink sees of Kafka: partitions with leaders and high watermarks, transactions
// with a coordinator, control records, the last stable offset, compaction.
//
// One thread, no time of its own. A request is a call; whether it arrives, how often and when, and
// whether its answer does, is up to the simulation. Partition state and decisions of the
// transaction coordinator survive everything; what is above the high watermark may not survive an
// election.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace tributary::model {

enum class Answer : std::uint8_t {
  kOk,
  kNotLeader,   // of an older leader epoch: ask again
  kConcurrent,  // a transaction of this id is still being ended: try again
  kFenced,      // somebody has initialised this transactional id since
  kInvalid,     // no such transaction, or a gap in the sequence
  kUnauthorized,
};

struct ProducerId {
  std::uint64_t id = 0;
  std::uint64_t epoch = 0;
  friend auto operator<=>(const ProducerId&, const ProducerId&) = default;
};

struct Message {
  std::string key;
  std::string value;
};

class ModelBroker {
 public:
  enum class Fate : std::uint8_t { kCommitted, kOpen, kAborted };
  struct Entry {
    std::uint64_t offset = 0;
    ProducerId producer;
    bool control = false;
    Fate fate = Fate::kOpen;
    Message message;
  };
  struct Options {
    std::uint32_t partitions = 3;
    std::uint32_t segment_entries = 8;  // of which the last is active
    // Does a leader ask the coordinator whether a partition is in the transaction (brokers >= 3.7)?
    bool verifies_transactions = true;
    std::int64_t transaction_timeout_nanos = 30'000'000'000;
  };
  explicit ModelBroker(Options options);

  // ---- requests of producers ----
  struct Initialised {
    Answer answer = Answer::kOk;
    ProducerId producer;
  };
  // Fences older producers of the id; what they left open is aborted first.
  Initialised init_producer(const std::string& transactional_id, std::int64_t now_nanos);
  Answer add_partition(const std::string& transactional_id, ProducerId producer,
                       std::uint32_t partition, std::int64_t now_nanos);
  struct Produced {
    Answer answer = Answer::kOk;
    std::uint64_t offset = 0;  // of the last
  };
  // A batch; repeated with the same sequence it is appended once.
  Produced produce(const std::string& transactional_id, ProducerId producer,
                   std::uint32_t partition, std::uint64_t leader_epoch, std::uint64_t sequence,
                   const std::vector<Message>& batch);
  Answer end_transaction(const std::string& transactional_id, ProducerId producer, bool commit);

  // ---- requests of readers ----
  std::uint64_t high_watermark(std::uint32_t partition) const;
  std::uint64_t last_stable_offset(std::uint32_t partition) const;
  struct Fetched {
    std::vector<const Entry*> entries;  // committed data
    std::uint64_t next = 0;
  };
  // As a read_committed client: up to the last stable offset.
  Fetched fetch_committed(std::uint32_t partition, std::uint64_t from) const;
  // As a read_uncommitted client: aborted data, too.
  Fetched fetch_everything(std::uint32_t partition) const;

  // ---- what happens by itself ----
  bool has_markers() const;
  // One partition hears how a transaction ended.
  void write_one_marker(Random& random);
  void replicate(std::uint32_t partition);
  // The new leader has at least what is below the high watermark.
  void elect_leader(std::uint32_t partition, Random& random);
  std::uint64_t leader_epoch(std::uint32_t partition) const;
  // Is the entry below the high watermark? nullopt: it is gone.
  std::optional<bool> replicated(std::uint32_t partition, std::uint64_t offset,
                                 std::uint64_t leader_epoch) const;
  void abort_timed_out(std::int64_t now_nanos);
  // Of each key only the newest is kept, outside the active segment and below the last stable
  // offset.
  void compact(std::uint32_t partition);
  void set_authorized(bool authorized) { authorized_ = authorized; }
  bool authorized() const { return authorized_; }

 private:
  struct Batch {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    std::uint64_t first = 0;   // offset
    std::uint64_t offset = 0;  // its last
  };
  struct Partition {
    std::vector<Entry> log;  // ascending; compaction leaves gaps
    std::uint64_t end = 0;
    std::uint64_t high_watermark = 0;
    std::uint64_t leader_epoch = 1;
    std::map<std::uint64_t, std::uint64_t> open;            // producer id -> first offset
    std::map<std::uint64_t, std::vector<Batch>> producers;  // what the log says of them
  };
  enum class State : std::uint8_t { kEmpty, kOpen, kCommitting, kAborting };
  struct Transaction {
    ProducerId producer;
    State state = State::kEmpty;
    bool last_committed = false;
    std::set<std::uint32_t> partitions;  // open: added; ending: without marker yet
    std::int64_t begun = 0;
  };
  void begin_end(Transaction& transaction, bool commit);
  void write_marker(Transaction& transaction, std::uint32_t partition);

  Options options_;
  std::vector<Partition> partitions_;
  std::map<std::string, Transaction> transactions_;
  std::uint64_t last_id_ = 0;
  bool authorized_ = true;
};

}  // namespace tributary::model
