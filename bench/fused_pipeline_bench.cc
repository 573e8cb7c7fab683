// What a chain of six fused operators costs against a loop written by hand over the same functions:
// map, filter, map to another type, flat_map (1.25 out of each), filter, sink. Metering is on; one
// slot; the source makes its records from their numbers the same way in both. Records of 40 bytes
// of numbers, of three Texts, and numbers out of JSON lines.
#include <array>
#include <memory>
#include <simdjson.h>
#include <string>
#include <vector>

#include <tributary/generator.h>

#include "bench/harness.h"
#include "bench/job_run.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t kTable = 4096;  // texts and lines that the sources go round

std::uint64_t mixed(std::uint64_t n) {
  n = (n ^ (n >> 31)) * 0x9E3779B97F4A7C15;
  return n ^ (n >> 29);
}

// ---- numbers ----

struct Reading {
  std::int64_t key = 0;
  std::int64_t kind = 0;
  std::int64_t value = 0;
  std::int64_t weight = 0;
  std::int64_t at = 0;
};
TRIBUTARY_RECORD(Reading, key, kind, value, weight, at);

struct Priced {
  std::int64_t key = 0;
  std::int64_t cents = 0;
  std::int64_t weight = 0;
  std::int64_t part = 0;
  std::int64_t at = 0;
};
TRIBUTARY_RECORD(Priced, key, cents, weight, part, at);

struct Weigh {
  Reading operator()(const Reading& in) const {
    Reading out = in;
    out.value = in.value * 3 + in.weight;
    return out;
  }
};
struct IsBilled {
  bool operator()(const Reading& in) const { return (in.kind & 7) != 0; }
};
struct Price {
  Priced operator()(const Reading& in) const {
    return {
        .key = in.key, .cents = in.value * in.weight, .weight = in.weight, .part = 0, .at = in.at};
  }
};
struct Split {
  template <typename Out>
  void operator()(const Priced& in, Out& out) const {
    out.emit(in);
    if ((in.key & 3) == 0) {
      Priced second = in;
      second.part = 1;
      out.emit(second);
    }
  }
};
struct IsDear {
  bool operator()(const Priced& in) const { return (in.cents & 15) != 3; }
};
std::uint64_t sum_of(const Priced& in) {
  return static_cast<std::uint64_t>(in.cents + in.part + in.key * in.weight + in.at);
}

Reading reading(std::uint64_t n) {
  const std::uint64_t bits = mixed(n + 1);
  return {.key = static_cast<std::int64_t>(bits & 0xFFFF),
          .kind = static_cast<std::int64_t>((bits >> 16) & 0xFF),
          .value = static_cast<std::int64_t>((bits >> 24) & 0xFFFF),
          .weight = static_cast<std::int64_t>((bits >> 40) & 0xFF),
          .at = static_cast<std::int64_t>(n)};
}

const std::vector<Reading>& readings() {
  static const std::vector<Reading> table = [] {
    std::vector<Reading> made;
    for (std::uint64_t n = 0; n < kTable; ++n) made.push_back(reading(n));
    return made;
  }();
  return table;
}

// The six operators, called one after the other. `Adding` is the hand-written face of the
// collector.
struct Adding {
  std::uint64_t& sum;
  void emit(const Priced& priced) {
    if (IsDear{}(priced)) sum += sum_of(priced);
  }
};
inline void by_hand(const Reading& made, std::uint64_t& sum) {
  const Reading weighed = Weigh{}(made);
  if (!IsBilled{}(weighed)) return;
  Adding adding{sum};
  Split{}(Price{}(weighed), adding);
}

struct SplitStream {
  void operator()(const Priced& in, Collector<Priced>& out) const { Split{}(in, out); }
};
template <typename Readings>
void add_chain(const Readings& readings_stream, const Sum& sum) {
  readings_stream.map(Weigh{})
      .filter(IsBilled{})
      .map(Price{})
      .flat_map(SplitStream{})
      .filter(IsDear{})
      .sink("sum", sum_sink<Priced, &sum_of>(sum));
}

Work run(const JobProgram& program, const Sum& sum, std::uint64_t records) {
  sum->store(0);
  run_to_end(program, 1);
  return {.records = records, .checksum = sum->load()};
}

void numbers(Harness& harness) {
  const std::uint64_t count = harness.number("records", 20'000'000);
  const auto hand = [&] {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < count; ++n) by_hand(reading(n), sum);
    return Work{.records = count, .checksum = sum};
  };
  const Sum sum = std::make_shared<std::atomic<std::uint64_t>>(0);
  const JobProgram program = program_of([&](Job& job) {
    add_chain(job.source("readings", generate<Reading>([](std::uint64_t n) { return reading(n); },
                                                       {.count = count, .splits = 1})),
              sum);
  });
  harness.compare(
      {.name = "fused, numbers of 40 B",
       .variants = {{"by hand", hand}, {"chain", [&] { return run(program, sum, count); }}},
       .aim = 0.7});
}

// ---- texts ----

struct Usage {
  Text account;
  Text service;
  Text resource;
};
TRIBUTARY_RECORD(Usage, account, service, resource);

struct Labelled {
  Text account;
  Text label;
  Text resource;
};
TRIBUTARY_RECORD(Labelled, account, label, resource);

struct DropPrefix {
  Usage operator()(const Usage& in) const {
    return {.account = in.account.view().substr(4), .service = in.service, .resource = in.resource};
  }
};
struct IsKnown {
  bool operator()(const Usage& in) const { return in.service.view().back() != '0'; }
};
struct Label {
  Labelled operator()(const Usage& in) const {
    return {.account = in.account, .label = in.service, .resource = in.resource};
  }
};
struct Repeat {
  template <typename Out>
  void operator()(const Labelled& in, Out& out) const {
    out.emit(in);
    if ((in.resource.view().back() & 3) == 0)
      out.emit({.account = in.account, .label = in.account, .resource = in.resource});
  }
};
struct IsOurs {
  bool operator()(const Labelled& in) const { return in.account.view()[0] != 'x'; }
};
std::uint64_t text_sum(const Labelled& in) {
  return in.label.size() + static_cast<unsigned char>(in.label.view().back()) * in.resource.size() +
         static_cast<unsigned char>(in.account.view().front());
}

struct UsageText {
  std::string account;
  std::string service;
  std::string resource;
};
const std::vector<UsageText>& usages() {
  static const std::vector<UsageText> table = [] {
    std::vector<UsageText> made;
    for (std::uint64_t n = 0; n < kTable; ++n) {
      const std::uint64_t bits = mixed(n + 1);
      made.push_back(
          {.account = fmt::format("acc-{:016}", bits % 1'000'000),
           .service = fmt::format("service-number-{:03}", bits % 777),
           .resource = fmt::format("arn:bench:region-{}:thing/{:012x}", bits % 9, bits)});
    }
    return made;
  }();
  return table;
}

void texts(Harness& harness) {
  const std::uint64_t count = harness.number("text_records", 8'000'000);
  const UsageText* table = usages().data();
  const auto made = [table](std::uint64_t n, Arena& arena) {
    const UsageText& text = table[n % kTable];
    return Usage{.account = Text(text.account, arena),
                 .service = Text(text.service, arena),
                 .resource = Text(text.resource, arena)};
  };
  const auto hand = [&] {
    struct Out {
      std::uint64_t sum = 0;
      void emit(const Labelled& in) {
        if (IsOurs{}(in)) sum += text_sum(in);
      }
    } out;
    Arena arena;
    for (std::uint64_t n = 0; n < count; ++n) {
      if (n % 256 == 0) arena.reset();
      const Usage usage = DropPrefix{}(made(n, arena));
      if (IsKnown{}(usage)) Repeat{}(Label{}(usage), out);
    }
    return Work{.records = count, .checksum = out.sum};
  };
  const Sum sum = std::make_shared<std::atomic<std::uint64_t>>(0);
  const JobProgram program = program_of([&](Job& job) {
    job.source("usage",
               generate<Usage>(
                   [made](std::uint64_t n, GenerateContext& ctx) { return made(n, ctx.arena()); },
                   {.count = count, .splits = 1}))
        .map(DropPrefix{})
        .filter(IsKnown{})
        .map(Label{})
        .flat_map([](const Labelled& in, Collector<Labelled>& out) { Repeat{}(in, out); })
        .filter(IsOurs{})
        .sink("sum", sum_sink<Labelled, &text_sum>(sum));
  });
  harness.compare(
      {.name = "fused, three Texts",
       .variants = {{"by hand", hand}, {"chain", [&] { return run(program, sum, count); }}},
       .aim = 0.7});
}

// ---- JSON in front ----

struct JsonLine {
  Text bytes;
};
TRIBUTARY_RECORD(JsonLine, bytes);

// Reads a line whose bytes are followed by simdjson's padding. Each copy has a parser of its own.
class ParseReading {
 public:
  ParseReading() = default;
  ParseReading(const ParseReading&) {}
  ParseReading& operator=(const ParseReading&) = delete;

  Reading operator()(const JsonLine& line) {
    const std::string_view bytes = line.bytes;
    simdjson::ondemand::document document =
        parser_.iterate(bytes.data(), bytes.size(), bytes.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::object object = document.get_object();
    Reading reading;
    reading.key = object["key"].get_int64();
    reading.kind = object["kind"].get_int64();
    reading.value = object["value"].get_int64();
    reading.weight = object["weight"].get_int64();
    reading.at = object["at"].get_int64();
    return reading;
  }

 private:
  simdjson::ondemand::parser parser_;
};

const std::vector<std::string>& lines() {
  static const std::vector<std::string> table = [] {
    std::vector<std::string> made;
    for (const Reading& r : readings()) {
      made.push_back(fmt::format(
          R"({{"key":{},"kind":{},"value":{},"weight":{},"at":{},"unit":"GB-Hours","region":"eu-central-1"}})",
          r.key, r.kind, r.value, r.weight, r.at));
      made.back().reserve(made.back().size() + simdjson::SIMDJSON_PADDING);
    }
    return made;
  }();
  return table;
}

void json(Harness& harness) {
  const std::uint64_t count = harness.number("json_records", 3'000'000);
  const std::string* table = lines().data();
  const auto hand = [&] {
    std::uint64_t sum = 0;
    ParseReading parse;
    for (std::uint64_t n = 0; n < count; ++n)
      by_hand(parse(JsonLine{.bytes = table[n % kTable]}), sum);
    return Work{.records = count, .checksum = sum};
  };
  const Sum sum = std::make_shared<std::atomic<std::uint64_t>>(0);
  const JobProgram program = program_of([&](Job& job) {
    add_chain(job.source("lines", generate<JsonLine>(
                                      [table](std::uint64_t n) {
                                        return JsonLine{.bytes = table[n % kTable]};
                                      },
                                      {.count = count, .splits = 1}))
                  .map(ParseReading{}),
              sum);
  });
  harness.compare(
      {.name = "fused, JSON in front",
       .variants = {{"by hand", hand}, {"chain", [&] { return run(program, sum, count); }}},
       .aim = 0.95});
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  Harness harness(argc, argv);
  numbers(harness);
  texts(harness);
  json(harness);
  return harness.finish();
}
