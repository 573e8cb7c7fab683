// jobs/cost_attribution/core/command.cc
#include "jobs/cost_attribution/core/command.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tributary::cost {

using Json = nlohmann::json;
using Reason = DeadLetterReason;

namespace {

constexpr std::size_t kPersonBytesMax = 256;
constexpr std::size_t kReasonBytesMax = 1024;
constexpr std::size_t kYamlBytesMax = 1024 * 1024;
// nlohmann's parser keeps its own stack; the limit is against documents that only nest.
constexpr int kNestingMax = 16;

// Reads the fields of one command; the first fault sticks.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {}

  const std::string* string(const char* name, std::size_t limit, bool may_be_empty) {
    const Json* value = find(name);
    if (value == nullptr) return nullptr;
    const auto* text = value->get_ptr<const std::string*>();
    if (text == nullptr || (text->empty() && !may_be_empty) || text->size() > limit) {
      fault(Reason::kBadField, name, spelled(*value),
            fmt::format("\"{}\" is not a string of {} to {} bytes", name, may_be_empty ? 0 : 1,
                        limit));
      return nullptr;
    }
    return text;
  }

  void text(const char* name, std::size_t limit, std::string& out) {
    if (const std::string* value = string(name, limit, false)) out = *value;
  }

  void optional_text(const char* name, std::size_t limit, std::string& out) {
    if (!object_.contains(name) || object_.at(name).is_null()) return;
    if (const std::string* value = string(name, limit, true)) out = *value;
  }

  void tenant(std::string& out) {
    const std::string* value = string("tenant", 64, false);
    if (value == nullptr) return;
    if (is_tenant_name(*value)) {
      out = *value;
    } else {
      fault(Reason::kBadField, "tenant", *value,
            "\"tenant\" is not 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"");
    }
  }

  void period(std::string& tenant_out, Period& out) {
    tenant(tenant_out);
    const std::string* value = string("period", 7, false);
    if (value == nullptr) return;
    if (const auto period = parse_period(*value)) {
      out = *period;
    } else {
      fault(Reason::kBadField, "period", *value, "\"period\" is not a month YYYY-MM");
    }
  }

  void positive(const char* name, std::int64_t& out) {
    const Json* value = find(name);
    if (value == nullptr) return;
    const bool fits = value->is_number_integer() &&
                      (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX);
    if (fits && value->get<std::int64_t>() >= 1) {
      out = value->get<std::int64_t>();
    } else {
      fault(Reason::kBadField, name, spelled(*value),
            fmt::format("\"{}\" is not an integer of at least 1", name));
    }
  }

  void time(const char* name, Timestamp& out) {
    const std::string* value = string(name, 64, false);
    if (value == nullptr) return;
    if (const auto time = parse_timestamp(*value)) {
      out = *time;
    } else {
      fault(Reason::kBadField, name, *value, fmt::format("\"{}\" is not an ISO 8601 time", name));
    }
  }

  void fault(Reason reason, std::string_view field, std::string_view value, std::string message) {
    if (fault_) return;
    fault_ = Rejection{
        reason, std::string(field), std::string(cut_utf8(value, 256)), std::move(message), {}};
  }

  std::optional<Rejection>& first_fault() { return fault_; }

  static std::string spelled(const Json& value) {
    if (const auto* text = value.get_ptr<const std::string*>()) return *text;
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

 private:
  const Json* find(const char* name) {
    const auto at = object_.find(name);
    if (at != object_.end() && !at->is_null()) return &*at;
    fault(Reason::kMissingField, name, "", fmt::format("\"{}\" is missing", name));
    return nullptr;
  }

  const Json& object_;
  std::optional<Rejection> fault_;
};

Command read_rules_published(FieldReader& fields) {
  RulesPublished command;
  fields.tenant(command.tenant);
  fields.positive("version", command.version);
  fields.time("valid_from", command.valid_from);
  fields.time("published_at", command.published_at);
  fields.text("author", kPersonBytesMax, command.author);
  fields.text("yaml", kYamlBytesMax, command.yaml);
  fields.text("sha256", 64, command.sha256);
  const bool hexadecimal =
      command.sha256.size() == 64 && std::ranges::all_of(command.sha256, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  if (!hexadecimal) {
    fields.fault(Reason::kBadField, "sha256", command.sha256,
                 "\"sha256\" is not 64 digits of 0-9 and a-f");
  }
  return command;
}

Command read_period_closed(FieldReader& fields) {
  PeriodClosed command;
  fields.period(command.tenant, command.period);
  fields.text("by", kPersonBytesMax, command.by);
  return command;
}

template <typename T>
Command read_tenant_state(FieldReader& fields) {
  T command;
  fields.tenant(command.tenant);
  fields.text("by", kPersonBytesMax, command.by);
  fields.optional_text("reason", kReasonBytesMax, command.reason);
  return command;
}

Rejection whole_record(Reason reason, std::string_view record, std::string message) {
  return {reason, "", std::string(cut_utf8(record, 256)), std::move(message), {}};
}

}  // namespace

std::string_view command_kind(const Command& command) {
  constexpr std::string_view kKinds[] = {"rules_published", "period_closed", "tenant_quarantined",
                                         "tenant_released"};
  return kKinds[command.index()];
}

const std::string& command_tenant(const Command& command) {
  return std::visit([](const auto& each) -> const std::string& { return each.tenant; }, command);
}

bool is_supported(const Command& command) {
  return std::holds_alternative<RulesPublished>(command) ||
         std::holds_alternative<PeriodClosed>(command);
}

std::expected<Command, Rejection> parse_command(std::string_view record) {
  if (record.size() > kCommandBytesMax) {
    return std::unexpected(whole_record(
        Reason::kRecordTooLarge, record,
        fmt::format("command has {} bytes, at most {} are read", record.size(), kCommandBytesMax)));
  }
  bool too_deep = false;
  const auto limit_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kNestingMax) too_deep = true;
    return !too_deep;
  };
  Json json = Json::parse(record, limit_depth, /*allow_exceptions=*/false);
  if (json.is_discarded() || too_deep || !json.is_object()) {
    return std::unexpected(
        whole_record(Reason::kMalformedJson, record, "command is not a JSON object"));
  }
  FieldReader fields(json);
  const Json version = json.value("v", Json());
  if (version.is_null()) {
    fields.fault(Reason::kMissingField, "v", "", "\"v\" is missing");
  } else if (!version.is_number_integer() || version != 1) {
    fields.fault(Reason::kBadField, "v", FieldReader::spelled(version), "\"v\" is not 1");
  }
  std::string kind;
  fields.text("kind", 64, kind);
  Command command;
  if (kind == "rules_published") {
    command = read_rules_published(fields);
  } else if (kind == "period_closed") {
    command = read_period_closed(fields);
  } else if (kind == "tenant_quarantined") {
    command = read_tenant_state<TenantQuarantined>(fields);
  } else if (kind == "tenant_released") {
    command = read_tenant_state<TenantReleased>(fields);
  } else {
    fields.fault(Reason::kUnknownKind, "kind", kind, fmt::format("unknown kind \"{}\"", kind));
  }
  if (auto& fault = fields.first_fault()) {
    const auto tenant = json.find("tenant");
    if (tenant != json.end() && tenant->is_string() &&
        is_tenant_name(tenant->get_ref<const std::string&>())) {
      fault->head.tenant = tenant->get<std::string>();
    }
    return std::unexpected(std::move(*fault));
  }
  return command;
}

}  // namespace tributary::cost
