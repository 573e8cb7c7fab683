// checkpoint/inspect/task_contents.h
// All entries of one task's snapshot, in the order of their keys: its bases opened as one ordered
// store, its deltas in memory over them.
//
// Calls block. Thread: one at a time. Bases are never loaded: a cursor reads them piece by piece.
// The store lies in a folder of its own, made of links or copies; whoever gave the folder deletes
// it, after this.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "checkpoint/lsm.h"
#include "checkpoint/state_layers.h"
#include "checkpoint/state_snapshot.pb.h"

namespace tributary {

class TaskContents {
 public:
  // `folder` must not exist. Every blob that is read is verified; S4xx names the first that is not
  // what was written.
  static Result<TaskContents> open(const checkpoint::StateSnapshot& snapshot,
                                   const LayerPlaces& places, const std::string& folder);

  GroupRange groups() const { return groups_; }

 private:
  friend class ContentsCursor;
  TaskContents() = default;
  void apply(const DeltaRecord& record);
  bool is_hidden(std::string_view key) const;
  bool base_has_group_of(std::string_view key) const;

  GroupRange groups_;
  std::vector<GroupRange> base_groups_;  // of the base's files, only these count
  std::unique_ptr<Lsm> base_;            // null: there is none
  std::map<std::string, std::optional<std::string>, std::less<>> deltas_;  // nothing: deleted
  // What the base has under these is deleted. None begins with another one.
  std::set<std::string, std::less<>> deleted_prefixes_;
};

// Goes over [from, to); an empty `to` is the end. The contents must outlive it.
class ContentsCursor {
 public:
  ContentsCursor(const TaskContents& contents, std::string from, std::string to);

  // False at the end.
  Result<bool> next();
  // Valid until the next call.
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  using Entry = std::pair<std::string, std::string>;
  Status read_more();

  const TaskContents* contents_;
  std::string from_;  // what of the base was not read yet
  std::string to_;
  std::vector<Entry> read_;  // of the base
  std::size_t at_ = 0;       // in read_
  bool base_ended_;
  std::map<std::string, std::optional<std::string>, std::less<>>::const_iterator delta_;
  std::string key_;
  std::string value_;
};

}  // namespace tributary
