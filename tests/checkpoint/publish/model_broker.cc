#include "tests/checkpoint/publish/model_broker.h"

#include <algorithm>

namespace tributary::model {

ModelBroker::ModelBroker(Options options) : options_(options), partitions_(options.partitions) {}

ModelBroker::Initialised ModelBroker::init_producer(const std::string& transactional_id,
                                                    std::int64_t now_nanos) {
  if (!authorized_) return {Answer::kUnauthorized, {}};
  Transaction& transaction = transactions_[transactional_id];
  if (transaction.producer.id == 0) transaction.producer.id = ++last_id_;
  if (transaction.state == State::kOpen) {
    // The abort bears the raised epoch, so that partitions refuse the old producer from then on.
    ++transaction.producer.epoch;
    begin_end(transaction, false);
  }
  if (transaction.state != State::kEmpty) return {Answer::kConcurrent, {}};
  ++transaction.producer.epoch;
  transaction.begun = now_nanos;
  transaction.last_committed = false;
  return {Answer::kOk, transaction.producer};
}

Answer ModelBroker::add_partition(const std::string& transactional_id, ProducerId producer,
                                  std::uint32_t partition, std::int64_t now_nanos) {
  if (!authorized_) return Answer::kUnauthorized;
  Transaction& transaction = transactions_[transactional_id];
  if (transaction.producer != producer) return Answer::kFenced;
  if (transaction.state == State::kCommitting || transaction.state == State::kAborting)
    return Answer::kConcurrent;
  if (transaction.state == State::kEmpty) transaction.begun = now_nanos;
  transaction.state = State::kOpen;
  transaction.partitions.insert(partition);
  return Answer::kOk;
}

ModelBroker::Produced ModelBroker::produce(const std::string& transactional_id, ProducerId producer,
                                           std::uint32_t partition, std::uint64_t leader_epoch,
                                           std::uint64_t sequence,
                                           const std::vector<Message>& batch) {
  Partition& at = partitions_[partition];
  if (at.leader_epoch != leader_epoch) return {Answer::kNotLeader, 0};
  std::vector<Batch>& batches = at.producers[producer.id];
  const Batch last = batches.empty() ? Batch{} : batches.back();
  if (producer.epoch < last.epoch) return {Answer::kFenced, 0};
  if (producer.epoch == last.epoch && sequence <= last.sequence) return {Answer::kOk, last.offset};
  if (options_.verifies_transactions) {
    const Transaction& transaction = transactions_[transactional_id];
    if (transaction.producer != producer) return {Answer::kFenced, 0};
    if (transaction.state != State::kOpen || !transaction.partitions.contains(partition))
      return {Answer::kInvalid, 0};
  }
  const std::uint64_t first = at.end;
  at.open.try_emplace(producer.id, first);
  for (const Message& message : batch)
    at.log.push_back({at.end++, producer, false, Fate::kOpen, message});
  batches.push_back({producer.epoch, sequence, first, at.end - 1});
  return {Answer::kOk, at.end - 1};
}

Answer ModelBroker::end_transaction(const std::string& transactional_id, ProducerId producer,
                                    bool commit) {
  Transaction& transaction = transactions_[transactional_id];
  if (transaction.producer != producer) return Answer::kFenced;
  switch (transaction.state) {
    case State::kOpen:
      begin_end(transaction, commit);
      return Answer::kOk;
    case State::kCommitting:
      return commit ? Answer::kOk : Answer::kInvalid;
    case State::kAborting:
      return commit ? Answer::kInvalid : Answer::kOk;
    case State::kEmpty:
      break;
  }
  return transaction.last_committed == commit ? Answer::kOk : Answer::kInvalid;
}

void ModelBroker::begin_end(Transaction& transaction, bool commit) {
  transaction.state = commit ? State::kCommitting : State::kAborting;
  transaction.last_committed = commit;
}

bool ModelBroker::has_markers() const {
  return std::ranges::any_of(transactions_, [](const auto& entry) {
    return entry.second.state == State::kCommitting || entry.second.state == State::kAborting;
  });
}

void ModelBroker::write_one_marker(Random& random) {
  std::vector<Transaction*> ending;
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state == State::kCommitting || transaction.state == State::kAborting)
      ending.push_back(&transaction);
  }
  if (ending.empty()) return;
  Transaction& transaction = *ending[random.below(ending.size())];
  if (!transaction.partitions.empty()) {
    auto partition = transaction.partitions.begin();
    std::advance(partition,
                 static_cast<std::ptrdiff_t>(random.below(transaction.partitions.size())));
    write_marker(transaction, *partition);
    transaction.partitions.erase(partition);
  }
  if (transaction.partitions.empty()) transaction.state = State::kEmpty;
}

void ModelBroker::write_marker(Transaction& transaction, std::uint32_t partition) {
  Partition& at = partitions_[partition];
  const bool commit = transaction.state == State::kCommitting;
  for (Entry& entry : at.log) {
    if (entry.producer.id == transaction.producer.id && entry.fate == Fate::kOpen)
      entry.fate = commit ? Fate::kCommitted : Fate::kAborted;
  }
  at.open.erase(transaction.producer.id);
  at.log.push_back({at.end++, transaction.producer, true, Fate::kCommitted, {}});
  std::vector<Batch>& batches = at.producers[transaction.producer.id];
  const bool same = !batches.empty() && batches.back().epoch == transaction.producer.epoch;
  batches.push_back(
      {transaction.producer.epoch, same ? batches.back().sequence : 0, at.end - 1, at.end - 1});
  at.high_watermark = at.end;
}

std::uint64_t ModelBroker::high_watermark(std::uint32_t partition) const {
  return partitions_[partition].high_watermark;
}

std::uint64_t ModelBroker::last_stable_offset(std::uint32_t partition) const {
  const Partition& at = partitions_[partition];
  std::uint64_t stable = at.high_watermark;
  for (const auto& [id, first] : at.open) stable = std::min(stable, first);
  return stable;
}

ModelBroker::Fetched ModelBroker::fetch_committed(std::uint32_t partition,
                                                  std::uint64_t from) const {
  const Partition& at = partitions_[partition];
  Fetched fetched;
  fetched.next = std::max(from, last_stable_offset(partition));
  const auto first = std::ranges::lower_bound(at.log, from, {}, &Entry::offset);
  for (auto entry = first; entry != at.log.end() && entry->offset < fetched.next; ++entry) {
    if (!entry->control && entry->fate == Fate::kCommitted) fetched.entries.push_back(&*entry);
  }
  return fetched;
}

ModelBroker::Fetched ModelBroker::fetch_everything(std::uint32_t partition) const {
  const Partition& at = partitions_[partition];
  Fetched fetched;
  fetched.next = at.high_watermark;
  for (const Entry& entry : at.log) {
    if (!entry.control && entry.offset < fetched.next) fetched.entries.push_back(&entry);
  }
  return fetched;
}

void ModelBroker::replicate(std::uint32_t partition) {
  partitions_[partition].high_watermark = partitions_[partition].end;
}

std::uint64_t ModelBroker::leader_epoch(std::uint32_t partition) const {
  return partitions_[partition].leader_epoch;
}

void ModelBroker::elect_leader(std::uint32_t partition, Random& random) {
  Partition& at = partitions_[partition];
  ++at.leader_epoch;
  const std::uint64_t above = at.end - at.high_watermark;
  if (above == 0) return;
  at.end = at.high_watermark + random.below(above + 1);
  // Batches are replicated as wholes.
  for (const auto& [id, batches] : at.producers) {
    for (const Batch& batch : batches) {
      if (batch.first < at.end && batch.offset >= at.end) at.end = batch.first;
    }
  }
  std::erase_if(at.log, [&](const Entry& entry) { return entry.offset >= at.end; });
  std::erase_if(at.open, [&](const auto& open) { return open.second >= at.end; });
  // What the new leader knows of a producer is what its log says.
  for (auto& [id, batches] : at.producers)
    std::erase_if(batches, [&](const Batch& batch) { return batch.offset >= at.end; });
  at.high_watermark = at.end;
}

std::optional<bool> ModelBroker::replicated(std::uint32_t partition, std::uint64_t offset,
                                            std::uint64_t leader_epoch) const {
  const Partition& at = partitions_[partition];
  if (at.leader_epoch != leader_epoch) return std::nullopt;
  return offset < at.high_watermark;
}

void ModelBroker::abort_timed_out(std::int64_t now_nanos) {
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state != State::kOpen) continue;
    if (now_nanos - transaction.begun < options_.transaction_timeout_nanos) continue;
    ++transaction.producer.epoch;
    begin_end(transaction, false);
  }
}

void ModelBroker::compact(std::uint32_t partition) {
  Partition& at = partitions_[partition];
  const std::uint64_t active = at.end - at.end % options_.segment_entries;
  const std::uint64_t clean = std::min(active, last_stable_offset(partition));
  std::map<std::string, std::uint64_t> newest;
  for (const Entry& entry : at.log) {
    if (!entry.control && entry.fate == Fate::kCommitted) newest[entry.message.key] = entry.offset;
  }
  std::erase_if(at.log, [&](const Entry& entry) {
    if (entry.offset >= clean) return false;
    return entry.control || entry.fate == Fate::kAborted ||
           newest[entry.message.key] != entry.offset;
  });
}

}  // namespace tributary::model
