#include "checkpoint/whole_piece.h"

#include <memory>

namespace tributary {

Result<checkpoint::PieceRef> store_whole(BlobStore& blobs, std::string_view prefix,
                                         std::span<const std::string_view> parts) {
  const std::unique_ptr<BlobWriter> writer = TRY(blobs.create(prefix));
  for (const std::string_view part : parts) TRY(writer->append(part));
  checkpoint::PieceRef piece;
  *piece.mutable_blob() = TRY(writer->finish());
  piece.set_length(piece.blob().size());
  piece.set_hash_high(piece.blob().hash_high());
  piece.set_hash_low(piece.blob().hash_low());
  return piece;
}

}  // namespace tributary
