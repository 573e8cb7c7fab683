#include "runtime/api/terminal.h"

#include <cerrno>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tributary {

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::size_t terminal_width(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string redraw(std::size_t shown, const std::vector<std::string>& lines) {
  std::string bytes;
  if (shown > 0) bytes += "\x1b[" + std::to_string(shown) + "F\x1b[J";
  for (const std::string& line : lines) bytes += line + "\n";
  return bytes;
}

void TerminalBlock::show(const std::vector<std::string>& lines) {
  write_all(descriptor_, redraw(shown_, lines));
  shown_ = lines.size();
}

void TerminalBlock::clear() {
  if (shown_ > 0) show({});
}

}  // namespace tributary
