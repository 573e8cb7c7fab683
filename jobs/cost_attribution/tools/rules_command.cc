// jobs/cost_attribution/tools/rules_command.cc
#include "jobs/cost_attribution/tools/rules_command.h"

#include <algorithm>
#include <map>

#include "base/excerpt.h"
#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/core/rule_parser.h"
#include "jobs/cost_attribution/tools/amount_sums.h"
#include "jobs/cost_attribution/tools/command_log.h"
#include "jobs/cost_attribution/tools/sha256.h"
#include "jobs/cost_attribution/tools/text_file.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {

constexpr std::size_t kElementsShown = 20;
constexpr std::size_t kAuthorBytesMax = 256;

void describe_problems(const RuleProblems& problems, const std::filesystem::path& file,
                       std::string& out) {
  for (const RuleProblem& problem : problems) out += problem.to_string() + '\n';
  out += fmt::format("{}: {}\n", file.string(), counted(problems.size(), "problem"));
}

// What each rule of each dimension caught.
class SampleCount {
 public:
  explicit SampleCount(const RuleSet& rules) : rules_(rules) {}

  Status read(const std::filesystem::path& sample, Timestamp now) {
    return walk_lines({sample}, [&](std::string_view line) -> Status {
      const auto envelope = parser_.parse(line, now);
      if (!envelope || (*envelope)->kind != EnvelopeKind::kCharge) {
        ++passed_over_;
      } else if ((*envelope)->head.tenant != rules_.tenant()) {
        ++of_others_;
      } else if ((*envelope)->row.start < rules_.valid_from()) {
        ++too_early_;
      } else {
        ++charges_;
        count((*envelope)->row);
      }
      return {};
    });
  }

  void describe(std::string& out) const {
    out += fmt::format("sample: {} of tenant {}", counted(charges_, "charge"), rules_.tenant());
    if (of_others_ > 0) out += fmt::format(", {} of others", with_commas(of_others_));
    if (too_early_ > 0) out += fmt::format(", {} before valid_from", with_commas(too_early_));
    if (passed_over_ > 0)
      out += fmt::format(", {} not readable or no charge", with_commas(passed_over_));
    out += '\n';
    for (std::size_t i = 0; i < rules_.dimensions().size(); ++i) describe_dimension(i, out);
  }

 private:
  using Elements = std::map<std::string, std::uint64_t, std::less<>>;

  void count(const ChargeRow& row) {
    rules_.evaluate(row, evaluation_);
    for (std::size_t i = 0; i < evaluation_.targets().size(); ++i) {
      const Target& target = evaluation_.targets()[i];
      Elements& elements = matches_[{i, target.rule}];
      const auto found = elements.find(target.element);
      if (found != elements.end()) {
        ++found->second;
      } else {
        elements.emplace(target.element, 1);
      }
    }
  }

  void describe_dimension(std::size_t index, std::string& out) const {
    const Dimension& dimension = rules_.dimensions()[index];
    out += dimension.name + '\n';
    for (std::size_t rule = 0; rule < dimension.rules.size(); ++rule) {
      describe_rule(dimension.rules[rule].id, index, static_cast<std::int32_t>(rule), out);
    }
    describe_rule("default", index, Target::kDefault, out);
  }

  void describe_rule(const std::string& id, std::size_t dimension, std::int32_t rule,
                     std::string& out) const {
    const auto found = matches_.find({dimension, rule});
    std::vector<std::pair<std::uint64_t, std::string>> elements;
    std::uint64_t total = 0;
    if (found != matches_.end()) {
      for (const auto& [element, count] : found->second) {
        elements.emplace_back(count, element);
        total += count;
      }
    }
    std::ranges::sort(elements, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    out += fmt::format("  {:<24} {:>10}", id, with_commas(total));
    for (std::size_t i = 0; i < elements.size() && i < kElementsShown; ++i) {
      out += fmt::format("{}{} {}", i == 0 ? "   " : ", ", elements[i].second,
                         with_commas(elements[i].first));
    }
    if (elements.size() > kElementsShown)
      out += fmt::format(" and {} more", elements.size() - kElementsShown);
    out += '\n';
  }

  const RuleSet& rules_;
  EnvelopeParser parser_;
  Evaluation evaluation_;
  std::map<std::pair<std::size_t, std::int32_t>, Elements> matches_;  // (dimension, rule)
  std::uint64_t charges_ = 0;
  std::uint64_t of_others_ = 0;
  std::uint64_t too_early_ = 0;
  std::uint64_t passed_over_ = 0;
};

}  // namespace

Result<int> run_rules_check(const RulesCheckOptions& options, const Clock& clock,
                            std::string& out) {
  const std::string yaml = TRY(read_small_file(options.file, kRuleDocumentBytesMax));
  const auto rules = parse_rules(yaml);
  if (!rules) {
    describe_problems(rules.error(), options.file, out);
    return 1;
  }
  std::size_t count = 0;
  for (const Dimension& dimension : rules->dimensions()) count += dimension.rules.size();
  out += fmt::format("{}: {} rules v{}, valid from {}, {} with {}: no problem\n",
                     options.file.string(), rules->tenant(), rules->version(),
                     format_timestamp(rules->valid_from()),
                     counted(rules->dimensions().size(), "dimension"), counted(count, "rule"));
  if (options.sample.empty()) return 0;
  SampleCount sample(*rules);
  TRY(sample.read(options.sample, clock.now()));
  sample.describe(out);
  return 0;
}

Result<int> run_rules_publish(const RulesPublishOptions& options, const Clock& clock,
                              std::string& out) {
  if (options.author.empty() || options.author.size() > kAuthorBytesMax) {
    return fail(ErrorCode::C102, "--author {}: 1 to {} bytes", excerpt(options.author),
                kAuthorBytesMax);
  }
  const Timestamp published_at =
      options.published_at.empty() ? clock.now() : TRY(parse_timestamp(options.published_at));
  const std::string yaml = TRY(read_small_file(options.file, kRuleDocumentBytesMax));
  const auto rules = parse_rules(yaml);
  if (!rules) {
    describe_problems(rules.error(), options.file, out);
    return 1;
  }
  const auto commands = TRY(read_commands(options.to));
  const std::int64_t last = last_version(commands, rules->tenant());
  if (rules->version() <= last) {
    describe_problems(
        {{ErrorCode::R02, fmt::format("{} rules v{}", rules->tenant(), rules->version()), "version",
          rules->version_line(),
          fmt::format("version {} is not above the last, {}", rules->version(), last), ""}},
        options.file, out);
    return 1;
  }
  std::string line;
  append_rules_published(line, {rules->tenant(), rules->version(), rules->valid_from(),
                                published_at, options.author, yaml, sha256_hex(yaml)});
  TRY(append_commands(options.to, line));
  out += fmt::format("published {} rules v{}, valid from {} -> {}\n", rules->tenant(),
                     rules->version(), format_timestamp(rules->valid_from()),
                     command_file(options.to).string());
  return 0;
}

}  // namespace tributary::cost
