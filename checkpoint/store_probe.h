// checkpoint/store_probe.h
// Refuses a store that two hosts do not both see, before state is written to it (rule 45).
//
// The coordinator writes a probe and sends its reference with the first order to each worker; a
// worker reads it before it makes a task and answers with the error; the coordinator removes it
// when all have. Calls block.
#pragma once

#include <string_view>

#include "base/random.h"
#include "checkpoint/blob_store.h"

namespace tributary {

Result<checkpoint::BlobRef> write_store_probe(BlobStore& store, RandomSource& random);
// S413 naming `host` if it does not see what the coordinator wrote.
Status read_store_probe(BlobStore& store, const checkpoint::BlobRef& probe, std::string_view host);

}  // namespace tributary
