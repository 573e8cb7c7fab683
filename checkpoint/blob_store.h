// checkpoint/blob_store.h
// Where snapshots lie: immutable blobs under random names, durable before anybody hears their name,
// verified by hash before anybody parses them.
//
// Calls block: they belong to the I/O pool (base/io_pool.h), never to a slot. Any thread; a
// BlobWriter one at a time. Protocol rules 27 to 30 and 46. The local directory implements it
// (local_blob_store.h), later S3-compatible stores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "checkpoint/blob.pb.h"

namespace tributary {

// Streams one blob. Dropped without finish(): nothing is left of it, or an orphan that a sweep
// finds.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual Status append(std::string_view bytes) = 0;
  virtual std::uint64_t size() const = 0;
  // Durable on return, its checksum confirmed by the store (rule 1).
  virtual Result<checkpoint::BlobRef> finish() = 0;
};

struct ListedBlob {
  std::string name;
  std::uint64_t size = 0;
};

class BlobStore {
 public:
  // What get() and get_piece() read at most.
  static constexpr std::uint64_t kWholeBytesMax = std::uint64_t{1} << 30;

  virtual ~BlobStore() = default;

  // A blob `<prefix>/<32 hex digits>`. Prefixes begin with uid/lineage/attempt/checkpoint (rule
  // 28).
  virtual Result<std::unique_ptr<BlobWriter>> create(std::string_view prefix) = 0;
  // The whole blob; S4xx naming it if it is missing, cut or changed.
  virtual Result<std::string> get(const checkpoint::BlobRef& blob) = 0;
  virtual Result<std::string> get_piece(const checkpoint::PieceRef& piece) = 0;
  // Verifies the blob without keeping it in memory, and writes it to a file of the store's file
  // system (a base's files; a link where that is possible).
  virtual Status get_to_file(const checkpoint::BlobRef& blob, const std::string& path) = 0;
  // Fine if it is missing.
  virtual Status remove(std::string_view name) = 0;
  // All blobs that begin with `prefix`, ascending.
  virtual Result<std::vector<ListedBlob>> list(std::string_view prefix) = 0;
};

}  // namespace tributary
