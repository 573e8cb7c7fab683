#include "operators/connectors/generator.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"

namespace tributary {
namespace {

using sample::Sale;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SourceSpec<Sale> sales_of(const GenerateOptions& options) {
  return generate<Sale>(
      [](std::uint64_t number, GenerateContext& ctx) {
        return Sale{.tenant = ctx.text(fmt::format("a long tenant name {}", number % 7)),
                    .number = static_cast<std::int64_t>(number),
                    .price = {},
                    .note = {}};
      },
      options);
}

class GeneratorTest : public ::testing::Test {
 protected:
  std::unique_ptr<SourceReader> reader(const SourceSpec<Sale>& spec,
                                       const std::vector<Split>& splits) {
    auto made = spec.untyped.make_reader();
    EXPECT_TRUE(made->open(context));
    for (const Split& split : splits) EXPECT_TRUE(made->add_split(split));
    return made;
  }
  std::vector<Split> splits_of(const SourceSpec<Sale>& spec) {
    return *spec.untyped.make_lister()->list();
  }
  ReadResult drain(SourceReader& from) {
    while (true) {
      const auto read = from.read(out);
      EXPECT_TRUE(read) << read.error().what();
      if (!read || read->state != ReadState::kMore) return read.value_or(ReadResult{});
    }
  }
  std::multiset<std::string> taken() {
    std::multiset<std::string> all(out.records.begin(), out.records.end());
    out.records.clear();
    return all;
  }

  fake::Context context;
  fake::Output out{context.batches};
};

TEST_F(GeneratorTest, MakesEachNumberOnceWhateverTheSplits) {
  std::multiset<std::string> first;
  for (const std::uint32_t splits : {1U, 3U, 16U, 5000U}) {
    const auto spec = sales_of({.count = 2500, .rate = 0, .splits = splits});
    EXPECT_TRUE(spec.untyped.bounded);
    auto all = reader(spec, splits_of(spec));
    EXPECT_FALSE(all->caught_up());
    EXPECT_EQ(drain(*all).state, ReadState::kEnd);
    EXPECT_TRUE(all->caught_up());
    auto records = taken();
    ASSERT_THAT(records, SizeIs(2500));
    if (first.empty()) first = records;
    EXPECT_EQ(records, first);
  }
}

TEST_F(GeneratorTest, GoesOnFromItsPositions) {
  const auto spec = sales_of({.count = 5000, .rate = 0, .splits = 4});
  auto whole = reader(spec, splits_of(spec));
  drain(*whole);
  const auto all = taken();
  auto part = reader(spec, splits_of(spec));
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(part->read(out));
  auto rest = reader(spec, part->positions());
  drain(*rest);
  EXPECT_EQ(taken(), all);
}

TEST_F(GeneratorTest, KeepsItsRateWhateverTheSplits) {
  for (const std::uint32_t splits : {1U, 4U, 7U}) {
    out.records.clear();
    const auto spec = sales_of({.count = 0, .rate = 1000, .splits = splits});
    EXPECT_FALSE(spec.untyped.bounded);
    auto paced = reader(spec, splits_of(spec));
    auto read = drain(*paced);
    ASSERT_EQ(read.state, ReadState::kIdle);
    EXPECT_THAT(out.records, SizeIs(1));
    EXPECT_EQ(read.retry_at, context.manual_clock.now() + milliseconds(1));
    context.manual_clock.advance(milliseconds(499));
    drain(*paced);
    EXPECT_THAT(out.records, SizeIs(500));
    // A restart begins at the present, not with what would have been due meanwhile.
    context.manual_clock.advance(seconds(100));
    auto restarted = reader(spec, paced->positions());
    drain(*restarted);
    EXPECT_LE(out.records.size(), 500U + splits);
  }
}

TEST_F(GeneratorTest, UnboundedHasNothingToCatchUpWith) {
  const auto spec = sales_of({.count = 0, .rate = 0, .splits = 2});
  auto endless = reader(spec, splits_of(spec));
  EXPECT_TRUE(endless->caught_up());
  EXPECT_EQ(endless->backlog(), -1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(endless->read(out)->state, ReadState::kMore);
  EXPECT_TRUE(std::ranges::is_sorted(out.splits) == false) << "splits take turns";
}

TEST_F(GeneratorTest, SaysAtWhichNumberTheFunctionFailed) {
  const auto spec = generate<Sale>(
      [](std::uint64_t number) -> Sale {
        if (number == 3) throw std::runtime_error("out of ideas");
        return {};
      },
      {.count = 10, .rate = 0, .splits = 1});
  auto broken = reader(spec, splits_of(spec));
  const auto read = broken->read(out);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::P801);
  EXPECT_THAT(read.error().what(), HasSubstr("number 3: out of ideas"));
}

TEST_F(GeneratorTest, RefusesSplitsOfAnotherNumberOfSplits) {
  const auto spec = sales_of({.count = 100, .rate = 0, .splits = 4});
  auto made = spec.untyped.make_reader();
  ASSERT_TRUE(made->open(context));
  EXPECT_FALSE(made->add_split({.id = "numbers-0000000001-of-8"}));
  EXPECT_FALSE(made->add_split({.id = "in.jsonl"}));
}

}  // namespace
}  // namespace tributary
