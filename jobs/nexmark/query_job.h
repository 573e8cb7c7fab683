// jobs/nexmark/query_job.h
// A query as a job: its settings, the source "events", the view of bids, the query, the sink
// "results".
//
// Thread: the one that builds the graph.
#pragma once

#include <tributary/job.h>

#include "jobs/nexmark/core/event.h"
#include "jobs/nexmark/queries.h"
#include "jobs/nexmark/results.h"
#include "jobs/nexmark/settings.h"

namespace tributary::nexmark {

// Refuses settings that make no sense; true if it did.
bool refuse_settings(Job& job, const NexmarkSettings& settings);

// The rows of the table as they happen, from `spec`, with event time and a watermark that is 4 s
// behind it.
Stream<Event> events(Job& job, const SourceSpec<Event>& spec);
// Rows that the generator makes while the job runs.
SourceSpec<Event> generated_events(const NexmarkSettings& settings);
// The view `bid` of the table.
Stream<Bid> bids(const Stream<Event>& events);

template <Query kQuery>
void query_job(Job& job, const NexmarkSettings& settings) {
  if (refuse_settings(job, settings)) return;
  kQuery(bids(events(job, generated_events(settings))),
         Results(settings.output ? settings.output->str() : std::string()));
}

}  // namespace tributary::nexmark
