#include "jobs/nexmark/query_job.h"

#include <memory>
#include <string>

#include <tributary/generator.h>

namespace tributary::nexmark {

bool refuse_settings(Job& job, const NexmarkSettings& settings) {
  bool refused = false;
  const auto refuse = [&](bool wrong, const char* why) {
    if (wrong) job.refuse(std::string(why));
    refused |= wrong;
  };
  refuse(settings.events < 0 || settings.rate < 0, "settings events and rate: expected 0 or more");
  refuse(settings.key_count < 1, "setting key_count: expected at least 1");
  refuse(settings.zipf_hundredths < 1 || settings.zipf_hundredths > 1'000,
         "setting zipf_hundredths: expected 1 to 1000");
  refuse(settings.events_per_second < 1 || settings.events_per_second > 1'000'000'000,
         "setting events_per_second: expected 1 to 1000000000");
  // Else numbers would be left out or come twice, or events be later than the watermark allows.
  refuse(settings.out_of_order_group < 1 ||
             settings.out_of_order_group % static_cast<std::int64_t>(Generator::kShuffleStep) == 0,
         "setting out_of_order_group: expected at least 1, and no multiple of 953");
  refuse((settings.out_of_order_group - 1) / 4 >= settings.events_per_second,
         "setting out_of_order_group: expected at most 4 s of event time");
  refuse(settings.out_of_order_group > 1 && settings.events % settings.out_of_order_group != 0,
         "setting events: expected a multiple of out_of_order_group");
  return refused;
}

Stream<Event> events(Job& job, const SourceSpec<Event>& spec) {
  return job.source("events", spec).event_time(&time_of, bounded_lateness(4s));
}

SourceSpec<Event> generated_events(const NexmarkSettings& settings) {
  const auto generator = std::make_shared<const Generator>(GeneratorOptions{
      .seed = settings.seed,
      .keys = settings.keys,
      .key_count = static_cast<std::uint64_t>(settings.key_count),
      .zipf_exponent = static_cast<double>(settings.zipf_hundredths) / 100,
      .events_per_second = settings.events_per_second,
      .out_of_order_group = static_cast<std::uint64_t>(settings.out_of_order_group)});
  return generate<Event>(
      [generator](std::uint64_t position, GenerateContext& context) {
        return generator->event(generator->number_at(position), context.arena());
      },
      {.count = static_cast<std::uint64_t>(settings.events),
       .rate = static_cast<std::uint64_t>(settings.rate)});
}

Stream<Bid> bids(const Stream<Event>& events) {
  return events
      .flat_map<Bid>([](const Event& event, Collector<Bid>& out) {
        if (event.bid) out.emit(*event.bid);
      })
      .named("bid");
}

}  // namespace tributary::nexmark
