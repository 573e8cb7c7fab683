// tests/checkpoint/keyed_state_conformance.h
// What every implementation of checkpoint/keyed_state.h must do. Instantiate with a way to make an
// empty store:
//   INSTANTIATE_TEST_SUITE_P(Memory, KeyedStateConformance,
//   testing::Values(KeyedStateMaker{"memory", …}));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/list.h"
#include "base/money.h"
#include "base/optional.h"
#include "base/record.h"
#include "base/text.h"
#include "checkpoint/keyed_state.h"

namespace tributary::testing_state {

struct Tally {
  std::int64_t count = 0;
  std::int64_t sum = 7;
};
TRIBUTARY_RECORD(Tally, count, sum);

struct Part {
  Text label;
  std::int32_t weight = 0;
};
TRIBUTARY_RECORD(Part, label, weight);

struct Portrait {
  Text name;
  List<Part> parts;
  List<Text> words;
  Optional<Text> note;
};
TRIBUTARY_RECORD(Portrait, name, parts, words, note);

// A store and what happens to it from outside between two turns of its task.
class StateUnderTest {
 public:
  virtual ~StateUnderTest() = default;
  virtual KeyedState& state() = 0;
  // Eviction, I/O, a part of a sweep: nothing that anybody may notice.
  virtual void between_turns(std::mt19937&) {}
  // Whether there are snapshots.
  virtual bool takes_snapshots() const { return false; }
  // A barrier; may be called again only after finish().
  virtual void freeze() {}
  // Ends the snapshot of the last barrier; false if it was aborted.
  virtual bool finish(std::mt19937&) { return false; }
  // Crashes, and goes on from the last snapshot that was not aborted: state() is another one.
  virtual void restore(std::mt19937&) {}
};

struct KeyedStateMaker {
  std::string name;
  std::function<std::unique_ptr<StateUnderTest>()> make;
  std::uint32_t seeds = 8;  // of the random test
  friend std::ostream& operator<<(std::ostream& out, const KeyedStateMaker& maker) {
    return out << maker.name;
  }
};

class KeyedStateConformance : public testing::TestWithParam<KeyedStateMaker> {
 protected:
  KeyedStateConformance() : subject_(GetParam().make()), state_(&subject_->state()) {}

  ValueState& value(const std::string& name, const TypeInfo& type) {
    return **state_->value({.name = name, .value_type = &type});
  }
  MapState& map(const std::string& name, const TypeInfo& type) {
    return **state_->map({.name = name, .value_type = &type});
  }

  std::unique_ptr<StateUnderTest> subject_;
  KeyedState* state_;
};

// An address whose hash is the one that the engine would give the key.
StateKey address(std::string_view key, std::string_view name_space = {});

}  // namespace tributary::testing_state
