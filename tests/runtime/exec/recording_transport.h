// tests/runtime/exec/recording_transport.h
// A transport between tasks of one thread: what is sent arrives at once in the channel's inbox, and
// is counted.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "runtime/exec/outbox.h"

namespace tributary::testing {

class RecordingTransport final : public ChannelTransport {
 public:
  explicit RecordingTransport(bool local = false) : local_(local) {}

  std::uint32_t add(Channel& channel) {
    channels_.push_back(&channel);
    notified.push_back(0);
    return static_cast<std::uint32_t>(channels_.size() - 1);
  }
  void send(std::uint32_t channel, const FrameHeader& header, BatchPtr batch) override {
    EXPECT_TRUE(local_ || !batch->shares_bytes()) << "bytes of another batch leave the slot";
    channels_[channel]->receiver_accept(header, std::move(batch));
  }
  void notify(std::uint32_t channel) override { ++notified[channel]; }
  bool is_local(std::uint32_t) const override { return local_; }

  std::vector<int> notified;

 private:
  bool local_;
  std::vector<Channel*> channels_;
};

}  // namespace tributary::testing
