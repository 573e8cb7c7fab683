#include "runtime/api/state_verb.h"

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "runtime/api/refusal.h"
#include "runtime/api/state_commands.h"

namespace tributary {
namespace {

constexpr std::uint64_t kLimitMax = 1'000'000'000;

CLI::Option* add_limit(CLI::App& verb, std::uint64_t& limit, const std::string& what) {
  return verb.add_option("--limit", limit, what)
      ->check(CLI::Range(std::uint64_t{0}, kLimitMax))
      ->capture_default_str();
}

void add_scratch(CLI::App& verb, std::string& scratch) {
  verb.add_option("--scratch", scratch,
                  "folder in which stores are opened meanwhile; $TMPDIR or /tmp. On the disk of "
                  "PATH large files are linked, elsewhere copied");
}

}  // namespace

struct StateVerb::Parts {
  explicit Parts(CLI::App& app)
      : state(*app.add_subcommand("state", "looks into checkpoints and savepoints")),
        list(*state.add_subcommand("list", "which checkpoints there are, newest first")),
        describe(*state.add_subcommand("describe", "what a checkpoint consists of")),
        get(*state.add_subcommand("get", "the state of one key as JSON, or the keys")),
        diff(*state.add_subcommand("diff", "what lies between two checkpoints")),
        verify(*state.add_subcommand("verify", "whether a checkpoint is what was written")) {
    state.require_subcommand(1);
    for (CLI::App* verb : {&list, &describe, &get, &verify})
      verb->add_option("PATH", place.path, "the state folder of a job, or a savepoint")->required();
    for (CLI::App* verb : {&describe, &get, &verify})
      verb->add_option("--checkpoint", place.checkpoint, "its number; the newest if not given");
    for (CLI::App* verb : {&describe, &get, &diff, &verify}) add_scratch(*verb, place.scratch);
    for (CLI::App* verb : {&list, &describe, &diff, &verify})
      verb->add_flag("--json", json, "an object a line");
    describe.add_flag("--fast", fast, "do not count keys, which reads all of the state");
    get.add_option("OPERATOR[.STATE]", query.target, "all states of an operator, or one")
        ->required();
    get.add_option("--key", query.key, "a text, or a JSON object if the key is a record");
    get.add_option("--namespace", query.name_space, "the start of a window, or bytes as 0x…");
    get.add_option("--map-key", query.map_key, "one element of maps; of a list its place");
    get.add_flag("--keys", keys, "lists keys");
    add_limit(get, query.limit, "elements of a map, or keys, that are shown");
    diff.add_option("A", before, "PATH or PATH@CHECKPOINT")->required();
    diff.add_option("B", after, "PATH or PATH@CHECKPOINT")->required();
    diff.add_option("--operator", difference.operator_name, "only its states");
    add_limit(diff, difference.limit, "entries of each state that are shown");
    verify.add_flag("--all", all, "every checkpoint that is retained");
  }

  CLI::App& state;
  CLI::App& list;
  CLI::App& describe;
  CLI::App& get;
  CLI::App& diff;
  CLI::App& verify;
  StatePlace place;
  StateQuery query;
  StateDiffArguments difference;
  std::string before;
  std::string after;
  bool json = false;
  bool fast = false;
  bool keys = false;
  bool all = false;
};

StateVerb::StateVerb(CLI::App& app) : parts_(std::make_unique<Parts>(app)) {}
StateVerb::~StateVerb() = default;

bool StateVerb::is_chosen() const { return parts_->state.parsed(); }

int StateVerb::go(const Surroundings& surroundings) {
  Parts& parts = *parts_;
  if (parts.list.parsed()) return state_list_command(parts.place, parts.json, surroundings);
  if (parts.describe.parsed())
    return state_describe_command(parts.place, parts.fast, parts.json, surroundings);
  if (parts.get.parsed()) {
    if (parts.keys == parts.query.key.has_value())
      return refuse(Error(ErrorCode::C105, "state get: name a key, or ask for the keys",
                          "tributary state get PATH OPERATOR --key TEXT, or with --keys"),
                    surroundings);
    return state_get_command(parts.place, parts.query, surroundings);
  }
  if (parts.diff.parsed()) {
    parts.difference.before = place_of(parts.before);
    parts.difference.after = place_of(parts.after);
    parts.difference.before.scratch = parts.difference.after.scratch = parts.place.scratch;
    parts.difference.json = parts.json;
    return state_diff_command(parts.difference, surroundings);
  }
  if (parts.all && parts.place.checkpoint)
    return refuse(Error(ErrorCode::C105, "state verify: --checkpoint and --all exclude each other"),
                  surroundings);
  return state_verify_command(parts.place, parts.all, parts.json, surroundings);
}

}  // namespace tributary
