#include "base/file_format.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(FileFormatTest, TakesTheNamesOfTheFormatPlainOrGzip) {
  for (const char* name : {"a.jsonl", "a.json", "a.ndjson", "a.jsonl.gz", "a.json.gz", "a.b.jsonl",
                           "tmp.jsonl", "a.tmp.jsonl"}) {
    EXPECT_TRUE(holds_records(name, FileFormat::kJsonLines)) << name;
    EXPECT_TRUE(holds_records(name, FileFormat::kRawLines)) << name;
    EXPECT_FALSE(holds_records(name, FileFormat::kCsv)) << name;
  }
  for (const char* name : {"a.log", "a.log.gz"}) {
    EXPECT_TRUE(holds_records(name, FileFormat::kRawLines)) << name;
    EXPECT_FALSE(holds_records(name, FileFormat::kJsonLines)) << name;
  }
  EXPECT_TRUE(holds_records("a.csv.gz", FileFormat::kCsv));
}

TEST(FileFormatTest, LeavesUnfinishedAndForeignFilesAlone) {
  for (const char* name : {".a.jsonl", "_a.jsonl", "a.jsonl.tmp", "a.jsonl.17.tmp", "_a.jsonl.gz",
                           "a.txt", "a.jsonl.zst", "a.gz", "jsonl", "", "README.md"}) {
    for (const FileFormat format :
         {FileFormat::kJsonLines, FileFormat::kCsv, FileFormat::kRawLines}) {
      EXPECT_FALSE(holds_records(name, format)) << name;
    }
  }
}

}  // namespace
}  // namespace tributary
