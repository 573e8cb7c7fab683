// runtime/api/run_requests.h
// What people ask of a job that runs in another process of this host: requests are small files in
// its state folder, answers lie beside them. Who may write there may ask.
//
//   <state>/requests/<id>.json    {"kind":"savepoint","path":"…"}, {"kind":"stop","drain":false,
//                                 "path":"…"} or {"kind":"checkpoint"}
//   <state>/requests/<id>.answer  "" or the error's text
//
// Thread: the main one of its process. What lies there from before a start is nobody's request.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "runtime/api/surroundings.h"

namespace tributary {

struct RunRequest {
  enum class Kind : std::uint8_t { kCheckpoint, kSavepoint, kStop };
  std::string id;
  Kind kind = Kind::kCheckpoint;
  std::string path;  // of the savepoint; kStop: may be empty
  bool drain = false;
};

// The side of the job.
class RequestInbox {
 public:
  // Empties the folder.
  RequestInbox(FileSystem& files, const std::string& state_folder);

  // What came since the last call. One that is not understood is answered at once.
  std::vector<RunRequest> poll();
  void answer(const std::string& id, const std::optional<Error>& error);

 private:
  FileSystem& files_;
  const std::string folder_;
  std::set<std::string> seen_;
};

// The other side: `tributary savepoint|stop|checkpoint STATE`. Waits for the answer, or until the
// job has ended.
int request_command(const std::string& state_folder, RunRequest request,
                    const Surroundings& surroundings);

}  // namespace tributary
