// checkpoint/manifest/manifest_blobs.h
// Every blob that a manifest names, wherever it stands: what must be there, what a deletion may
// take, what a copy renames. By reflection, so that no new field is forgotten.
//
// Pure.
#pragma once

#include <functional>
#include <set>
#include <string>

#include <google/protobuf/message.h>

#include "checkpoint/blob.pb.h"

namespace tributary {

// Each reference, also those inside pieces; one blob may be named many times.
void for_each_blob(const google::protobuf::Message& message,
                   const std::function<void(const checkpoint::BlobRef&)>& visit);
void for_each_piece(const google::protobuf::Message& message,
                    const std::function<void(const checkpoint::PieceRef&)>& visit);
// May change them.
void for_each_blob(google::protobuf::Message& message,
                   const std::function<void(checkpoint::BlobRef&)>& visit);

std::set<std::string> blob_names(const google::protobuf::Message& message);

}  // namespace tributary
