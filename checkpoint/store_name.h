// checkpoint/store_name.h
// What a name in a store may look like: keys of metadata records, names of blobs and of their
// prefixes. Whatever passes is a path below the store's root on every file system and object store.
//
// Pure. Names that come from outside (manifests) are checked before they touch a store.
#pragma once

#include <cstddef>
#include <string_view>

namespace tributary {

inline constexpr std::size_t kStoreNameBytesMax = 512;

// 1 to 512 bytes of letters, digits and "-_./", no empty part, no part "." or "..".
bool is_store_name(std::string_view name);

}  // namespace tributary
