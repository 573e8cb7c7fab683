// jobs/cost_attribution/tools/json_object.cc
#include "jobs/cost_attribution/tools/json_object.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "base/excerpt.h"

namespace tributary::cost {

namespace {

constexpr int kDepthMax = 64;

// Events of nlohmann's SAX reader. Depth 1 is the object itself; what is deeper is written out
// again as it comes.
class MemberCollector : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit MemberCollector(std::vector<JsonMember>& members) : members_(members) {}

  const std::string& fault() const { return fault_; }

  bool null() override { return scalar(JsonMember::Kind::kNull, depth_ == 1 ? "" : "null"); }
  bool boolean(bool value) override {
    return scalar(JsonMember::Kind::kBool, value ? "true" : "false");
  }
  bool number_integer(number_integer_t value) override {
    return scalar(JsonMember::Kind::kNumber, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(JsonMember::Kind::kNumber, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& token) override {
    return scalar(JsonMember::Kind::kNumber, token);
  }
  bool string(string_t& value) override {
    if (depth_ == 1) return scalar(JsonMember::Kind::kString, value);
    std::string quoted;
    append_json_string(quoted, value);
    return scalar(JsonMember::Kind::kString, quoted);
  }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }
  bool start_object(std::size_t) override { return open('{'); }
  bool end_object() override { return close('}'); }
  bool start_array(std::size_t) override { return open('['); }
  bool end_array() override { return close(']'); }
  bool key(string_t& value) override {
    if (depth_ == 1) {
      members_.emplace_back().key = value;
      return true;
    }
    comma();
    append_json_string(members_.back().text, value);
    members_.back().text += ':';
    needs_comma_ = false;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse(fmt::format("not JSON at byte {}", position));
  }

 private:
  bool refuse(std::string why) {
    fault_ = std::move(why);
    return false;
  }
  void comma() {
    if (needs_comma_) members_.back().text += ',';
  }
  bool scalar(JsonMember::Kind kind, std::string_view text) {
    if (depth_ == 0) return refuse("not a JSON object");
    if (depth_ == 1) {
      members_.back().kind = kind;
      members_.back().text = text;
      return true;
    }
    comma();
    members_.back().text += text;
    needs_comma_ = true;
    return true;
  }
  bool open(char bracket) {
    if (depth_ == 0 && bracket != '{') return refuse("not a JSON object");
    if (depth_ == kDepthMax) return refuse(fmt::format("nested deeper than {}", kDepthMax));
    if (depth_ == 1) members_.back().kind = JsonMember::Kind::kNested;
    if (depth_ >= 1) {
      if (depth_ > 1) comma();
      members_.back().text += bracket;
      needs_comma_ = false;
    }
    ++depth_;
    return true;
  }
  bool close(char bracket) {
    --depth_;
    if (depth_ >= 1) members_.back().text += bracket;
    needs_comma_ = depth_ > 1;
    return true;
  }

  std::vector<JsonMember>& members_;
  int depth_ = 0;
  bool needs_comma_ = false;
  std::string fault_;
};

// Is one of these eight bytes a quote, a backslash or below 0x20? May say yes for bytes from 0x80
// on, never no wrongly.
bool may_need_escape(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t value) { return (value - kOnes) & ~value & kHigh; };
  return (has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\')) |
          ((word - kOnes * 0x20) & kHigh)) != 0;
}

}  // namespace

Result<JsonObject> JsonObject::parse(std::string_view text) {
  JsonObject object;
  MemberCollector collector(object.members_);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &collector)) {
    return fail(ErrorCode::D101, "{}: {}", collector.fault(), excerpt(text));
  }
  std::vector<std::string_view> keys;
  for (const JsonMember& member : object.members_) keys.push_back(member.key);
  std::ranges::sort(keys);
  if (const auto twin = std::ranges::adjacent_find(keys); twin != keys.end()) {
    return fail(ErrorCode::D101, "the key {} is given twice", excerpt(*twin));
  }
  return object;
}

const JsonMember* JsonObject::find(std::string_view key) const {
  for (const JsonMember& member : members_) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

std::string_view JsonObject::text(std::string_view key) const {
  const JsonMember* member = find(key);
  if (member == nullptr ||
      (member->kind != JsonMember::Kind::kString && member->kind != JsonMember::Kind::kNumber)) {
    return {};
  }
  return member->text;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // start of bytes that need no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (i + 8 <= text.size() && !may_need_escape(text.data() + i)) i += 8;
    if (i == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += "\\u00";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
  }
  out.append(text, plain);
  out += '"';
}

}  // namespace tributary::cost
