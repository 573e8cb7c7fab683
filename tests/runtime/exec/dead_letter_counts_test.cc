#include "runtime/exec/dead_letter_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/exec/dead_letter.h"
#include "tests/runtime/exec/note.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Another record of the name, as a library that is not ours may have it.
namespace elsewhere {
struct DeadLetter {
  std::int64_t reason = 0;
};
TRIBUTARY_RECORD(DeadLetter, reason);
}  // namespace elsewhere

class DeadLetterCountsTest : public ::testing::Test {
 protected:
  void add(const std::vector<std::string>& reasons) {
    BatchPtr batch = pool_.take(type_info<DeadLetter>());
    for (const std::string& reason : reasons) {
      DeadLetter letter;
      letter.reason = Text(reason, batch->arena());
      *static_cast<DeadLetter*>(batch->append(Timestamp::min())) = letter;
    }
    counts_.add(*batch, metrics_);
  }

  BatchPool pool_;
  OperatorMetrics metrics_;
  DeadLetterCounts counts_;
};

TEST_F(DeadLetterCountsTest, CountsEachReasonOverAllBatches) {
  add({"MALFORMED_JSON", "MISSING_FIELD", "MALFORMED_JSON"});
  counts_.add(*notes(pool_, 0, 3), metrics_);
  add({"MALFORMED_JSON"});
  EXPECT_THAT(metrics_.named(), ElementsAre(Pair("dead_letters.MALFORMED_JSON", 3),
                                            Pair("dead_letters.MISSING_FIELD", 1)));
}

TEST_F(DeadLetterCountsTest, PassesOverRecordsOfOtherTypesAlsoOfTheSameName) {
  counts_.add(*notes(pool_, 0, 3), metrics_);
  BatchPtr batch = pool_.take(type_info<elsewhere::DeadLetter>());
  *static_cast<elsewhere::DeadLetter*>(batch->append(Timestamp::min())) = {.reason = 7};
  counts_.add(*batch, metrics_);
  EXPECT_THAT(metrics_.named(), IsEmpty());
}

TEST_F(DeadLetterCountsTest, CountsWhatGoesBeyondItsLimitsTogether) {
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < DeadLetterCounts::kReasonsMax + 5; ++i)
    reasons.push_back(fmt::format("REASON_{:03}", i));
  for (const std::string& reason : reasons) add({reason});
  add({std::string(300, 'x'), reasons.front()});
  const auto named = metrics_.named();
  EXPECT_EQ(named.size(), DeadLetterCounts::kReasonsMax + 1);
  EXPECT_EQ(named.at("dead_letters.OTHER"), 6);
  EXPECT_EQ(named.at("dead_letters.REASON_000"), 2);
}

}  // namespace
}  // namespace tributary::testing
