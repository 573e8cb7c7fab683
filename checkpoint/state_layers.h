// checkpoint/state_layers.h
// Reading the layers of snapshots: cutting them to key groups, opening their bases, replaying their
// deltas, and folding all of it into one new base. docs/formats/state-snapshots.md.
//
// Pure functions over seams; they block, so they belong to the I/O pool or to a restore. Invariant:
// blobs and local copies are never opened themselves, only links or copies in a new folder (rule
// 31).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "checkpoint/blob_store.h"
#include "checkpoint/delta_log.h"
#include "checkpoint/key_groups.h"
#include "checkpoint/lsm.h"
#include "checkpoint/state_snapshot.pb.h"

namespace tributary {

struct LayerPlaces {
  BlobStore* blobs = nullptr;
  FileSystem* files = nullptr;  // the one that `lsm` writes to
  LsmFactory* lsm = nullptr;
  bool files_by_name = false;  // StateHazards::base_files_by_name
};

// The layers that have groups of the range, cut to it.
std::vector<checkpoint::StateLayer> cut_layers(std::span<const checkpoint::StateLayer> layers,
                                               GroupRange range);

// A store in `folder`, which must not exist, with the bases of all layers; null if none has one. It
// may hold groups that no layer has.
Result<std::unique_ptr<Lsm>> open_bases(const LayerPlaces& places,
                                        std::span<const checkpoint::StateLayer> layers,
                                        const std::string& folder);

// The records of all deltas in order, each layer's own groups only.
Status replay_deltas(BlobStore& blobs, std::span<const checkpoint::StateLayer> layers,
                     const std::function<Status(const DeltaRecord&)>& visit);

// One layer of the range, without deltas, that holds what `layers` hold. New files are uploaded as
// blobs `<blob_prefix>/…`; those that are still the files of the old base keep their blobs (rule
// 27). `folder` must not exist and is gone afterwards.
Result<checkpoint::StateLayer> fold_layers(const LayerPlaces& places,
                                           std::span<const checkpoint::StateLayer> layers,
                                           GroupRange range, const std::string& folder,
                                           std::string_view blob_prefix);

}  // namespace tributary
