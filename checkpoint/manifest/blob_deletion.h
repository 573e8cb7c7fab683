// checkpoint/manifest/blob_deletion.h
// Which blobs may go, and their going: those of a condemned checkpoint that no other one names, and
// orphans of crashed uploads (rule 28).
//
// Calls block (I/O pool). Only the leader that condemned a checkpoint deletes it, and only after
// the job's record says so. `kept` are the manifests of all checkpoints that the record retains or
// that are pinned; counts are derived from them and stored nowhere. Both may be repeated after an
// error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/blob_store.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "checkpoint/manifest/manifest_store.h"

namespace tributary {

Status delete_condemned(BlobStore& store, const checkpoint::Manifest& condemned,
                        const std::vector<checkpoint::Manifest>& kept);

// "<uid>/<lineage>/<attempt>/<checkpoint>": what the names of a checkpoint's blobs begin with. A
// blob that is written before its checkpoint has an id bears the last id that its task has seen.
std::string blob_prefix(std::string_view uid, std::string_view lineage_hex, std::uint32_t attempt,
                        std::uint64_t checkpoint);

// Deletes blobs that attempts before `attempt` of the job have written and that none of `kept`
// names: nobody will name them any more. What the running attempt writes is named when it is, be
// that ten checkpoints later (a base that is folded meanwhile). Gives how many. Blobs whose names
// it does not understand stay.
Result<std::uint64_t> sweep_orphans(BlobStore& store, std::string_view uid, std::uint32_t attempt,
                                    const std::vector<checkpoint::Manifest>& kept);

// The same for files of manifests that no record names: checkpoints that were given up while their
// manifest was written, temporary files. Gives how many.
Result<std::uint64_t> sweep_manifests(ManifestStore& store, std::uint64_t below,
                                      const std::vector<checkpoint::ManifestRef>& kept);

}  // namespace tributary
