// runtime/graph/ids.h
// The ids of a job's graph and of its plan: positions, each in a type of its own, so that they are
// never confused.
//
// Vertex and edge ids are positions in the JobGraph; stage, exchange and gate ids are positions in
// the ExecutionPlan and mean nothing outside of it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace tributary::graph {

template <typename Tag>
struct Id {
  std::uint32_t value = 0;

  constexpr std::size_t index() const { return value; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

using VertexId = Id<struct VertexTag>;
using EdgeId = Id<struct EdgeTag>;
using StageId = Id<struct StageTag>;
using ExchangeId = Id<struct ExchangeTag>;
using GateId = Id<struct GateTag>;
using SlotIndex = Id<struct SlotTag>;

}  // namespace tributary::graph

template <typename Tag>
struct std::hash<tributary::graph::Id<Tag>> {
  std::size_t operator()(tributary::graph::Id<Tag> id) const { return id.value; }
};
