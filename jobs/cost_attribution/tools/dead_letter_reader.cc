// jobs/cost_attribution/tools/dead_letter_reader.cc
#include "jobs/cost_attribution/tools/dead_letter_reader.h"

#include "base/json.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

Status walk_dead_letters(const std::filesystem::path& dir,
                         const std::function<Status(const DeadLetterLine&)>& on_letter) {
  JsonReadOptions options;
  options.require_all_fields = true;
  JsonReader reader(options);
  Arena arena;
  const auto files = TRY(topic_files(dir / kDeadLettersTopic));
  return walk_lines(files, [&](std::string_view text) -> Status {
    arena.reset();
    DeadLetterLine letter;
    TRY(reader.read(type_info<DeadLetterLine>(), text, &letter, arena));
    return on_letter(letter);
  });
}

Result<std::uint64_t> count_dead_letters(const std::filesystem::path& dir,
                                         std::string_view tenant) {
  std::uint64_t count = 0;
  TRY(walk_dead_letters(dir, [&](const DeadLetterLine& letter) -> Status {
    count += letter.tenant.has_value() && *letter.tenant == tenant ? 1 : 0;
    return {};
  }));
  return count;
}

}  // namespace tributary::cost
