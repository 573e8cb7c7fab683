// checkpoint/manifest/checkpoint_copy.h
// Copies a checkpoint: to a savepoint's folder, and back into a job's store before the job is
// restored from it, so that neither depends on what the other deletes (rules 4 and 28).
//
// Calls block (I/O pool).
#pragma once

#include <string>
#include <string_view>

#include "checkpoint/local_blob_store.h"
#include "checkpoint/manifest/manifest.pb.h"

namespace tributary {

// Copies every blob once, each verified and durable, under new names that begin with `prefix`, and
// renames them in `manifest`. After an error the manifest is of no use; what was copied are
// orphans.
Status copy_blobs(BlobStore& from, LocalBlobStore& to, std::string_view prefix,
                  checkpoint::Manifest& manifest);

// A savepoint is a folder of its own: `blobs/` and one manifest of kind SAVEPOINT, written last.
// S419 if there is one in `path` already, or anything else.
Result<checkpoint::ManifestRef> write_savepoint(FileSystem& files, RandomSource& random,
                                                const std::string& path, BlobStore& from,
                                                checkpoint::Manifest manifest, bool carries_staged);
// S414 if there is none in `path`. Its blobs: a LocalBlobStore of savepoint_blobs(path).
Result<checkpoint::Manifest> read_savepoint(FileSystem& files, RandomSource& random,
                                            const std::string& path);
std::string savepoint_blobs(const std::string& path);

}  // namespace tributary
