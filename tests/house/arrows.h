// tests/house/arrows.h
// Decides whether an #include line follows the floors: who may see whom, and behind which door each
// library of others stays. The table is docs/decisions/0001-floors-that-do-not-link.md; the build
// enforces the same by linking. Pure: lines in, findings out, so that planted lines can prove that
// each check bites.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::house {

struct IncludeLine {
  std::string file;  // root-relative
  int line = 0;
  std::string target;  // as written between the quotes or brackets
  bool angled = false;
};

// Folder -> the folders it may include besides itself. Jobs are not listed: they follow a pattern.
const std::map<std::string, std::set<std::string>>& permitted();

// The floor that a root-relative file belongs to: the innermost folder of the table, "jobs/x",
// "jobs/x/core", "jobs/x/tools" or "examples/x". <tributary/...> belongs to operators. Empty if the
// path is in no floor.
std::string floor_of(std::string_view path);

std::vector<IncludeLine> include_lines(const std::string& file, std::string_view text);

// Each finding is one line, `file:line: what is wrong`. Empty when all is well.
std::vector<std::string> wrong_arrows(const std::vector<IncludeLine>& lines);
std::vector<std::string> wrong_doors(const std::vector<IncludeLine>& lines);

// The floors of one cycle of includes in the order of the walk, or empty.
std::vector<std::string> folder_cycle(const std::vector<IncludeLine>& lines);

}  // namespace tributary::house
