#include "runtime/api/run_requests.h"

#include <poll.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runtime/api/refusal.h"
#include "runtime/api/state_lock.h"
#include "runtime/api/terminal.h"

namespace tributary {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kRequestBytesMax = 64 * 1024;
constexpr std::string_view kRequest = ".json";
constexpr std::string_view kAnswer = ".answer";
constexpr int kPollMillis = 50;

std::string folder_of(const std::string& state_folder) { return state_folder + "/requests"; }

Result<RunRequest> parse(std::string id, const std::string& text) {
  const auto not_one = [&](std::string_view why) {
    return fail(ErrorCode::C115, "request {}: {}", id, why);
  };
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return not_one("no JSON object");
  const auto text_of = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string kind = text_of("kind");
  RunRequest request{.id = id, .path = text_of("path")};
  if (kind == "checkpoint") return request;
  if (kind == "savepoint") {
    request.kind = RunRequest::Kind::kSavepoint;
    if (request.path.empty()) return not_one("a savepoint has a path");
    return request;
  }
  if (kind != "stop") return not_one("kind is none of checkpoint, savepoint, stop");
  request.kind = RunRequest::Kind::kStop;
  const auto drain = json.find("drain");
  request.drain = drain != json.end() && drain->is_boolean() && drain->get<bool>();
  return request;
}

std::string json_of(const RunRequest& request) {
  Json json;
  switch (request.kind) {
    case RunRequest::Kind::kCheckpoint:
      json["kind"] = "checkpoint";
      break;
    case RunRequest::Kind::kSavepoint:
      json["kind"] = "savepoint";
      json["path"] = request.path;
      break;
    case RunRequest::Kind::kStop:
      json["kind"] = "stop";
      json["drain"] = request.drain;
      json["path"] = request.path;
      break;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string done_text(const RunRequest& request) {
  switch (request.kind) {
    case RunRequest::Kind::kCheckpoint:
      return "a checkpoint was asked for\n";
    case RunRequest::Kind::kSavepoint:
      return fmt::format("savepoint {} written\n", request.path);
    case RunRequest::Kind::kStop:
      break;
  }
  return request.path.empty() ? "stopped\n"
                              : fmt::format("stopped; savepoint {} written\n", request.path);
}

}  // namespace

RequestInbox::RequestInbox(FileSystem& files, const std::string& state_folder)
    : files_(files), folder_(folder_of(state_folder)) {
  // Without the folder nobody can ask; the job runs all the same.
  (void)files_.remove_tree(folder_);
  (void)files_.make_directories(folder_);
}

std::vector<RunRequest> RequestInbox::poll() {
  std::vector<RunRequest> requests;
  const auto entries = files_.list(folder_);
  if (!entries) return requests;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.kind != FileKind::kFile || !entry.name.ends_with(kRequest)) continue;
    if (!seen_.insert(entry.name).second) continue;
    std::string id = entry.name.substr(0, entry.name.size() - kRequest.size());
    const Result<std::string> text =
        files_.read_whole_file(folder_ + "/" + entry.name, kRequestBytesMax);
    Result<RunRequest> request =
        text ? parse(id, *text) : Result<RunRequest>(std::unexpected(text.error()));
    if (request) {
      requests.push_back(*std::move(request));
    } else {
      answer(id, request.error());
    }
  }
  return requests;
}

void RequestInbox::answer(const std::string& id, const std::optional<Error>& error) {
  // Whoever asked sees an error or the end of the job, if not this.
  (void)files_.replace_file(fmt::format("{}/{}{}", folder_, id, kAnswer),
                            error ? error->to_string() : "");
}

int request_command(const std::string& state_folder, RunRequest request,
                    const Surroundings& surroundings) {
  FileSystem& files = surroundings.files;
  if (!StateLock::is_held(state_folder))
    return refuse(Error(ErrorCode::C116, fmt::format("no job runs from {}", state_folder),
                        "name the state folder of a running job: it stands in the first line that "
                        "`tributary run` prints"),
                  surroundings);
  const std::string folder = folder_of(state_folder);
  request.id = surroundings.random.next_id().to_hex();
  const std::string answer = fmt::format("{}/{}{}", folder, request.id, kAnswer);
  const Status asked =
      files.replace_file(fmt::format("{}/{}{}", folder, request.id, kRequest), json_of(request));
  if (!asked) return refuse(asked.error(), surroundings);
  for (;;) {
    // In this order: the answer may be the job's last word.
    const bool runs = StateLock::is_held(state_folder);
    const Result<bool> answered = files.exists(answer);
    if (answered && *answered) {
      const Result<std::string> text = files.read_whole_file(answer, kRequestBytesMax);
      if (!text) return refuse(text.error(), surroundings);
      write_all(text->empty() ? surroundings.out : surroundings.err,
                text->empty() ? done_text(request) : *text + "\n");
      return text->empty() ? kExitDone : kExitFailed;
    }
    if (!runs)
      return refuse(Error(ErrorCode::C116, "the job ended before it answered",
                          "look at what it printed; tributary state list " + state_folder),
                    surroundings);
    ::poll(nullptr, 0, kPollMillis);
  }
}

}  // namespace tributary
