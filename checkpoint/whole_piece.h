// checkpoint/whole_piece.h
// One blob with these bytes, and the piece that is all of it.
//
// Blocks, like every call of a blob store.
#pragma once

#include <span>
#include <string_view>

#include "checkpoint/blob_store.h"

namespace tributary {

// Under a random name that begins with `prefix`; of `parts` one after the other.
Result<checkpoint::PieceRef> store_whole(BlobStore& blobs, std::string_view prefix,
                                         std::span<const std::string_view> parts);

}  // namespace tributary
