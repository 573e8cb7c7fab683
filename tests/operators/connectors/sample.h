// tests/operators/connectors/sample.h
// A small record, and helpers that write files for the tests of the connectors.
#pragma once

#include <string>
#include <string_view>
#include <zlib.h>

#include <gtest/gtest.h>

#include "base/file_system.h"
#include "base/record.h"

namespace tributary::sample {

struct Sale {
  Text tenant;
  std::int64_t number = 0;
  Amount price;
  Optional<Text> note;
};
TRIBUTARY_RECORD(Sale, tenant, number, price, note);

inline std::string sale(int number) {
  return R"({"tenant":"acme","number":)" + std::to_string(number) + R"(,"price":"1.5"})";
}

inline std::string sales(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += sale(i) + "\n";
  return text;
}

inline void write_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  ASSERT_TRUE(files.make_directories(parent_directory(path)));
  auto file = files.create(path);
  ASSERT_TRUE(file) << file.error().what();
  ASSERT_TRUE((*file)->append(bytes));
  ASSERT_TRUE((*file)->close());
}

inline void append_to_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.append(path);
  ASSERT_TRUE(file) << file.error().what();
  ASSERT_TRUE((*file)->append(bytes));
  ASSERT_TRUE((*file)->close());
}

inline std::string read_file(FileSystem& files, const std::string& path) {
  auto bytes = files.read_whole_file(path, 64 << 20);
  return bytes ? *bytes : bytes.error().what();
}

inline std::string gzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace tributary::sample
