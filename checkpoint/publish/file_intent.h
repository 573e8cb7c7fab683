// checkpoint/publish/file_intent.h
// The bytes of <sequence>.intent: what one part of a file sink renames, and the mark that it
// commits; and of .done, which is the mark alone (docs/formats/staged-output.md).
//
// Thread: values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/publish/mark.h"
#include "checkpoint/publish/staged_file.h"

namespace tributary {

struct FileIntent {
  struct Rename {
    StagedFile from;
    std::string to;
    friend bool operator==(const Rename&, const Rename&) = default;
  };
  Mark mark;
  std::vector<Rename> renames;
  friend bool operator==(const FileIntent&, const FileIntent&) = default;
};

// With a checksum: a file that was cut is no intent.
std::string encode_intent(const FileIntent& intent);
Result<FileIntent> decode_intent(std::string_view bytes);  // S472
std::string encode_done(const Mark& mark);
Result<Mark> decode_done(std::string_view bytes);  // S472

}  // namespace tributary
