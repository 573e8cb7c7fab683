// The job of one query: compiled once for each, with NEXMARK_QUERY as its name.
#include "jobs/nexmark/query_job.h"

#define NEXMARK_TEXT(name) #name
#define NEXMARK_JOB_NAME(query) "nexmark-" NEXMARK_TEXT(query)

namespace tributary::nexmark {

TRIBUTARY_JOB(NEXMARK_JOB_NAME(NEXMARK_QUERY), query_job<&NEXMARK_QUERY>)

}  // namespace tributary::nexmark
