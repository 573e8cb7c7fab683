#include "runtime/api/state_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tributary {
namespace {

std::string path_in(const std::string& folder) { return folder + "/lock"; }

// Who wrote himself in; empty if nobody did yet.
std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), 0);
  std::string_view holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  holder = holder.substr(0, holder.find('\n'));
  return std::string(holder);
}

}  // namespace

Result<StateLock> StateLock::acquire(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const std::string path = path_in(folder);
  const int descriptor =
      failed ? -1 : ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0)
    return fail(ErrorCode::F102, "writing {}: {}", path,
                failed ? failed.message() : std::strerror(errno));
  StateLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = holder_of(descriptor);
    return fail(ErrorCode::J605, "state folder {} is in use by process {}", folder,
                holder.empty() ? "?" : holder);
  }
  const std::string self = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size()))
    return fail(ErrorCode::F102, "writing {}: {}", path, std::strerror(errno));
  return lock;
}

bool StateLock::is_held(const std::string& folder) {
  const int descriptor = ::open(path_in(folder).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  ::close(descriptor);
  return held;
}

StateLock::StateLock(StateLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

StateLock::~StateLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tributary
