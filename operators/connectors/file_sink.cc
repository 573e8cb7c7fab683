#include "operators/connectors/file_sink.h"

#include <utility>

namespace tributary {

FileConnector::Settings FileSink::connector_settings(const std::string& directory,
                                                     const SinkIdentity& identity) {
  return {.directory = directory,
          .uid = identity.uid,
          .sink = identity.sink,
          .numbers = identity.numbers,
          .hazards = {}};
}

Status FileSink::open(OperatorContext& context) {
  context_ = &context;
  format_ = TRY(PartFormat::make(options_));
  TRY(options_.files->make_directories(options_.directory));
  StagedOutput* output = context.staged_output();
  if (output == nullptr) {
    direct_name_ = fmt::format("part-{}.{}", context.task_index(), format_->extension());
    direct_ = std::make_unique<PartFiles>(options_.files);
    return {};
  }
  staged_ = std::make_unique<StagedFiles>(
      connector_settings(options_.directory, output->identity()), format_->extension(),
      options_.files, context.parallelism(), *output, [this] {
        context_->count("write_failures", 1);
        retry_at_ = context_->clock().now() + kRetryAfter;
        context_->wake_at(retry_at_);
      });
  return {};
}

PartFiles::File& FileSink::file_of(const void* record) {
  key_.clear();
  format_->append_key(record, key_);
  if (last_ != nullptr && key_ == last_key_) return *last_;
  PartFiles::File*& file = by_key_[key_];
  if (file == nullptr) {
    const std::string folder = format_->folder(record);
    if (staged_) {
      file = &staged_->writer().file(folder);
    } else {
      const std::string in = folder.empty() ? "" : folder + "/";
      file = &direct_->add(fmt::format("{}/{}{}", options_.directory, in, direct_name_));
    }
  }
  last_ = file;
  last_key_ = key_;
  return *file;
}

void FileSink::forget_files() {
  by_key_.clear();
  last_ = nullptr;
}

bool FileSink::must_wait() {
  if (!staged_ || !staged_->blocked()) return false;
  if (context_->clock().now() >= retry_at_) staged_->retry();
  if (!staged_->blocked()) return false;
  context_->wake_at(retry_at_);
  return true;
}

std::uint32_t FileSink::process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) {
  if (failure_) throw OperatorFailure{*failure_};
  if (must_wait()) return from;
  for (std::uint32_t i = from; i < batch->size(); ++i) {
    const void* record = batch->record(i);
    PartFiles::File& file = file_of(record);
    const std::size_t before = file.buffer.size();
    Status line = format_->append_line(record, batch->operation(i), file.empty(), file.buffer);
    if (!line) {
      file.buffer.resize(before);
      throw OperatorFailure{
          std::move(line).error().in(fmt::format("writing to {}", options_.directory))};
    }
    Status written = files().added(file, file.buffer.size() - before);
    if (written) continue;
    if (!staged_) {
      failure_ = written.error();
      throw OperatorFailure{std::move(written).error()};
    }
    // The line is kept.
    staged_->write_failed(std::move(written).error());
    return i + 1;
  }
  return batch->size();
}

Progress FileSink::on_processing_time(Timestamp, Output&) {
  (void)must_wait();
  return Progress::kDone;
}

OperatorSnapshot FileSink::snapshot(CheckpointId id) {
  if (staged_) {
    forget_files();
    staged_->end_epoch({id.value});
  }
  return {};
}

// What is staged is out of reach of readers until it is published.
Status FileSink::flush() {
  if (staged_) return {};
  if (failure_) return std::unexpected(*failure_);
  Status written = direct_->write_all();
  if (!written) failure_ = written.error();
  return written;
}

Status FileSink::close(bool clean) {
  // The last barrier may still come; what it does not cover is nobody's.
  if (!direct_) return {};
  // After a failure elsewhere the lines are whole all the same, and worth reading.
  Status written = flush();
  Status closed = direct_->close_all();
  forget_files();
  direct_.reset();
  if (!clean) return {};
  return written ? closed : written;
}

}  // namespace tributary
