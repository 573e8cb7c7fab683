#include "operators/connectors/console_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tributary/console.h>

#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"

namespace tributary {
namespace {

using sample::Sale;

class ConsoleSinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<ConsoleSink> sink(std::uint64_t rows_max) {
    return std::make_unique<ConsoleSink>("sales", rows_max, type_info<Sale>(), [this](auto text) {
      shown += text;
      return Status{};
    });
  }
  BatchPtr batch(const std::vector<Sale>& sales) {
    BatchPtr made = context.pool().take(type_info<Sale>());
    for (const Sale& sale : sales) *static_cast<Sale*>(made->append({})) = sale;
    return made;
  }

  static Sale sale_of(Text tenant) {
    Sale sale;
    sale.tenant = tenant;
    return sale;
  }

  std::string shown;
  fake::Context context;
  fake::Output out{context.batches};
};

TEST_F(ConsoleSinkTest, AlignsColumnsAndPutsAmountsToTheRight) {
  auto to = sink(100);
  BatchPtr some =
      batch({{.tenant = "größer", .number = 7, .price = {Amount::kOne / 2}, .note = {}},
             {.tenant = "b", .number = 1234567, .price = {Amount::kOne * 10}, .note = Text("x")}});
  some->operations()[1] = Operation::kDelete;
  to->process(0, some, 0, out);
  EXPECT_EQ(shown,
            "sales\n"
            "  tenant   number  price  note\n"
            "  ------  -------  -----  ----\n"
            "  größer        7    0.5\n"
            "- b       1234567     10  x\n");
}

TEST_F(ConsoleSinkTest, CountsWhatItDoesNotShow) {
  auto to = sink(1);
  BatchPtr some = batch({sale_of("a"), sale_of("b"), sale_of("c")});
  to->process(0, some, 0, out);
  to->process(0, some, 0, out);
  EXPECT_TRUE(to->close(true));
  EXPECT_THAT(shown, ::testing::EndsWith("  a            0      0\n  … 5 more\n"));
}

TEST_F(ConsoleSinkTest, ShowsNothingThatATerminalWouldObey) {
  auto to = sink(10);
  const std::string lengthy(100, 'x');
  BatchPtr some = batch({sale_of("\x1b[2J\n\xC2\x9B"), sale_of(lengthy)});
  to->process(0, some, 0, out);
  EXPECT_THAT(shown, ::testing::HasSubstr("  ?[2J?? "));
  EXPECT_THAT(shown, ::testing::HasSubstr(std::string(60, 'x') + "… "));
}

TEST_F(ConsoleSinkTest, RunsAsOneTask) { EXPECT_EQ(console<Sale>("t", 5).untyped.parallelism, 1U); }

}  // namespace
}  // namespace tributary
