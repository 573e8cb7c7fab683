#include "checkpoint/publish/part_files.h"

namespace tributary {

Status PartFiles::added(File& file, std::size_t bytes) {
  buffered_ += bytes;
  if (file.buffer.size() >= kBufferBytes) TRY(write_out(file));
  if (buffered_ >= kBuffersBytes) return write_all();
  return {};
}

Status PartFiles::write_all() {
  if (buffered_ == 0) return {};
  for (File& file : all_) TRY(write_out(file));
  return {};
}

Status PartFiles::write_out(File& file) {
  if (file.buffer.empty()) return {};
  TRY(open(file));
  Status written = file.handle_->append(file.buffer);
  if (written) written = file.handle_->flush();
  if (!written) {
    // What is closed now is cut off anyway: the first failure is the one to tell.
    (void)file.handle_->close();
    file.handle_.reset();
    open_.erase(file.recent_);
    file.torn_ = !files_->truncate(file.path_, file.written_);
    return written;
  }
  file.written_ += file.buffer.size();
  file.hasher_.update(file.buffer);
  buffered_ -= file.buffer.size();
  file.buffer.clear();
  // Of many files each would keep the memory of its largest buffer.
  if (all_.size() > kOpenFilesMax) file.buffer.shrink_to_fit();
  return {};
}

// Of many files only the recently written stay open.
Status PartFiles::open(File& file) {
  if (file.handle_ != nullptr) {
    open_.splice(open_.begin(), open_, file.recent_);
    return {};
  }
  if (open_.size() >= kOpenFilesMax) TRY(release(*open_.back()));
  if (file.created_) {
    if (file.torn_) TRY(files_->truncate(file.path_, file.written_));
    file.torn_ = false;
    file.handle_ = TRY(files_->append(file.path_));
  } else {
    TRY(files_->make_directories(parent_directory(file.path_)));
    if (TRY(files_->exists(file.path_)))
      return fail(ErrorCode::F103, "writing {}: the file is there already", file.path_);
    file.handle_ = TRY(files_->create(file.path_));
    file.created_ = true;
  }
  open_.push_front(&file);
  file.recent_ = open_.begin();
  return {};
}

Status PartFiles::release(File& file) {
  open_.erase(file.recent_);
  Status closed = std::exchange(file.handle_, nullptr)->close();
  if (!closed) lost_ = true;
  return closed;
}

Status PartFiles::sync_all() {
  TRY(write_all());
  for (File& file : all_) {
    if (!file.created_) continue;
    // Linux tells of a failed write-back whoever syncs next, also by another descriptor.
    TRY(open(file));
    if (Status synced = file.handle_->sync(); !synced) {
      lost_ = true;
      return synced;
    }
    TRY(release(file));
  }
  return {};
}

Status PartFiles::close_all() {
  Status closed;
  while (!open_.empty()) {
    Status one = release(*open_.back());
    if (closed) closed = std::move(one);
  }
  return closed;
}

}  // namespace tributary
