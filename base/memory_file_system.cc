#include "base/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace tributary {
namespace {

using internal::file_error;

constexpr std::size_t kGatherBytes = 64 * 1024;

struct Node;
using NodePointer = std::shared_ptr<Node>;
using Entries = std::map<std::string, NodePointer, std::less<>>;

struct Node {
  bool is_directory = false;
  std::uint64_t inode = 0;
  Timestamp modified;
  std::string bytes;
  std::string durable_bytes;
  Entries entries;
  Entries durable_entries;
};

// "a/b" of "/a//x/../b/"; the root is "".
std::string canonical(std::string_view path) {
  // Most are so already.
  const auto is_plain = [&] {
    if (path.starts_with('/') || path.ends_with('/')) return false;
    for (std::size_t at = 0; at < path.size(); ++at) {
      if (at != 0 && path[at - 1] != '/') continue;
      if (path[at] == '/' || path[at] == '.') return false;
    }
    return true;
  };
  if (is_plain()) return std::string(path);
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

std::pair<std::string, std::string> folder_and_name(const std::string& canonical_path) {
  const std::size_t slash = canonical_path.rfind('/');
  if (slash == std::string::npos) return {"", canonical_path};
  return {canonical_path.substr(0, slash), canonical_path.substr(slash + 1)};
}

void forget_undurable(Node& node) {
  node.bytes = node.durable_bytes;
  node.entries = node.durable_entries;
  for (const auto& [name, child] : node.entries) forget_undurable(*child);
}

}  // namespace

struct MemoryFileSystem::State {
  struct Fault {
    int error_number = 0;
    std::uint64_t skip = 0;
  };

  std::mutex mutex;
  NodePointer root;
  std::uint64_t generation = 0;  // power cuts so far
  std::uint64_t last_inode = 0;
  std::int64_t changes = 0;  // stands for the wall clock: each change is a microsecond later
  std::map<std::pair<std::string, FileOperation>, Fault> faults;
  std::map<std::string, std::size_t> read_limits;

  NodePointer make_node(bool is_directory) {
    auto node = std::make_shared<Node>();
    node->is_directory = is_directory;
    node->inode = ++last_inode;
    touch(*node);
    return node;
  }
  void touch(Node& node) { node.modified = {++changes}; }

  // 0 or the injected errno.
  int fault(const std::string& path, FileOperation operation) {
    const auto found = faults.find({path, operation});
    if (found == faults.end()) return 0;
    if (found->second.skip == 0) return found->second.error_number;
    --found->second.skip;
    return 0;
  }

  // Null if missing; `why` is then ENOENT or ENOTDIR.
  NodePointer find(std::string_view path, int& why) const {
    NodePointer node = root;
    while (!path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      if (!node->is_directory) {
        why = ENOTDIR;
        return nullptr;
      }
      const auto entry = node->entries.find(path.substr(0, slash));
      if (entry == node->entries.end()) {
        why = ENOENT;
        return nullptr;
      }
      node = entry->second;
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return node;
  }
  // The same, of a folder.
  NodePointer find_directory(std::string_view path, int& why) const {
    NodePointer node = find(path, why);
    if (node == nullptr || node->is_directory) return node;
    why = ENOTDIR;
    return nullptr;
  }
};

class MemoryFileSystem::Reader final : public ReadableFile {
 public:
  Reader(std::shared_ptr<State> state, std::string path, NodePointer node)
      : state_(std::move(state)),
        path_(std::move(path)),
        node_(std::move(node)),
        generation_(state_->generation) {}

  Result<std::size_t> read(std::span<char> to) override {
    const std::lock_guard lock(state_->mutex);
    const auto limit = state_->read_limits.find(path_);
    if (limit != state_->read_limits.end()) to = to.first(std::min(to.size(), limit->second));
    const std::size_t got = TRY(copy(position_, to));
    position_ += got;
    return got;
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
    const std::lock_guard lock(state_->mutex);
    return copy(offset, to);
  }
  std::uint64_t position() const override { return position_; }
  void seek(std::uint64_t position) override { position_ = position; }
  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(state_->mutex);
    if (generation_ != state_->generation)
      return file_error(ErrorCode::F101, "reading the size of", path_, EIO);
    return node_->bytes.size();
  }

 private:
  Result<std::size_t> copy(std::uint64_t offset, std::span<char> to) const {
    int why = state_->fault(path_, FileOperation::kRead);
    if (generation_ != state_->generation) why = EIO;
    if (why != 0) return file_error(ErrorCode::F101, "reading", path_, why);
    if (offset >= node_->bytes.size() || to.empty()) return 0;
    const auto count = std::min<std::size_t>(to.size(), node_->bytes.size() - offset);
    std::memcpy(to.data(), node_->bytes.data() + offset, count);
    return count;
  }

  std::shared_ptr<State> state_;
  std::string path_;
  NodePointer node_;
  std::uint64_t generation_;
  std::uint64_t position_ = 0;
};

class MemoryFileSystem::Writer final : public WritableFile {
 public:
  Writer(std::shared_ptr<State> state, std::string path, NodePointer node)
      : state_(std::move(state)),
        path_(std::move(path)),
        node_(std::move(node)),
        generation_(state_->generation),
        size_(node_->bytes.size()) {}

  Status append(std::string_view bytes) override {
    size_ += bytes.size();
    gathered_.append(bytes);
    if (gathered_.size() < kGatherBytes) return {};
    return flush();
  }
  Status flush() override {
    const std::lock_guard lock(state_->mutex);
    return flush_locked();
  }
  Status sync() override {
    const std::lock_guard lock(state_->mutex);
    TRY(flush_locked());
    if (failed_ == 0) failed_ = state_->fault(path_, FileOperation::kSync);
    if (failed_ != 0) return file_error(ErrorCode::F102, "making durable", path_, failed_);
    node_->durable_bytes = node_->bytes;
    return {};
  }
  Status close() override { return flush(); }
  std::uint64_t size() const override { return size_; }

 private:
  // As on a disk, a failure leaves the file unknown: every later write fails too.
  Status flush_locked() {
    if (generation_ != state_->generation) failed_ = EIO;
    if (failed_ == 0 && gathered_.empty()) return {};
    if (failed_ == 0) failed_ = state_->fault(path_, FileOperation::kWrite);
    if (failed_ != 0) {
      gathered_.clear();
      return file_error(ErrorCode::F102, "writing", path_, failed_);
    }
    node_->bytes += std::exchange(gathered_, {});
    state_->touch(*node_);
    return {};
  }

  std::shared_ptr<State> state_;
  std::string path_;
  NodePointer node_;
  std::uint64_t generation_;
  std::uint64_t size_;
  std::string gathered_;
  int failed_ = 0;
};

MemoryFileSystem::MemoryFileSystem() : state_(std::make_shared<State>()) {
  state_->root = state_->make_node(true);
}
MemoryFileSystem::~MemoryFileSystem() = default;

Result<std::unique_ptr<ReadableFile>> MemoryFileSystem::open_read(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = canonical(path);
  int why = state_->fault(name, FileOperation::kRead);
  const NodePointer node = why == 0 ? state_->find(name, why) : nullptr;
  if (node != nullptr && node->is_directory) why = EISDIR;
  if (why != 0) return file_error(ErrorCode::F101, "opening", path, why);
  return std::make_unique<Reader>(state_, name, node);
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::create(const std::string& path) {
  return open_write(path, true);
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::append(const std::string& path) {
  return open_write(path, false);
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::open_write(const std::string& path,
                                                                   bool emptied) {
  const std::lock_guard lock(state_->mutex);
  const std::string full = canonical(path);
  const auto [folder, name] = folder_and_name(full);
  int why = state_->fault(full, FileOperation::kWrite);
  const NodePointer parent = why == 0 ? state_->find_directory(folder, why) : nullptr;
  if (parent != nullptr && name.empty()) why = EISDIR;
  if (why != 0) return file_error(ErrorCode::F102, "creating", path, why);
  NodePointer& node = parent->entries[name];
  if (node == nullptr) {
    node = state_->make_node(false);
    state_->touch(*parent);
  }
  if (node->is_directory) return file_error(ErrorCode::F102, "creating", path, EISDIR);
  if (emptied) {
    node->bytes.clear();
    state_->touch(*node);
  }
  return std::make_unique<Writer>(state_, full, node);
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::list(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = canonical(directory);
  int why = state_->fault(name, FileOperation::kRead);
  const NodePointer node = why == 0 ? state_->find_directory(name, why) : nullptr;
  if (node == nullptr) return file_error(ErrorCode::F101, "listing", directory, why);
  std::vector<DirectoryEntry> entries;
  for (const auto& [child_name, child] : node->entries)
    entries.push_back({child_name, child->is_directory ? FileKind::kDirectory : FileKind::kFile,
                       child->bytes.size(), child->inode});
  return entries;
}

Result<bool> MemoryFileSystem::exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  int why = 0;
  return state_->find(canonical(path), why) != nullptr;
}

Result<FileStatus> MemoryFileSystem::stat(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = canonical(path);
  int why = state_->fault(name, FileOperation::kRead);
  const NodePointer node = why == 0 ? state_->find(name, why) : nullptr;
  if (node == nullptr) return file_error(ErrorCode::F101, "looking at", path, why);
  return FileStatus{node->is_directory ? FileKind::kDirectory : FileKind::kFile, node->bytes.size(),
                    node->modified, node->inode};
}

Status MemoryFileSystem::make_directories(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const std::string full = canonical(path);
  NodePointer node = state_->root;
  std::string_view rest = full;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    NodePointer& child = node->entries[std::string(rest.substr(0, slash))];
    if (child == nullptr) {
      child = state_->make_node(true);
      state_->touch(*node);
    }
    if (!child->is_directory)
      return file_error(ErrorCode::F102, "creating the folder", path,
                        slash == rest.size() ? EEXIST : ENOTDIR);
    node = NodePointer(child);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return {};
}

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  const std::string full_from = canonical(from);
  const std::string full_to = canonical(to);
  const auto refuse = [&](int error_number) {
    return file_error(ErrorCode::F102, fmt::format("renaming {} to", from), to, error_number);
  };
  int why = state_->fault(full_from, FileOperation::kWrite);
  if (why == 0) why = state_->fault(full_to, FileOperation::kWrite);
  if (why != 0) return refuse(why);
  if (full_from.empty() || full_to.empty()) return refuse(EBUSY);
  const NodePointer node = state_->find(full_from, why);
  if (node == nullptr) return refuse(why);
  if (full_to.starts_with(full_from + "/")) return refuse(EINVAL);
  const auto [from_folder, from_name] = folder_and_name(full_from);
  const auto [to_folder, to_name] = folder_and_name(full_to);
  const NodePointer target_parent = state_->find_directory(to_folder, why);
  if (target_parent == nullptr) return refuse(why);
  const NodePointer source_parent = state_->find_directory(from_folder, why);
  const auto replaced = target_parent->entries.find(to_name);
  if (replaced != target_parent->entries.end()) {
    if (replaced->second == node) return {};
    if (node->is_directory && !replaced->second->is_directory) return refuse(ENOTDIR);
    if (!node->is_directory && replaced->second->is_directory) return refuse(EISDIR);
    if (!replaced->second->entries.empty()) return refuse(ENOTEMPTY);
  }
  source_parent->entries.erase(from_name);
  target_parent->entries[to_name] = node;
  state_->touch(*source_parent);
  state_->touch(*target_parent);
  return {};
}

Result<bool> MemoryFileSystem::link_without_replace(const std::string& from,
                                                    const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  const std::string full_to = canonical(to);
  const auto [folder, name] = folder_and_name(full_to);
  int why = state_->fault(full_to, FileOperation::kWrite);
  const NodePointer node = why == 0 ? state_->find(canonical(from), why) : nullptr;
  const NodePointer parent = why == 0 ? state_->find_directory(folder, why) : nullptr;
  if (why == 0 && node->is_directory) why = EPERM;
  if (why != 0) return file_error(ErrorCode::F102, fmt::format("linking {} to", from), to, why);
  const bool linked = !name.empty() && parent->entries.emplace(name, node).second;
  if (linked) state_->touch(*parent);
  return linked;
}

Status MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const std::string full = canonical(path);
  const auto [folder, name] = folder_and_name(full);
  int why = state_->fault(full, FileOperation::kWrite);
  const NodePointer node = why == 0 ? state_->find(full, why) : nullptr;
  if (why == 0 && full.empty()) why = EBUSY;
  if (why == 0 && !node->entries.empty()) why = ENOTEMPTY;
  if (why != 0) return file_error(ErrorCode::F102, "removing", path, why);
  const NodePointer parent = state_->find(folder, why);
  parent->entries.erase(name);
  state_->touch(*parent);
  return {};
}

Status MemoryFileSystem::truncate(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(state_->mutex);
  const std::string full = canonical(path);
  int why = state_->fault(full, FileOperation::kWrite);
  const NodePointer node = why == 0 ? state_->find(full, why) : nullptr;
  if (why == 0 && node->is_directory) why = EISDIR;
  if (why != 0) return file_error(ErrorCode::F102, "truncating", path, why);
  node->bytes.resize(size);
  state_->touch(*node);
  return {};
}

Status MemoryFileSystem::sync_directory(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = canonical(directory);
  int why = state_->fault(name, FileOperation::kSync);
  const NodePointer node = why == 0 ? state_->find_directory(name, why) : nullptr;
  if (node == nullptr) return file_error(ErrorCode::F102, "making durable", directory, why);
  node->durable_entries = node->entries;
  return {};
}

void MemoryFileSystem::drop_unsynced() {
  const std::lock_guard lock(state_->mutex);
  ++state_->generation;
  forget_undurable(*state_->root);
}

void MemoryFileSystem::inject_error(const std::string& path, FileOperation operation,
                                    int error_number, std::uint64_t skip) {
  const std::lock_guard lock(state_->mutex);
  state_->faults[{canonical(path), operation}] = {error_number, skip};
}

void MemoryFileSystem::limit_reads(const std::string& path, std::size_t bytes) {
  const std::lock_guard lock(state_->mutex);
  TRIBUTARY_CHECK(bytes > 0);
  state_->read_limits[canonical(path)] = bytes;
}

void MemoryFileSystem::clear_faults() {
  const std::lock_guard lock(state_->mutex);
  state_->faults.clear();
  state_->read_limits.clear();
}

}  // namespace tributary
