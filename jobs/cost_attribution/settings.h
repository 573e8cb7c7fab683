// jobs/cost_attribution/settings.h
// The settings of the cost job, with their defaults: what `--config` and `--set` may say. The last
// group belongs to parts of the job that come later; they are known here so that they can be
// refused by name.
#pragma once

#include "base/list.h"
#include "base/optional.h"
#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary::cost {

// Folders of JSON lines instead of Kafka topics.
struct FilesSettings {
  Text dir = "./data";
  Duration watch;  // zero: read what is there and end; else follow new files and lines, looking
                   // this often
};
TRIBUTARY_RECORD(FilesSettings, dir, watch);

struct TopicsSettings {
  Text charges = "cost.charges";
  Text bulk = "cost.charges.bulk";
  Text commands = "cost.commands";
  Text lines = "cost.lines";
  Text hourly = "cost.hourly";
  Text control = "cost.control";
  Text dead_letters = "cost.deadletters";
  Optional<Text> telemetry;  // later
  Optional<Text> parked;     // later
};
TRIBUTARY_RECORD(TopicsSettings, charges, bulk, commands, lines, hourly, control, dead_letters,
                 telemetry, parked);

struct LimitsSettings {
  std::int64_t charges_per_key = 400'000;
};
TRIBUTARY_RECORD(LimitsSettings, charges_per_key);

struct KafkaSecurity {
  Text mechanism;
  Text username;
  Text password;
};
TRIBUTARY_RECORD(KafkaSecurity, mechanism, username, password);

struct KafkaSettings {
  Text brokers;
  Optional<KafkaSecurity> security;
};
TRIBUTARY_RECORD(KafkaSettings, brokers, security);

struct CheckpointSettings {
  Duration interval = seconds(1);
  bool skip_when_unchanged = true;
};
TRIBUTARY_RECORD(CheckpointSettings, interval, skip_when_unchanged);

struct CostSettings {
  Text job = "cost-attribution";
  FilesSettings files;
  TopicsSettings topics;
  Optional<Text> ledger_dir;  // default: <files.dir>/ledger; "none": no ledger files
  List<Text> provisional_sources;
  List<Text> tenants;  // empty: all
  std::int64_t bulk_rows_per_second = 20'000;
  Duration hourly_flush = seconds(1);
  std::int32_t retain_days = 100;
  LimitsSettings limits;
  // Later.
  Optional<KafkaSettings> kafka;
  Optional<Duration> allocation_flush;
  Optional<CheckpointSettings> checkpoint;
};
TRIBUTARY_RECORD(CostSettings, job, files, topics, ledger_dir, provisional_sources, tenants,
                 bulk_rows_per_second, hourly_flush, retain_days, limits, kafka, allocation_flush,
                 checkpoint);

}  // namespace tributary::cost
