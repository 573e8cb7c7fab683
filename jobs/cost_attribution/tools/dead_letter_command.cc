// jobs/cost_attribution/tools/dead_letter_command.cc
#include "jobs/cost_attribution/tools/dead_letter_command.h"

#include <map>

#include "base/base64.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/dead_letter_reader.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {

constexpr std::size_t kRawBytesShown = 2000;

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown(text.substr(0, limit));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  if (text.size() > limit) shown += fmt::format("… ({} bytes)", text.size());
  return shown;
}

std::string text_of(const Optional<Text>& text) { return text ? text->str() : ""; }

Status show_letter(const DeadLetterLine& letter, std::string& out) {
  const std::string raw = TRY(base64_decode(letter.raw));
  out += fmt::format("\n{} {}\n  {}\n", letter.reason.view(), printable(text_of(letter.field), 256),
                     printable(text_of(letter.message), 512));
  if (letter.value && !letter.value->empty())
    out += fmt::format("  value   {}\n", printable(*letter.value, 256));
  out += fmt::format("  from    {} {} @{}{}\n", printable(letter.topic, 512),
                     printable(text_of(letter.partition), 512), letter.offset.value_or(0),
                     letter.ingest_time ? " at " + format_timestamp(*letter.ingest_time) : "");
  out += fmt::format("  record  {}\n", printable(raw, kRawBytesShown));
  return {};
}

}  // namespace

Result<int> run_dead_letter_show(const DeadLetterOptions& options, std::string& out) {
  TRY(require_folder(options.dir / kDeadLettersTopic));
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;  // (reason, tenant)
  std::uint64_t total = 0;
  std::string shown;
  const auto on_letter = [&](const DeadLetterLine& letter) -> Status {
    if (!options.tenant.empty() && text_of(letter.tenant) != options.tenant) return {};
    if (!options.reason.empty() && letter.reason.view() != options.reason) return {};
    ++counts[{letter.reason.str(), letter.tenant ? letter.tenant->str() : "(no tenant)"}];
    if (total++ < options.show) return show_letter(letter, shown);
    return {};
  };
  TRY(walk_dead_letters(options.dir, on_letter));
  out += counted(total, "dead letter") + '\n';
  for (const auto& [key, count] : counts) {
    out += fmt::format("  {:<28} {:<24} {:>10}\n", printable(key.first, 64),
                       printable(key.second, 64), with_commas(count));
  }
  out += shown;
  return 0;
}

}  // namespace tributary::cost
