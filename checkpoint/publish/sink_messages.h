// checkpoint/publish/sink_messages.h
// What the coordinator's part of a sink and the owners of its writer numbers say to each other.
//
// Every message bears the ownership round; words of another round are ignored. Messages may be
// lost, late, repeated and reordered: each says a whole fact, and both sides say it again until it
// is answered. Thread: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/error.h"
#include "checkpoint/publish/sink_connector.h"

namespace tributary {

// ---- owner to coordinator ----
struct AskLease {
  std::int64_t asked_nanos = 0;  // the asker's monotonic clock; comes back in the answer
};
struct AllFenced {};  // every number of this owner is fenced in this round
struct MarksFound {   // answers ReadMarks
  MarksRead read;
};
// Everything <= epoch that this owner holds is out, start marks included.
struct PublishedThrough {
  Epoch epoch;
};
struct SinkBlocked {
  WriterNumber number;
  Epoch epoch;
  Error error;
};
struct SinkUnblocked {
  WriterNumber number;
};
// The current epoch has reached its soft cap (rule 9).
struct AskCheckpoint {};
// The job cannot go on: hanging transaction, damaged blob. Never a guess.
struct SinkFailed {
  Error error;
};
using OwnerReport = std::variant<AskLease, AllFenced, MarksFound, PublishedThrough, SinkBlocked,
                                 SinkUnblocked, AskCheckpoint, SinkFailed>;

// ---- coordinator to owner ----
struct LeaseAnswer {
  std::int64_t asked_nanos = 0;
  bool granted = false;
};
// To one owner: all numbers of the sink are fenced; read all marks, from here.
struct ReadMarks {
  MarkPosition from;
};
struct MarksKnown {
  MarksRead read;
};
// Publish what is <= completed and <= gate. Sent again at least every interval.
struct PublishOrder {
  Epoch completed;
  Epoch gate;  // what is inherited up to here is drained first, by everybody (rule 8)
};
struct RetryBlocked {};  // the verb `sink retry`
struct SkipEpoch {       // the verb `sink skip-epoch --to-dead-letter`
  WriterNumber number;
  Epoch epoch;
};
using OwnerOrder =
    std::variant<LeaseAnswer, ReadMarks, MarksKnown, PublishOrder, RetryBlocked, SkipEpoch>;

}  // namespace tributary
