#include "tests/house/arrows.h"

#include <algorithm>
#include <regex>
#include <sstream>

namespace tributary::house {
namespace {

bool starts_with_folder(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

// An example is a job that shows how to write one.
bool is_job(std::string_view floor) {
  return floor.starts_with("jobs/") || floor.starts_with("examples/");
}

// "jobs/x/core/a.h" -> "jobs/x/core"; "jobs/x/deep/a.h" -> "jobs/x"; "jobs/CMakeLists.txt" -> "".
std::string job_floor_of(std::string_view path) {
  const std::size_t name_end = path.find('/', path.find('/') + 1);
  if (name_end == std::string_view::npos) return {};
  std::string job(path.substr(0, name_end));
  for (const char* part : {"/core", "/tools"}) {
    if (starts_with_folder(path, job + part)) return job + part;
  }
  return job;
}

std::string job_of(const std::string& floor) {
  return floor.substr(0, floor.find('/', floor.find('/') + 1));
}

bool job_may_see(const std::string& from, const std::string& to) {
  const std::string core = job_of(from) + "/core";
  if (to == "base" || to == core) return true;
  const bool is_job_itself = from == job_of(from);
  return is_job_itself && (to == "operators" || to == "operators/connectors");
}

bool may_see(const std::string& from, const std::string& to) {
  if (from == to) return true;
  if (is_job(from)) return job_may_see(from, to);
  const auto found = permitted().find(from);
  return found != permitted().end() && found->second.contains(to);
}

// Does the target name a file of ours, rather than of the system or another library?
bool is_ours(const std::string& target) {
  static const std::set<std::string, std::less<>> roots = {"base",      "checkpoint", "runtime",
                                                           "operators", "tributary",  "jobs",
                                                           "examples",  "tests",      "bench"};
  return roots.contains(target.substr(0, target.find('/'))) &&
         target.find('/') != std::string::npos;
}

std::string at(const IncludeLine& line) {
  return line.file + ":" + std::to_string(line.line) + ": ";
}

struct Door {
  std::string_view prefix;
  bool (*open_to)(const std::string& file, const std::string& floor);
  std::string_view where;
};

const Door kDoors[] = {
    {"rocksdb/", [](const std::string&, const std::string& floor) { return floor == "checkpoint"; },
     "checkpoint/"},
    {"librdkafka/",
     [](const std::string&, const std::string& floor) { return floor == "operators/connectors"; },
     "operators/connectors/"},
    {"boost/asio",
     [](const std::string& file, const std::string& floor) {
       return floor == "runtime/net" || file.starts_with("runtime/exec/run_loop");
     },
     "runtime/net/ and runtime/exec/run_loop*"},
    {"CLI/",
     [](const std::string&, const std::string& floor) {
       return floor == "runtime/api" || (is_job(floor) && floor.ends_with("/tools"));
     },
     "runtime/api/ and jobs/*/tools/"},
    {"openssl/",
     [](const std::string&, const std::string& floor) {
       return is_job(floor) && floor.ends_with("/tools");
     },
     "jobs/*/tools/"},
};

// What base/ may include of others: the system's folders and these libraries.
bool base_may_include(const std::string& target) {
  if (target.find('/') == std::string::npos) return target != "zstd.h" && target != "lz4.h";
  static constexpr std::string_view kPrefixes[] = {"fmt/", "absl/",    "nlohmann/", "sanitizer/",
                                                   "sys/", "netinet/", "arpa/",     "linux/"};
  return std::ranges::any_of(kPrefixes, [&](auto prefix) { return target.starts_with(prefix); });
}

}  // namespace

const std::map<std::string, std::set<std::string>>& permitted() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"base", {}},
      {"checkpoint", {"base"}},
      {"checkpoint/publish", {"base", "checkpoint"}},
      {"checkpoint/manifest", {"base", "checkpoint", "checkpoint/publish"}},
      {"checkpoint/inspect", {"base", "checkpoint", "checkpoint/publish", "checkpoint/manifest"}},
      {"runtime/graph", {"base", "checkpoint"}},
      {"runtime/net", {"base", "runtime/graph"}},
      {"runtime/exec",
       {"base", "checkpoint", "checkpoint/publish", "checkpoint/manifest", "runtime/graph",
        "runtime/net"}},
      {"runtime/cluster",
       {"base", "checkpoint", "checkpoint/publish", "checkpoint/manifest", "runtime/graph",
        "runtime/net", "runtime/exec"}},
      {"runtime/api",
       {"base", "checkpoint", "checkpoint/publish", "checkpoint/manifest", "checkpoint/inspect",
        "runtime/graph", "runtime/net", "runtime/exec", "runtime/cluster"}},
      {"operators", {"base", "checkpoint", "runtime/graph", "runtime/exec"}},
      {"operators/connectors",
       {"base", "checkpoint/publish", "runtime/graph", "runtime/exec", "operators"}},
      {"operators/testing",
       {"base", "checkpoint", "checkpoint/publish", "checkpoint/manifest", "runtime/graph",
        "runtime/net", "runtime/exec", "runtime/cluster", "runtime/api", "operators",
        "operators/connectors"}},
  };
  return table;
}

std::string floor_of(std::string_view path) {
  if (starts_with_folder(path, "tributary")) return "operators";
  if (is_job(path)) return job_floor_of(path);
  std::string innermost;
  for (const auto& [folder, unused] : permitted()) {
    if (starts_with_folder(path, folder) && folder.size() > innermost.size()) innermost = folder;
  }
  return innermost;
}

std::vector<IncludeLine> include_lines(const std::string& file, std::string_view text) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<IncludeLine> lines;
  std::istringstream stream{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::smatch match;
    if (line.find("include") == std::string::npos || !std::regex_search(line, match, pattern)) {
      continue;
    }
    lines.push_back({file, number, match[2], match[1] == "<"});
  }
  return lines;
}

std::vector<std::string> wrong_arrows(const std::vector<IncludeLine>& lines) {
  std::vector<std::string> findings;
  for (const IncludeLine& line : lines) {
    const std::string from = floor_of(line.file);
    if (from.empty()) {
      findings.push_back(at(line) + "the file lies in no folder of the table of floors");
      continue;
    }
    if (!is_ours(line.target)) {
      // The build has one include root, so a name without a folder is a sibling found by luck.
      if (!line.angled) {
        findings.push_back(at(line) + "write \"" + line.target + "\" from the root of the tree");
      }
      continue;
    }
    const std::string to = floor_of(line.target);
    if (to.empty() || !may_see(from, to)) {
      findings.push_back(at(line) + from + " may not include " + line.target);
    } else if (is_job(from) && line.target.starts_with("operators/") && to == "operators") {
      findings.push_back(at(line) + "a job sees operators through <tributary/...> only, not " +
                         line.target);
    } else if (line.target.starts_with("tributary/") != line.angled) {
      findings.push_back(at(line) + "write <tributary/...> and \"folder/file.h\", not the reverse");
    }
  }
  return findings;
}

std::vector<std::string> wrong_doors(const std::vector<IncludeLine>& lines) {
  std::vector<std::string> findings;
  for (const IncludeLine& line : lines) {
    const std::string floor = floor_of(line.file);
    for (const Door& door : kDoors) {
      if (line.target.starts_with(door.prefix) && !door.open_to(line.file, floor)) {
        findings.push_back(at(line) + line.target +
                           " stays behind its door: " + std::string(door.where));
      }
    }
    if (floor == "base" && !is_ours(line.target) && !base_may_include(line.target)) {
      findings.push_back(at(line) + line.target + " is not among the libraries base/ stands on");
    }
  }
  return findings;
}

std::vector<std::string> folder_cycle(const std::vector<IncludeLine>& lines) {
  std::map<std::string, std::set<std::string>> arrows;
  for (const IncludeLine& line : lines) {
    const std::string from = floor_of(line.file);
    const std::string to = is_ours(line.target) ? floor_of(line.target) : std::string();
    if (!from.empty() && !to.empty() && from != to) arrows[from].insert(to);
  }
  std::set<std::string> done;
  std::vector<std::string> path;
  const auto visit = [&](const auto& self, const std::string& folder) -> bool {
    if (const auto seen = std::ranges::find(path, folder); seen != path.end()) {
      path.erase(path.begin(), seen);
      path.push_back(folder);
      return true;
    }
    if (done.contains(folder)) return false;
    path.push_back(folder);
    for (const std::string& next : arrows[folder]) {
      if (self(self, next)) return true;
    }
    path.pop_back();
    done.insert(folder);
    return false;
  };
  for (const auto& [folder, unused] : std::map(arrows)) {
    if (visit(visit, folder)) return path;
  }
  return {};
}

}  // namespace tributary::house
