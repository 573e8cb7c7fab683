#include "base/csv.h"

#include <gtest/gtest.h>

#include "tests/base/sample_records.h"

namespace tributary {
namespace {

struct Charge {
  Text tenant = "nobody";
  Money billed;
  Amount rate;
  Timestamp start;
  sample::Status status = sample::Status::kNew;
  Optional<Text> note;
  Optional<std::int32_t> count;
  std::uint64_t big = 7;
  bool is_final = false;
};
TRIBUTARY_RECORD(Charge, tenant, billed, rate, start, status, note, count, big, is_final);

// Rows as "a|b", errors as their text.
std::vector<std::string> rows_of(CsvSplitter& splitter) {
  std::vector<std::string> rows;
  while (auto row = splitter.next()) {
    if (!*row) {
      rows.push_back(row->error().what());
      continue;
    }
    std::string text = fmt::format("{}:", (*row)->line);
    for (const CsvCell& cell : (*row)->cells)
      text += fmt::format("|{}{}", cell.is_quoted ? "q" : "", cell.text);
    rows.push_back(text);
  }
  return rows;
}

std::vector<std::string> split(std::string_view bytes, CsvOptions options = {}) {
  CsvSplitter splitter(options);
  splitter.feed(bytes);
  splitter.finish();
  return rows_of(splitter);
}

using Rows = std::vector<std::string>;

TEST(CsvSplitterTest, CutsRowsAndCells) {
  EXPECT_EQ(split("a,b\nc,\r\n,\n\n\r\n\"\"\nlast"),
            (Rows{"1:|a|b", "2:|c|", "3:||", "6:|q", "7:|last"}));
  EXPECT_EQ(split(""), Rows{});
  EXPECT_EQ(split("\xEF\xBB\xBF"
                  "a\n"),
            Rows{"1:|a"});
  EXPECT_EQ(split("a,"), Rows{"1:|a|"});
}

TEST(CsvSplitterTest, ReadsQuotesNewlinesAndSeparatorsWithinQuotes) {
  EXPECT_EQ(split("\"a,\"\"b\"\"\r\nc\",d\r\n\"x\"\r\n"), (Rows{"1:|qa,\"b\"\r\nc|d", "3:|qx"}));
  EXPECT_EQ(split("a;\"b;c\"", {.separator = ';'}), Rows{"1:|a|qb;c"});
}

TEST(CsvSplitterTest, GoesOnBehindAMalformedLine) {
  EXPECT_EQ(split("a\nb\"c,d\ne\n\"f\"g,\"\nh\n"),
            (Rows{"1:|a", "line 2, column 2: quote within a cell without quotes", "3:|e",
                  "line 4, column 4: text behind a closing quote", "5:|h"}));
}

TEST(CsvSplitterTest, AQuoteNeverClosedCostsOneLine) {
  EXPECT_EQ(split("a\nb,\"c\nd\ne\n"),
            (Rows{"1:|a", "line 2: quote is never closed", "3:|d", "4:|e"}));
  EXPECT_EQ(split("\"x\n"), Rows{"line 1: quote is never closed"});
  EXPECT_EQ(split("\"x"), Rows{"line 1: quote is never closed"});
}

TEST(CsvSplitterTest, LimitsRowsAndCells) {
  EXPECT_EQ(split("aaaaaaaaaaaaaaa\nb\n", {.row_bytes_max = 8}),
            (Rows{"line 1, column 8: row of more than 8 bytes", "2:|b"}));
  EXPECT_EQ(split("\"a\nb\nccccccccccc\nd\n", {.row_bytes_max = 8}),
            (Rows{"line 1: row of more than 8 bytes", "2:|b",
                  "line 3, column 8: row of more than 8 bytes", "4:|d"}));
  EXPECT_EQ(split("\"aaaaaaaaaaaaaaaaaaaaaaa", {.row_bytes_max = 8}),
            Rows{"line 1: row of more than 8 bytes"});
  EXPECT_EQ(split("a,b\na,b,c\nd\n", {.cells_max = 2}),
            (Rows{"1:|a|b", "line 2, column 5: too many cells", "3:|d"}));
}

TEST(CsvSplitterTest, FeedsMayBeCutAnywhere) {
  const std::string bytes =
      "\xEF\xBB\xBF"
      "a,\"b\r\n\"\"\"\r\nx\"y,\n\n,\"\"\r\nlast,\"z\"";
  const Rows whole = split(bytes);
  ASSERT_EQ(whole.size(), 4U);
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    CsvSplitter splitter;
    Rows rows;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      splitter.feed(std::string_view(bytes).substr(at, step));
      for (std::string& row : rows_of(splitter)) rows.push_back(row);
    }
    splitter.finish();
    for (std::string& row : rows_of(splitter)) rows.push_back(row);
    EXPECT_EQ(rows, whole) << step;
    EXPECT_EQ(splitter.consumed_bytes(), bytes.size());
  }
}

TEST(CsvSplitterTest, KnowsWhereARestartMayBegin) {
  CsvSplitter splitter;
  splitter.feed("a,b\nc,");
  ASSERT_TRUE(splitter.next());
  EXPECT_EQ(splitter.consumed_bytes(), 4U);
  EXPECT_FALSE(splitter.next());
  EXPECT_EQ(splitter.consumed_bytes(), 4U);
}

class CsvColumnsTest : public testing::Test {
 protected:
  // The second row of `text` by the header in its first.
  Result<Charge> read(std::string_view text, CsvReadOptions options = {}) {
    CsvSplitter splitter;
    splitter.feed(text);
    splitter.finish();
    const auto header = splitter.next();
    const auto columns =
        TRY(CsvColumns::from_header(type_info<Charge>(), (*header)->cells, options));
    const auto row = splitter.next();
    Charge charge;
    TRY(columns.read(**row, &charge, arena_));
    return charge;
  }
  std::string error_of(std::string_view text, CsvReadOptions options = {}) {
    const auto charge = read(text, options);
    return charge ? "none" : std::string(charge.error().what());
  }

  Arena arena_;
};

TEST_F(CsvColumnsTest, ReadsFieldsByTheHeader) {
  const auto charge = read(
      "start,ignored,tenant,billed,rate,count,is_final,status\n"
      "2026-09-01,x,acme,1.50 USD,0.1,-3,true,period_closed\n");
  ASSERT_TRUE(charge) << charge.error().to_string();
  EXPECT_EQ(charge->tenant, "acme");
  EXPECT_EQ(charge->billed, (Money{{Amount::kOne * 3 / 2}, *Currency::parse("USD")}));
  EXPECT_EQ(charge->count, -3);
  EXPECT_TRUE(charge->is_final);
  EXPECT_EQ(charge->status, sample::Status::kPeriodClosed);
  EXPECT_EQ(charge->big, 7U);
}

TEST_F(CsvColumnsTest, EmptyAndNullCellsTakeTheDefault) {
  const auto charge = read("tenant,note,count,big\n,NULL,,NULL\n");
  ASSERT_TRUE(charge) << charge.error().to_string();
  EXPECT_EQ(charge->tenant, "nobody");
  EXPECT_FALSE(charge->note.has_value());
  EXPECT_FALSE(charge->count.has_value());
  EXPECT_EQ(charge->big, 7U);
  const auto quoted = read("tenant,note\n\"\",\"NULL\"\n");
  EXPECT_EQ(quoted->tenant, "");
  EXPECT_EQ(*quoted->note, "NULL");
}

TEST_F(CsvColumnsTest, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("tenant,big\na,x\n"), "line 2, column big: 'x' is not an integer");
  EXPECT_EQ(error_of("tenant,big\na\n"), "line 2: 1 cells, the header has 2");
  EXPECT_EQ(error_of("big,big\n1,2\n"), "header: column 'big' comes twice");
  EXPECT_EQ(error_of("other\n1\n", {.refuse_unknown_columns = true}),
            "header: column 'other' is no field of Charge");
  EXPECT_EQ(error_of("tenant\na\n", {.require_all_fields = true}), "header: no column billed");
}

TEST_F(CsvColumnsTest, RandomRowsComeBack) {
  Random random(51);
  std::string text;
  write_csv_header(type_info<Charge>(), text);
  std::vector<Charge> written;
  for (int i = 0; i < 300; ++i) {
    written.push_back(sample::random_value<Charge>(random, arena_));
    write_csv_row(type_info<Charge>(), &written.back(), text);
  }
  CsvSplitter splitter;
  splitter.feed(text);
  splitter.finish();
  const auto header = splitter.next();
  const auto columns = CsvColumns::from_header(type_info<Charge>(), (*header)->cells);
  ASSERT_TRUE(columns);
  for (const Charge& expected : written) {
    const auto row = splitter.next();
    ASSERT_TRUE(row && *row);
    Charge read;
    const Status status = columns->read(**row, &read, arena_);
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_EQ(read, expected);
  }
  EXPECT_FALSE(splitter.next());
}

TEST(CsvSplitterTest, KnowsPlaceAndBytesOfEachRow) {
  const std::string_view text = "a,b\r\n\n1,\"x\ny\"\nbad\"one,2\r\n\"open,3\n4,5";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CsvSplitter splitter;
    std::string seen;
    const auto take = [&] {
      while (const auto row = splitter.next()) {
        seen += std::to_string(splitter.row_offset()) + "/" + std::to_string(splitter.row_line()) +
                (*row ? " " : " refused ") + std::string(splitter.row_text()) + ";";
      }
    };
    for (std::size_t at = 0; at < text.size(); at += piece) {
      splitter.feed(text.substr(at, piece));
      take();
    }
    splitter.finish();
    take();
    EXPECT_EQ(seen,
              "0/1 a,b;6/3 1,\"x\ny\";14/5 refused bad\"one,2;25/6 refused \"open,3;33/7 4,5;");
  }
}

struct OneNote {
  Optional<Text> note;
};
TRIBUTARY_RECORD(OneNote, note);
struct OneNumber {
  Optional<std::int32_t> number;
};
TRIBUTARY_RECORD(OneNumber, number);
struct OneCurrency {
  Currency currency = Currency::parse("EUR").value();
};
TRIBUTARY_RECORD(OneCurrency, currency);

// Written as a file with a header, and read again.
template <typename T>
std::vector<T> written_and_read(const std::vector<T>& values, Arena& arena) {
  std::string text;
  write_csv_header(type_info<T>(), text);
  for (const T& value : values) write_csv_row(type_info<T>(), &value, text);
  CsvSplitter splitter;
  splitter.feed(text);
  splitter.finish();
  const auto header = splitter.next();
  const auto columns = CsvColumns::from_header(type_info<T>(), (*header)->cells);
  std::vector<T> found;
  while (const auto row = splitter.next()) {
    EXPECT_TRUE(row->has_value()) << text;
    const Status read = columns->read(**row, &found.emplace_back(), arena);
    EXPECT_TRUE(read) << read.error().to_string();
  }
  return found;
}

TEST(CsvWriteTest, RowsOfOneEmptyCellComeBack) {
  Arena arena;
  const std::vector<OneNote> notes = {{}, {Text("")}, {Text("NULL")}, {Text("a")}, {}};
  EXPECT_EQ(written_and_read(notes, arena), notes);
  const std::vector<OneNumber> numbers = {{}, {7}, {}};
  EXPECT_EQ(written_and_read(numbers, arena), numbers);
  // No currency at all, where the record's default is another.
  const std::vector<OneCurrency> currencies = {{Currency{}}, {}};
  EXPECT_EQ(written_and_read(currencies, arena), currencies);
}

TEST(CsvWriteTest, WritesListsAsJsonAndRefusesToReadThem) {
  std::string text;
  const sample::Invoice invoice;
  write_csv_row(type_info<sample::Invoice>(), &invoice, text);
  EXPECT_NE(text.find(",[],[],{},"), std::string::npos) << text;
  const CsvCell header[] = {{"tags", false}};
  EXPECT_FALSE(CsvColumns::from_header(type_info<sample::Invoice>(), header));
}

}  // namespace
}  // namespace tributary
