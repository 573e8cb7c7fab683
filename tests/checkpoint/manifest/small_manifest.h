// A manifest with everything in it that a manifest can hold, of few bytes.
#pragma once

#include <string>

#include "checkpoint/manifest/manifest.pb.h"
#include "checkpoint/publish/lineage.h"

namespace tributary {

inline checkpoint::BlobRef blob_ref(const std::string& name) {
  checkpoint::BlobRef blob;
  blob.set_name(name);
  blob.set_size(4);
  blob.set_hash_high(1);
  blob.set_hash_low(2);
  return blob;
}

inline checkpoint::Manifest small_manifest(std::uint64_t id = 7) {
  checkpoint::Manifest manifest;
  manifest.set_kind(checkpoint::CHECKPOINT);
  manifest.set_uid(std::string(16, 'u'));
  manifest.set_graph_digest(std::string(16, 'd'));
  *manifest.mutable_lineages() = LineageHistory(Hash128{1, 2}).encode();
  manifest.set_checkpoint(id);
  manifest.set_term(3);
  manifest.set_attempt(2);
  manifest.set_key_groups(8);
  auto& routing = *manifest.add_routing();
  routing.add_operators("sum");
  for (const std::uint32_t bound : {0U, 4U, 8U}) routing.add_bounds(bound);
  auto& source = *manifest.add_sources();
  source.set_source("in");
  source.add_splits()->set_id("a");
  source.add_splits()->set_id("b");
  manifest.add_gates()->set_source("in");
  manifest.add_sinks()->set_sink("out");
  auto& task = *manifest.add_tasks();
  task.add_operators("sum");
  task.set_task(1);
  task.set_parallelism(2);
  auto& state = *task.mutable_keyed_state();
  state.set_key_group_count(8);
  state.set_group_begin(4);
  state.set_group_end(8);
  auto& layer = *state.add_layers();
  *layer.add_base()->mutable_blob() = blob_ref("u/l/1/6/base");
  auto& piece = *layer.add_deltas()->mutable_piece();
  *piece.mutable_blob() = blob_ref("u/l/2/7/packed");
  piece.set_length(2);
  auto& operator_state = *task.add_operator_states();
  operator_state.set_operator_("sum");
  operator_state.set_bytes("bytes");
  *operator_state.add_blobs() = blob_ref("u/l/2/7/own");
  auto& unit = *task.add_sinks()->add_writers()->add_units();
  *unit.add_segments()->mutable_piece()->mutable_blob() = blob_ref("u/l/2/7/packed");
  return manifest;
}

}  // namespace tributary
