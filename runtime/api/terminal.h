// runtime/api/terminal.h
// Where `tributary run` shows progress: a block that is drawn over itself on a terminal, and goes
// away at the end.
//
// Thread: one. Writes to a descriptor at once, without buffering.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

bool is_terminal(int descriptor);
// Its columns; 80 if it does not say.
std::size_t terminal_width(int descriptor);
// All bytes, or until the descriptor fails (a reader that has gone is no reason to stop a job).
void write_all(int descriptor, std::string_view bytes);

class TerminalBlock {
 public:
  explicit TerminalBlock(int descriptor) : descriptor_(descriptor) {}
  ~TerminalBlock() { clear(); }
  TerminalBlock(const TerminalBlock&) = delete;
  TerminalBlock& operator=(const TerminalBlock&) = delete;

  // Draws the lines where the last ones were. Each must fit the terminal's width.
  void show(const std::vector<std::string>& lines);
  void clear();

 private:
  int descriptor_;
  std::size_t shown_ = 0;
};

// The bytes that replace a block of `shown` lines by `lines`.
std::string redraw(std::size_t shown, const std::vector<std::string>& lines);

}  // namespace tributary
