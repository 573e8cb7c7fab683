// jobs/cost_attribution/tools/charge_recount.cc
#include "jobs/cost_attribution/tools/charge_recount.h"

#include <charconv>

#include "base/base64.h"
#include "base/excerpt.h"
#include "jobs/cost_attribution/tools/dead_letter_reader.h"
#include "jobs/cost_attribution/tools/json_object.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {

constexpr std::size_t kProblemsShown = 20;
constexpr std::size_t kRawBytesMax = 64 * 1024;  // of a dead letter; longer records are cut

bool is_charges_topic(std::string_view topic) {
  return topic == kChargesTopic || topic == kBulkTopic ||
         topic.ends_with(std::string("/") + kChargesTopic) ||
         topic.ends_with(std::string("/") + kBulkTopic);
}

std::optional<std::int64_t> integer(const JsonMember* member) {
  if (member == nullptr || member->kind != JsonMember::Kind::kNumber) return std::nullopt;
  std::int64_t value = 0;
  const char* end = member->text.data() + member->text.size();
  const auto [at, fault] = std::from_chars(member->text.data(), end, value);
  if (fault != std::errc() || at != end) return std::nullopt;
  return value;
}

// Of the row: currency, start and costs. False: the job cannot have accepted it.
bool read_row(std::string_view text, RecountedCharge& charge) {
  const auto row = JsonObject::parse(text);
  if (!row) return false;
  charge.currency = row->text("BillingCurrency");
  const auto start = parse_timestamp(row->text("ChargePeriodStart"));
  if (charge.currency.size() != 3 || !start) return false;
  charge.start = *start;
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    const JsonMember* cost = row->find(kMetricColumns[i]);
    const bool is_absent = cost == nullptr || cost->kind == JsonMember::Kind::kNull;
    if (is_absent && i > 0) continue;
    if (is_absent ||
        parse_decimal(row->text(kMetricColumns[i]), charge.amounts[i]) != DecimalFault::kNone) {
      return false;
    }
  }
  return true;
}

}  // namespace

Status ChargeRecount::read(const std::filesystem::path& dir) {
  TRY(read_letters(dir));
  for (const char* topic : {kChargesTopic, kBulkTopic}) {
    const auto files = TRY(topic_files(dir / topic));
    TRY(walk_lines(files, [&](std::string_view record) -> Status {
      take(record);
      return {};
    }));
  }
  return {};
}

Status ChargeRecount::read_letters(const std::filesystem::path& dir) {
  return walk_dead_letters(dir, [&](const DeadLetterLine& letter) -> Status {
    if (!is_charges_topic(letter.topic)) return {};
    ++refused_[xxh3_128(TRY(base64_decode(letter.raw)))];
    return {};
  });
}

std::uint64_t ChargeRecount::letters_without_record() const {
  std::uint64_t count = 0;
  for (const auto& [hash, left] : refused_) count += left;
  return count;
}

bool ChargeRecount::take_letter(std::string_view record) {
  const auto found = refused_.find(xxh3_128(record.substr(0, kRawBytesMax)));
  if (found == refused_.end() || found->second == 0) return false;
  --found->second;
  ++letters_;
  return true;
}

void ChargeRecount::take(std::string_view record) {
  const bool is_refused = take_letter(record);
  const auto object = JsonObject::parse(record);
  if (!object) {
    if (!is_refused)
      problem(fmt::format("no dead letter for a record that is not JSON: {}", excerpt(record)));
    return;
  }
  if (object->text("tenant") != tenant_ || object->text("period") != period_) return;
  ++declared_;
  if (is_refused) {
    ++rejected_;
    return;
  }
  const std::string_view kind = object->text("kind");
  const auto shard = integer(object->find("shard"));
  const JsonMember* revision_member = object->find("revision");
  const auto revision =
      revision_member == nullptr || revision_member->kind == JsonMember::Kind::kNull
          ? std::optional<std::int64_t>(1)
          : integer(revision_member);
  const std::string_view charge_id = object->text("charge_id");
  const std::string_view source = object->text("source");
  if ((kind != "charge" && kind != "charge_delete") || !shard || !revision || charge_id.empty() ||
      source.empty()) {
    return problem(fmt::format("accepted, though its head is not readable: {}", excerpt(record)));
  }
  RecountedCharge charge;
  charge.revision = *revision;
  charge.is_deleted = kind == "charge_delete";
  if (!charge.is_deleted) {
    const JsonMember* row = object->find("row");
    if (row == nullptr || row->kind != JsonMember::Kind::kNested || !read_row(row->text, charge)) {
      return problem(
          fmt::format("accepted, though its row is not readable: charge {}", excerpt(charge_id)));
    }
  }
  const std::string key = fmt::format("{}\n{}\n{}", source, *shard, charge_id);
  RecountedCharge& stored = charges_[key];
  if (stored.revision == charge.revision &&
      (stored.is_deleted != charge.is_deleted || stored.amounts != charge.amounts)) {
    return problem(
        fmt::format("charge {}, revision {} is there twice with different amounts, and neither is "
                    "a dead letter",
                    excerpt(charge_id), charge.revision));
  }
  ++accepted_;
  if (charge.revision > stored.revision) stored = std::move(charge);
}

void ChargeRecount::problem(std::string text) {
  ++problem_count_;
  if (problems_.size() < kProblemsShown) problems_.push_back(std::move(text));
}

}  // namespace tributary::cost
