#include "tests/operators/durability/durable_job.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tributary/files.h>
#include <tributary/job.h>

#include "operators/job_builder.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace tributary::testing {
namespace {

using Json = nlohmann::json;

struct Sale {
  Text shop;
  std::int64_t units = 0;
  Timestamp time;
};
TRIBUTARY_RECORD(Sale, shop, units, time);

struct ShopTotal {
  Text shop;
  std::int64_t sales = 0;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(ShopTotal, shop, sales, units);

struct ShopHour {
  Text shop;
  Timestamp hour;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(ShopHour, shop, hour, units);

class RunningTotal : public KeyedProcess<Text, Sale, ShopTotal> {
 public:
  void on_record(const Sale& sale, Context& ctx) {
    total_.update([&](ShopTotal& total) {
      ++total.sales;
      total.units += sale.units;
    });
    ctx.emit({.shop = sale.shop, .sales = total_->sales, .units = total_->units});
  }

 private:
  Value<ShopTotal> total_ = value<ShopTotal>("total");
};

struct SumUnits {
  using Accumulator = ShopHour;
  void add(ShopHour& sum, const Sale& sale) { sum.units += sale.units; }
  ShopHour result(const Text& shop, const Window& window, const ShopHour& sum) {
    return {.shop = shop, .hour = window.start, .units = sum.units};
  }
};

// Where the job at hand reads and writes: its function may hold nothing.
struct Places {
  std::shared_ptr<FileSystem> files;
  std::string root;
  bool half = false;
};
Places places;

void shop_job(Job& job, const Settings&) {
  auto sales = job.source("sales", files<Sale>(places.root + "/in").file_system(places.files))
                   .event_time(&Sale::time, bounded_lateness(2h))
                   .rate_limit(2'000)
                   .on_bad_record(skip());
  sales.key_by(&Sale::shop)
      .process<RunningTotal>("totals")
      .sink("totals-out", files<ShopTotal>(places.root + "/totals").file_system(places.files));
  if (places.half) return;
  sales.key_by(&Sale::shop)
      .window(tumbling(1h), allowed_lateness(24h))
      .aggregate<SumUnits>("hours", emit(total))
      .sink("hours-out", files_upsert<ShopHour>(places.root + "/hours").file_system(places.files));
}

JobProgram make_shop_job(const std::shared_ptr<FileSystem>& files, const std::string& root,
                         bool half) {
  places = {files, root, half};
  Result<JobProgram> program = make_program("shops", &shop_job, Settings{});
  TRIBUTARY_CHECK(program.has_value(), "{}", program.error().to_string());
  return *std::move(program);
}

std::pair<std::uint64_t, std::string> by_epoch(const std::string& name) {
  return {std::stoull(name.substr(name.find('-', name.find('-') + 1) + 1)), name};
}

}  // namespace

// ---- the world ----

DurableWorld::DurableWorld(std::shared_ptr<FileSystem> files, std::string root)
    : files_(std::move(files)), root_(std::move(root)) {}

void DurableWorld::write_input(int files, int records) {
  ASSERT_TRUE(files_->make_directories(path("in")));
  for (int file = 0; file < files; ++file) {
    std::string text;
    for (int i = 0; i < records; ++i) {
      // A shop's sales are in one file, so that their order is one.
      const int day = i / 24;
      text += fmt::format(
                  R"({{"shop":"shop-{}-{}","units":{},"time":"2026-{:02}-{:02}T{:02}:15:00Z"}})",
                  file, i % 5, i + 1, 1 + day / 28, 1 + day % 28, i % 24) +
              "\n";
      if (i % 17 == 5) text += "no record\n";
    }
    ASSERT_TRUE(files_->replace_file(path(fmt::format("in/{}.jsonl", file)), text));
  }
  // The input was there long before the power goes.
  for (const std::string& folder : {path("in"), root_, std::string(".")})
    ASSERT_TRUE(files_->sync_directory(folder));
}

std::vector<std::string> DurableWorld::lines_of(const std::string& folder) {
  std::vector<std::string> lines;
  if (!*files_->exists(path(folder))) return lines;
  std::vector<std::string> names;
  const auto entries = files_->list(path(folder));
  for (const DirectoryEntry& entry : *entries)
    if (!entry.name.starts_with("_")) names.push_back(entry.name);
  if (folder != "in") std::ranges::sort(names, {}, by_epoch);
  for (const std::string& name : names) {
    const auto text = files_->read_whole_file(path(folder + "/" + name), 1 << 24);
    EXPECT_TRUE(text.has_value()) << (text ? "" : text.error().to_string());
    if (!text) continue;
    EXPECT_TRUE(text->ends_with('\n')) << name << " is not whole";
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      lines.push_back(text->substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

DurableOutput DurableWorld::read_output() {
  DurableOutput output;
  output.totals = lines_of("totals");
  std::ranges::sort(output.totals);
  for (const std::string& line : lines_of("hours"))
    output.hours[line.substr(0, line.find(",\"units\""))] = line;
  return output;
}

DurableOutput DurableWorld::expected() {
  DurableOutput output;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> totals;
  std::map<std::string, std::int64_t> hours;
  for (const std::string& line : lines_of("in")) {
    const Json sale = Json::parse(line, nullptr, false);
    if (sale.is_discarded()) continue;
    const auto units = sale["units"].get<std::int64_t>();
    const auto shop = sale["shop"].get<std::string>();
    auto& [count, sum] = totals[shop];
    output.totals.push_back(
        fmt::format(R"({{"shop":"{}","sales":{},"units":{}}})", shop, ++count, sum += units));
    const std::string hour = sale["time"].get<std::string>().replace(14, 2, "00");
    hours[fmt::format(R"({{"shop":"{}","hour":"{}")", shop, hour)] += units;
  }
  std::ranges::sort(output.totals);
  for (const auto& [window, units] : hours)
    output.hours[window] = fmt::format(R"({},"units":{}}})", window, units);
  return output;
}

std::string DurableWorld::difference(const DurableOutput& expected) {
  const DurableOutput found = read_output();
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::ranges::set_difference(expected.totals, found.totals, std::back_inserter(missing));
  std::ranges::set_difference(found.totals, expected.totals, std::back_inserter(extra));
  std::string text;
  if (!missing.empty()) text += fmt::format("{} missing, e.g. {}\n", missing.size(), missing[0]);
  if (!extra.empty()) text += fmt::format("{} too many, e.g. {}\n", extra.size(), extra[0]);
  if (found.hours != expected.hours) text += "other windows\n";
  return text;
}

bool DurableWorld::has_finished() {
  JobFolder folder(*files_, path("state"), random_);
  const auto found = folder.metadata().get(JobFolder::kRecordKey);
  cluster::JobRecord record;
  return found && *found && record.ParseFromString((*found)->bytes) &&
         record.phase() == cluster::FINISHED;
}

std::string reasons_of(const std::vector<Error>& errors) {
  std::string text;
  for (const Error& error : errors) text += error.to_string() + "\n";
  return text;
}

// ---- one attempt ----

DurableAttempt::DurableAttempt(DurableWorld& world, const DurableOptions& options)
    : world_(world),
      random_(options.seed),
      folder_(world.files(), world.path("state"), world.random_),
      lsm_(world.files()),
      program_(make_shop_job(world.files_, world.root_, options.half)),
      plan_(*graph::plan(program_.graph, {.slots = options.slots})),
      io_(options.seed),
      executor_(world.clock_, options.seed) {}

std::expected<std::unique_ptr<DurableAttempt>, std::vector<Error>> DurableAttempt::open(
    DurableWorld& world, const DurableOptions& options) {
  std::unique_ptr<DurableAttempt> attempt(new DurableAttempt(world, options));
  auto opened = open_job(
      {.folder = &attempt->folder_,
       .clock = &world.clock_,
       .io = &attempt->io_,
       .lsm = &attempt->lsm_,
       .program = &attempt->program_,
       .plan = &attempt->plan_,
       .shown_graph = graph::serialize(attempt->program_.graph),
       .engine_version = "test",
       .interval = options.interval,
       .retained = options.retained,
       .memory_bytes = std::size_t{16} << 20,
       .base_bytes_min = options.base_bytes_min,
       .renewal_bytes_max = options.seed % 2 == 0 ? SnapshotServices{}.renewal_bytes_max : 0,
       .from = options.from,
       .fork = options.fork,
       .drop_state = {}});
  if (!opened) return std::unexpected(std::move(opened).error());
  attempt->opened_ = std::make_shared<OpenedJob>(*std::move(opened));
  LocalJob::Options job;
  job.execution.clock = &world.clock_;
  // Small batches: many places at which a barrier may come.
  job.execution.batch_bytes = 512;
  job.opened = attempt->opened_;
  attempt->job_ = std::make_unique<LocalJob>(attempt->program_, attempt->plan_, std::move(job));
  attempt->job_->start(attempt->executor_);
  return attempt;
}

// The engine's threads never leave in the middle, so they are told to; whoever wants to see a crash
// has turned the files off before.
DurableAttempt::~DurableAttempt() {
  if (job_ == nullptr || job_->over()) return;
  io_held_ = false;
  job_->cancel();
  for (int i = 0; i < 100'000 && !job_->over(); ++i) step();
  executor_.run_until_idle();
}

void DurableAttempt::step() {
  const bool may_io = io_.waiting() > 0 && !io_held_;
  if (may_io && random_.chance(1, 3)) {
    io_.run_one();
    return;
  }
  if (executor_.step_one()) return;
  if (may_io) {
    io_.run_one();
    return;
  }
  const std::int64_t next = executor_.next_deadline_nanos();
  const std::int64_t now = world_.clock_.monotonic_nanos();
  world_.clock_.advance_to_nanos(next == INT64_MAX ? now + 1'000'000 : std::max(next, now + 1));
}

bool DurableAttempt::run_for(Duration time) {
  const Timestamp end = world_.clock_.now() + time;
  return run([&] { return world_.clock_.now() >= end; });
}

bool DurableAttempt::run(const std::function<bool()>& until) {
  constexpr int kStepsMax = 5'000'000;
  for (int i = 0; i < kStepsMax; ++i) {
    if (job_->over() || until()) return true;
    step();
  }
  return false;
}

}  // namespace tributary::testing
