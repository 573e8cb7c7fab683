#include "checkpoint/store_probe.h"

namespace tributary {

Result<checkpoint::BlobRef> write_store_probe(BlobStore& store, RandomSource& random) {
  const auto writer = TRY(store.create("probe"));
  TRY(writer->append(random.next_id().to_hex()));
  return writer->finish();
}

Status read_store_probe(BlobStore& store, const checkpoint::BlobRef& probe, std::string_view host) {
  const auto seen = store.get(probe);
  if (seen) return {};
  if (seen.error().code() != ErrorCode::S410) return std::unexpected(seen.error());
  return std::unexpected(
      Error(ErrorCode::S413,
            fmt::format("host {} does not see what the coordinator wrote to the state store ({})",
                        host, probe.name()),
            "name a folder that all hosts mount, or an object store"));
}

}  // namespace tributary
