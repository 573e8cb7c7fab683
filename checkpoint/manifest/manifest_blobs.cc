#include "checkpoint/manifest/manifest_blobs.h"

#include <map>
#include <vector>

namespace tributary {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

using Fields = std::vector<const FieldDescriptor*>;

// The fields of a message that lead to one of type `wanted`, so that nobody looks at the others.
// Types are finite and never change.
class Leading {
 public:
  explicit Leading(const Descriptor* wanted) : wanted_(wanted) {}

  const Fields& of(const Descriptor* type) {
    const auto [place, is_new] = known_.try_emplace(type);
    if (!is_new) return place->second;
    Fields fields;
    for (int i = 0; i < type->field_count(); ++i) {
      const Descriptor* inner = type->field(i)->message_type();
      // A type within itself counts as leading; none of ours is.
      if (inner != nullptr && (inner == wanted_ || inner == type || !of(inner).empty()))
        fields.push_back(type->field(i));
    }
    return known_[type] = std::move(fields);
  }

 private:
  const Descriptor* const wanted_;
  std::map<const Descriptor*, Fields> known_;
};

template <typename Wanted>
void walk(const Message& message, const std::function<void(const Wanted&)>& visit) {
  if (message.GetDescriptor() == Wanted::descriptor()) {
    visit(static_cast<const Wanted&>(message));
    return;
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  thread_local Leading leading(Wanted::descriptor());
  for (const FieldDescriptor* field : leading.of(message.GetDescriptor())) {
    if (!field->is_repeated()) {
      if (reflection.HasField(message, field)) walk(reflection.GetMessage(message, field), visit);
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
