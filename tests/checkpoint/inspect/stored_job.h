// tests/checkpoint/inspect/stored_job.h
// A small job with keyed state of every kind in two tasks, whose checkpoints are written as the
// engine writes them: for whoever reads them without the job.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/key_codec.h"
#include "base/record.h"
#include "checkpoint/inspect/stage_states.h"
#include "checkpoint/manifest/manifest_store.h"
#include "checkpoint/publish/lineage.h"
#include "checkpoint/publish/staged_segment.h"
#include "tests/checkpoint/tiered_task.h"

namespace tributary::testing_state {

struct AccountKey {
  Text tenant;
  std::int32_t number = 0;
};
TRIBUTARY_KEY(AccountKey, tenant, number);

struct Account {
  Text owner;
  Amount balance;
  Map<Text, Amount> limits;
  Optional<Text> note;
};
TRIBUTARY_RECORD(Account, owner, balance, limits, note);

struct Posting {
  std::int64_t cents = 0;
};
TRIBUTARY_RECORD(Posting, cents);

class StoredJob {
 public:
  static constexpr std::uint32_t kKeyGroups = 8;
  static constexpr std::string_view kWindow = "2026-09-01T10:00:00Z";

  // States that are declared in another order get other ids.
  explicit StoredJob(TieredWorld& world, bool maps_first = false) : world_(world) {
    for (const std::uint32_t begin : {0U, 4U}) {
      const TieredOptions options{.key_group_count = kKeyGroups,
                                  .groups = {begin, begin + 4},
                                  .base_bytes_min = 1,
                                  .renewal_bytes_max = 0};
      tasks_.push_back(std::make_unique<Task>(world, options, maps_first));
    }
  }

  // Value state, without and with a namespace.
  void set_account(std::string_view tenant, std::int32_t number, Account account,
                   std::string name_space = {}) {
    change(tenant, number, [&](Task& task, StateKey key) {
      key.name_space = name_space;
      StateEntry* entry = nullptr;
      task.accounts->fetch({&key, 1}, {&entry, 1});
      task.accounts->assign(*entry, &account);
    });
  }
  void clear_account(std::string_view tenant, std::int32_t number) {
    change(tenant, number, [&](Task& task, const StateKey& key) {
      StateEntry* entry = nullptr;
      task.accounts->fetch({&key, 1}, {&entry, 1});
      task.accounts->clear(*entry);
    });
  }
  // Map state, and list state: a map without map key's type.
  void post(std::string_view tenant, std::int32_t number, Text reference, std::int64_t cents) {
    change(tenant, number, [&](Task& task, const StateKey& key) {
      std::string map_key;
      KeyCodec(type_info<Text>()).encode(&reference, map_key);
      const Posting posting{.cents = cents};
      task.postings->put(key, map_key, &posting);
    });
  }
  void clear_postings(std::string_view tenant, std::int32_t number) {
    change(tenant, number, [&](Task& task, const StateKey& key) { task.postings->clear(key); });
  }
  void append(std::string_view tenant, std::int32_t number, std::int64_t cents) {
    change(tenant, number, [&](Task& task, const StateKey& key) {
      std::string index;
      append_big_endian(index, static_cast<std::uint64_t>(task.history->size(key)));
      const Posting posting{.cents = cents};
      task.history->put(key, index, &posting);
    });
  }
  void set_timer(std::string_view tenant, std::int32_t number, Timestamp at) {
    change(tenant, number, [&](Task& task, const StateKey& key) {
      task.timers->set(TimeDomain::kEvent, key, "close", at);
    });
  }
  // State that expires, under the same key.
  void see(std::string_view tenant, std::int32_t number, std::int64_t cents) {
    change(tenant, number, [&](Task& task, const StateKey& key) {
      StateEntry* entry = nullptr;
      task.seen->fetch({&key, 1}, {&entry, 1});
      const Posting posting{.cents = cents};
      task.seen->assign(*entry, &posting);
    });
  }

  // Bases of all that the last checkpoint had.
  void fold() {
    for (const auto& task : tasks_) EXPECT_TRUE(task->task.fold());
  }

  checkpoint::Manifest checkpoint(std::uint64_t id) {
    checkpoint::Manifest manifest;
    manifest.set_kind(checkpoint::CHECKPOINT);
    manifest.set_uid(std::string(16, 'u'));
    manifest.set_graph_digest(std::string(16, 'd'));
    *manifest.mutable_lineages() = LineageHistory(Hash128{1, 2}).encode();
    manifest.set_checkpoint(id);
    manifest.set_term(3);
    manifest.set_attempt(2);
    manifest.set_created_micros(1'788'256'800'000'000);  // 2026-09-01T10:00:00Z
    manifest.set_engine_version("1.2.3");
    manifest.set_key_groups(kKeyGroups);
    auto& source = *manifest.add_sources();
    source.set_source("charges");
    source.set_complete(true);
    auto& split = *source.add_splits();
    split.set_id("a.jsonl");
    split.set_end(4096);
    manifest.add_gates()->set_source("charges");
    manifest.mutable_gates(0)->set_open(true);
    auto& sink = *manifest.add_sinks();
    sink.set_sink("ledger");
    sink.set_numbers(2);
    for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
      auto& task = *manifest.add_tasks();
      task.add_operators("book");
      task.add_operators("ledger");
      task.set_task(i);
      task.set_parallelism(2);
      *task.mutable_keyed_state() = tasks_[i]->task.snapshot();
    }
    auto& reader = *manifest.add_tasks();
    reader.add_operators("charges");
    reader.set_parallelism(1);
    auto& position = *reader.add_splits();
    position.set_source("charges");
    position.set_id("a.jsonl");
    position.set_position(static_cast<std::int64_t>(100 * id));
    position.set_end(4096);
    auto& time = *reader.add_times();
    time.set_operator_("charges");
    time.set_watermark_micros(1'788'256'800'000'000);
    auto& own = *reader.add_operator_states();
    own.set_operator_("charges");
    own.set_bytes("own");
    *own.add_blobs() = store("what the operator keeps");
    stage_output(*manifest.mutable_tasks(0), id);
    return manifest;
  }

 private:
  struct Task {
    Task(TieredWorld& world, const TieredOptions& options, bool maps_first) : task(world, options) {
      KeyedState& state = **task.store().operator_state("book");
      timers = &state.timers();
      if (maps_first) declare_maps(state);
      accounts = *state.value({.name = "accounts",
                               .key_type = &type_info<AccountKey>(),
                               .value_type = &type_info<Account>()});
      seen = *state.value({.name = "seen",
                           .key_type = &type_info<AccountKey>(),
                           .value_type = &type_info<Posting>(),
                           .ttl = days(1)});
      if (!maps_first) declare_maps(state);
      EXPECT_TRUE(task.store().finish_restore().has_value());
    }
    void declare_maps(KeyedState& state) {
      postings = *state.map({.name = "postings",
                             .key_type = &type_info<AccountKey>(),
                             .value_type = &type_info<Posting>(),
                             .map_key_type = &type_info<Text>()});
      history = *state.map({.name = "history",
                            .key_type = &type_info<AccountKey>(),
                            .value_type = &type_info<Posting>()});
    }
    TieredTask task;
    ValueState* accounts = nullptr;
    MapState* postings = nullptr;
    MapState* history = nullptr;
    ValueState* seen = nullptr;
    TimerStore* timers = nullptr;
  };

  void change(std::string_view tenant, std::int32_t number, const auto& with) {
    const AccountKey account{.tenant = Text(tenant), .number = number};
    std::string bytes;
    KeyCodec(type_info<AccountKey>()).encode(&account, bytes);
    const std::uint64_t hash = xxh3_64(bytes);
    Task& task = *tasks_[key_group_of(hash, kKeyGroups).value / 4];
    with(task, StateKey{.hash = hash, .key = bytes, .name_space = {}});
    (void)task.task.store().maintain();
  }

  checkpoint::BlobRef store(std::string_view bytes) {
    const auto blob = world_.blobs().create("uid/lineage/1/1");
    EXPECT_TRUE((*blob)->append(bytes).has_value());
    return *(*blob)->finish();
  }

  void stage_output(checkpoint::TaskSnapshot& task, std::uint64_t epoch) {
    SegmentWriter writer({.uid = {1, 2}, .sink = "ledger", .number = {0}});
    EXPECT_TRUE(writer.add({.destination = "ledger/part", .value = "a line"}).has_value());
    const std::string bytes = writer.finish();
    auto& sink = *task.add_sinks();
    sink.set_sink("ledger");
    auto& unit = *sink.add_writers()->add_units();
    unit.set_epoch(epoch);
    auto& segment = *unit.add_segments();
    segment.set_records(1);
    segment.set_bytes(6);
    auto& piece = *segment.mutable_piece();
    *piece.mutable_blob() = store(bytes);
    piece.set_length(bytes.size());
    const Hash128 hash = xxh3_128(bytes);
    piece.set_hash_high(hash.high);
    piece.set_hash_low(hash.low);
  }

  TieredWorld& world_;
  std::vector<std::unique_ptr<Task>> tasks_;
};

// Something of everything, a part of it in bases and a part in deltas over them.
inline checkpoint::Manifest small_checkpoint(StoredJob& job, std::uint64_t id) {
  std::string window;
  append_ordered(window, parse_timestamp(StoredJob::kWindow)->micros);
  for (int i = 0; i < 6; ++i) {
    job.set_account("acme", i, {.owner = "owner", .balance = *parse_amount("1.10")});
    job.post("acme", i, "first", i);
    job.set_timer("acme", i, Timestamp{1'000'000 * i});
  }
  (void)job.checkpoint(1);
  job.fold();
  job.set_account("acme", 1, {.owner = "a new owner of it", .balance = *parse_amount("2")});
  job.set_account("acme", 1, {.owner = "within a window"}, window);
  job.clear_account("acme", 2);
  job.clear_postings("acme", 3);
  job.post("acme", 1, "second", -5);
  job.append("globex", 7, 10);
  job.append("globex", 7, 20);
  job.see("globex", 7, 30);
  return job.checkpoint(id);
}

}  // namespace tributary::testing_state
