// jobs/cost_attribution/tools/command_line.cc
// Verbs and their options, nothing else; what is wrong with a command line is said in usage.cc.
#include "jobs/cost_attribution/tools/command_line.h"

#include <functional>

#include "jobs/cost_attribution/tools/close_command.h"
#include "jobs/cost_attribution/tools/dead_letter_command.h"
#include "jobs/cost_attribution/tools/explain_command.h"
#include "jobs/cost_attribution/tools/generate_command.h"
#include "jobs/cost_attribution/tools/ingest_command.h"
#include "jobs/cost_attribution/tools/reconcile_command.h"
#include "jobs/cost_attribution/tools/report_command.h"
#include "jobs/cost_attribution/tools/rules_command.h"
#include "jobs/cost_attribution/tools/usage.h"

namespace tributary::cost {

namespace {

// What the chosen verb does; set by its callback.
using Action = std::function<Result<int>(std::string& out)>;

std::unexpected<Error> not_yet(std::string_view what, std::string_view instead = "") {
  return std::unexpected(
      Error(ErrorCode::C102, fmt::format("{} not available yet", what), std::string(instead)));
}

void add_ledger_options(CLI::App& app, std::filesystem::path& from, std::filesystem::path& ledger) {
  app.add_option("--from", from, "Folder of topics (DIR/cost.lines, DIR/cost.hourly, …)")
      ->required();
  app.add_option("--ledger", ledger,
                 "Folder of the ledger, the job's setting ledger_dir; default DIR/ledger, "
                 "else topic cost.lines");
}

struct IngestArguments {
  IngestOptions options;
  std::string delivery;
  std::uint64_t shuffle_seed = 0;
};

void add_bill(CLI::App& ingest, const char* name, const char* text, IngestOptions::Format format,
              Action& action) {
  CLI::App* app = ingest.add_subcommand(name, text);
  auto arguments = std::make_shared<IngestArguments>();
  IngestOptions& options = arguments->options;
  options.format = format;
  app->add_option("files", options.files, "Bills: CSV, plain or gzip")->required();
  app->add_option("--tenant", options.tenant, "Whose bills these are")->required();
  app->add_option("--source", options.source, "Where they come from, such as aws-cur")->required();
  app->add_option("--to", options.to, "Folder of topics; writes DIR/cost.charges/NAME.jsonl")
      ->required();
  app->add_option("--period", options.period, "Billing month YYYY-MM; default: of each row");
  app->add_option("--revision", options.revision,
                  "Of every row; a higher one replaces a lower one (default 1)");
  app->add_option("--shards", options.shards,
                  "Keys that the charges are spread over, 1 to 64 (default 8)");
  if (format == IngestOptions::Format::kFocus) {
    app->add_option("--id-column", options.id_column,
                    "Column that identifies a charge; default: a hash of the row");
  }
  app->add_option("--name", options.name, "Of the output; default: of the first file");
  app->add_option("--cut", options.cut, "Number of output files (default 1)");
  CLI::Option* shuffle =
      app->add_option("--shuffle", arguments->shuffle_seed, "Shuffle the lines, with this seed")
          ->check(whole_number());
  app->add_flag("--bulk", options.is_bulk,
                "Write to cost.charges.bulk, which the job reads at a limited rate");
  app->add_option("--skip-bad", options.bad_rows_max,
                  "Leave out up to N bad rows; default 0: write all or nothing")
      ->check(whole_number());
  app->add_flag("--force", options.replaces, "Replace files of the same name");
  app->add_option("--delivery", arguments->delivery)->group("");
  app->callback([arguments, shuffle, &action] {
    action = [arguments, shuffle](std::string& out) -> Result<int> {
      if (!arguments->delivery.empty()) return not_yet("deliveries are", "use --revision");
      if (shuffle->count() > 0) arguments->options.shuffle_seed = arguments->shuffle_seed;
      return run_ingest(arguments->options, SystemClock(), out);
    };
  });
}

void add_ingest(CLI::App& program, Action& action) {
  CLI::App* ingest = program.add_subcommand("ingest", "Turn a provider's bills into charges");
  ingest->require_subcommand(1);
  add_bill(*ingest, "focus", "FOCUS bills, versions 1.0 to 1.2", IngestOptions::Format::kFocus,
           action);
  add_bill(*ingest, "cur", "AWS Cost and Usage Reports (legacy CSV)", IngestOptions::Format::kCur,
           action);
}

struct GenerateArguments {
  GenerateOptions options;
  std::string start = "2026-09-01";
  // Option name, text, where it goes.
  struct Share {
    const char* name;
    std::string text;
    std::uint32_t* share;
  };
  std::vector<Share> shares;
};

void add_generate(CLI::App& program, Action& action) {
  CLI::App* app =
      program.add_subcommand("generate", "Make up charges, rules and what must come of them");
  auto arguments = std::make_shared<GenerateArguments>();
  GenerateOptions& options = arguments->options;
  GeneratorOptions& generator = options.generator;
  app->add_option("--to", options.to,
                  "Folder of topics: charges, commands, rules/TENANT.yaml, expected.json");
  app->add_option("--csv", options.csv,
                  "Or one FOCUS bill, and FILE.expected.json (needs --tenants 1)");
  app->add_option("--seed", generator.seed, "Same seed, same bytes (default 1)")
      ->check(whole_number());
  app->add_option("--tenants", generator.tenants, "Of very different sizes (default 5)")
      ->check(whole_number());
  app->add_option("--rows", generator.rows, "Records in total (default 20000)")
      ->check(whole_number());
  app->add_option("--days", generator.days, "That they are spread over (default 1)");
  app->add_option("--start", arguments->start, "First hour (default 2026-09-01)");
  app->add_option("--shards", generator.shards, "Of each tenant, 1 to 64 (default 4)");
  app->add_option("--files", options.files, "Charge files; a shard stays in one (default 4)");
  arguments->shares = {
      {"--malformed", "0.01", &generator.malformed}, {"--repeats", "0.02", &generator.repeats},
      {"--revisions", "0.01", &generator.revisions}, {"--deletes", "0.002", &generator.deletes},
      {"--late", "0.01", &generator.late},           {"--negative", "0.01", &generator.negative}};
  for (GenerateArguments::Share& share : arguments->shares) {
    app->add_option(share.name, share.text,
                    fmt::format("Share of records (default {})", share.text));
  }
  app->add_flag("--force", options.replaces, "Replace files of the same name");
  app->callback([arguments, &action] {
    action = [arguments](std::string& out) -> Result<int> {
      arguments->options.generator.start =
          floor_to(TRY(parse_timestamp(arguments->start)), hours(1));
      for (const GenerateArguments::Share& share : arguments->shares) {
        *share.share = TRY(parse_share(share.name, share.text));
      }
      return run_generate(arguments->options, out);
    };
  });
}

void add_rules(CLI::App& program, Action& action) {
  CLI::App* rules = program.add_subcommand("rules", "Check and publish rule documents");
  rules->require_subcommand(1);
  CLI::App* check = rules->add_subcommand("check", "Every problem of a document, with its line");
  auto check_options = std::make_shared<RulesCheckOptions>();
  check->add_option("file", check_options->file, "Rule document (YAML)")->required();
  check->add_option("--sample", check_options->sample, "File of charges to try the rules on");
  check->callback([check_options, &action] {
    action = [check_options](std::string& out) {
      return run_rules_check(*check_options, SystemClock(), out);
    };
  });
  CLI::App* publish =
      rules->add_subcommand("publish", "Check, then append to the audit log DIR/cost.commands");
  auto publish_options = std::make_shared<RulesPublishOptions>();
  publish->add_option("file", publish_options->file, "Rule document (YAML)")->required();
  publish->add_option("--to", publish_options->to, "Folder of topics")->required();
  publish->add_option("--author", publish_options->author, "Who decided this")->required();
  publish->add_option("--published-at", publish_options->published_at, "When; default now");
  publish->callback([publish_options, &action] {
    action = [publish_options](std::string& out) {
      return run_rules_publish(*publish_options, SystemClock(), out);
    };
  });
  CLI::App* diff = rules->add_subcommand("diff", "Not available yet")->allow_extras()->group("");
  diff->callback(
      [&action] { action = [](std::string&) -> Result<int> { return not_yet("rules diff is"); }; });
}

void add_report(CLI::App& program, Action& action) {
  CLI::App* app =
      program.add_subcommand("report", "A tenant's costs of a month, by team, customer, …");
  auto options = std::make_shared<ReportOptions>();
  add_ledger_options(*app, options->from, options->ledger);
  app->add_option("--tenant", options->tenant)->required();
  app->add_option("--period", options->period, "Posting month YYYY-MM")->required();
  app->add_option("--by", options->by,
                  "Dimensions, a table each; with `service`, each split by service")
      ->delimiter(',')
      ->required();
  app->add_option("--currency", options->currency, "Only this one; currencies are never added");
  app->add_option("--metric", options->metric,
                  "billed, effective, list or contracted (default billed)");
  app->add_option(
         "--top", options->top,
         "Rows of a table; the rest is summed as (other), and what a reserved element such as "
         "(unattributed) has is one row")
      ->check(whole_number());
  app->add_option("--digits", options->digits,
                  "Decimals shown, 0 to 18; rows add up to the total (default 2)");
  app->add_option("--as-of", options->as_of, "As it stood at this time; default now");
  app->add_flag("--csv", options->is_csv, "One table as CSV, exact and rounded");
  app->callback([options, &action] {
    action = [options](std::string& out) { return run_report(*options, out); };
  });
}

void add_explain(CLI::App& program, Action& action) {
  CLI::App* app = program.add_subcommand("explain", "Charges, rules and causes behind one number");
  auto options = std::make_shared<ExplainOptions>();
  add_ledger_options(*app, options->from, options->ledger);
  app->add_option("--tenant", options->tenant)->required();
  app->add_option("--dimension", options->dimension)->required();
  app->add_option("--element", options->element)->required();
  app->add_option("--hour", options->hour, "Start of the hour, UTC")->required();
  app->add_option("--metric", options->metric,
                  "billed, effective, list or contracted (default billed)");
  app->add_flag("--all", options->shows_reversed, "Charges that were taken back entirely, too");
  app->callback([options, &action] {
    action = [options](std::string& out) { return run_explain(*options, out); };
  });
}

void add_reconcile(CLI::App& program, Action& action) {
  CLI::App* app = program.add_subcommand(
      "reconcile", "Recount the charges and compare with ledger and hourly cells");
  auto options = std::make_shared<ReconcileOptions>();
  add_ledger_options(*app, options->from, options->ledger);
  app->add_option("--tenant", options->tenant)->required();
  app->add_option("--period", options->period, "Month of the charges YYYY-MM")->required();
  app->callback([options, &action] {
    action = [options](std::string& out) { return run_reconcile(*options, out); };
  });
}

void add_dead_letters(CLI::App& program, Action& action) {
  CLI::App* letters = program.add_subcommand("deadletter", "Records that were refused");
  letters->require_subcommand(1);
  CLI::App* show = letters->add_subcommand("show", "Counts by reason and tenant, and the records");
  auto options = std::make_shared<DeadLetterOptions>();
  show->add_option("dir", options->dir, "Folder of topics")->required();
  show->add_option("-n", options->show, "Show so many letters with their records (default 0)")
      ->check(whole_number());
  show->add_option("--tenant", options->tenant, "Only of this tenant");
  show->add_option("--reason", options->reason, "Only of this reason");
  show->callback([options, &action] {
    action = [options](std::string& out) { return run_dead_letter_show(*options, out); };
  });
  CLI::App* replay =
      letters->add_subcommand("replay", "Not available yet")->allow_extras()->group("");
  replay->callback([&action] {
    action = [](std::string&) -> Result<int> { return not_yet("deadletter replay is"); };
  });
}

void add_close(CLI::App& program, Action& action) {
  CLI::App* app =
      program.add_subcommand("close", "Close a month: later corrections go to the next one");
  auto options = std::make_shared<CloseOptions>();
  app->add_option("--to", options->to, "Folder of topics")->required();
  app->add_option("--tenant", options->tenant)->required();
  app->add_option("--period", options->period, "Month YYYY-MM")->required();
  app->add_option("--by", options->by, "Who decided this")->required();
  app->callback([options, &action] {
    action = [options](std::string& out) { return run_close(*options, out); };
  });
}

void add_later_verbs(CLI::App& program, Action& action) {
  for (const char* verb : {"quarantine", "release", "unpark", "verify", "demo"}) {
    CLI::App* app = program.add_subcommand(verb, "Not available yet")->allow_extras()->group("");
    app->callback([verb, &action] {
      action = [verb](std::string&) -> Result<int> { return not_yet(fmt::format("{} is", verb)); };
    });
  }
}

}  // namespace

Result<int> run_command_line(const std::vector<std::string>& arguments, std::string& out) {
  CLI::App program("Cost attribution: which team, feature and customer caused this cent",
                   "attribution");
  program.require_subcommand(1);
  Action action;
  add_ingest(program, action);
  add_generate(program, action);
  add_rules(program, action);
  add_report(program, action);
  add_explain(program, action);
  add_reconcile(program, action);
  add_dead_letters(program, action);
  add_close(program, action);
  add_later_verbs(program, action);
  if (auto error = unknown_verb(program, arguments)) return std::unexpected(std::move(*error));
  try {
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Success&) {
    out += program.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    return std::unexpected(usage_error(program, arguments, error.what()));
  }
  return action(out);
}

}  // namespace tributary::cost
