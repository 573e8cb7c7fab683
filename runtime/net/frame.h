// runtime/net/frame.h
// The identities that every transport shares: which channel a frame belongs to, its place in the
// channel, and the routing table it was sent under. In-process rings carry the header beside a
// batch pointer; on the wire it precedes at most 64 KiB of encoded batch (docs/formats/frame.md).
//
// Invariant: channel ids are new in every attempt; a frame of an unknown id is dropped and counted
// (protocol rule 53).
#pragma once

#include <compare>
#include <cstdint>

namespace tributary {

// attempt (20 bits) | exchange (16) | sending task (14) | receiving task (14).
struct ChannelId {
  std::uint64_t value = 0;

  static constexpr std::uint32_t kMaxTasks = 1U << 14;
  static constexpr ChannelId make(std::uint32_t attempt, std::uint32_t exchange, std::uint32_t from,
                                  std::uint32_t to) {
    return {(std::uint64_t{attempt & 0xFFFFFU} << 44) | (std::uint64_t{exchange & 0xFFFFU} << 28) |
            (std::uint64_t{from & 0x3FFFU} << 14) | (to & 0x3FFFU)};
  }
  constexpr std::uint32_t attempt() const { return static_cast<std::uint32_t>(value >> 44); }
  constexpr std::uint32_t exchange() const {
    return static_cast<std::uint32_t>(value >> 28) & 0xFFFFU;
  }
  constexpr std::uint32_t from() const { return static_cast<std::uint32_t>(value >> 14) & 0x3FFFU; }
  constexpr std::uint32_t to() const { return static_cast<std::uint32_t>(value) & 0x3FFFU; }
  friend constexpr auto operator<=>(ChannelId, ChannelId) = default;
};

enum class FrameKind : std::uint8_t { kBatch = 1, kControl = 2, kCredit = 3 };

struct FrameHeader {
  ChannelId channel;
  std::uint64_t sequence = 0;         // batches sent on this channel before this frame
  std::uint32_t routing_version = 0;  // of the table that chose the receiver
  std::uint32_t length = 0;           // bytes of the batch, for credits
  FrameKind kind = FrameKind::kBatch;
};

}  // namespace tributary
