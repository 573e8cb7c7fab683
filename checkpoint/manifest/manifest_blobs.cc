#include "checkpoint/manifest/manifest_blobs.h"

#include <vector>

namespace tributary {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

template <typename Wanted>
void walk(const Message& message, const std::function<void(const Wanted&)>& visit) {
  if (message.GetDescriptor() == Wanted::descriptor()) {
    visit(static_cast<const Wanted&>(message));
    return;
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      walk(reflection.GetMessage(message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      walk(reflection.GetRepeatedMessage(message, field, i), visit);
  }
}

}  // namespace

void for_each_blob(const Message& message,
                   const std::function<void(const checkpoint::BlobRef&)>& visit) {
  walk(message, visit);
}

void for_each_piece(const Message& message,
                    const std::function<void(const checkpoint::PieceRef&)>& visit) {
  walk(message, visit);
}

void for_each_blob(Message& message, const std::function<void(checkpoint::BlobRef&)>& visit) {
  // The message is ours to change; only the walk is shared with the one that may not.
  walk(message, std::function<void(const checkpoint::BlobRef&)>(
                    [&](const auto& blob) { visit(const_cast<checkpoint::BlobRef&>(blob)); }));
}

std::set<std::string> blob_names(const Message& message) {
  std::set<std::string> names;
  for_each_blob(message, [&](const checkpoint::BlobRef& blob) { names.insert(blob.name()); });
  return names;
}

}  // namespace tributary
