// operators/connectors/file_sink.h
// Writes records to files of a folder, or below folders named after fields
// (<dir>/tenant=acme/part-0.jsonl), so that access rights can follow them.
//
// Directly, in a job without checkpoints: part-<task>.jsonl, whose lines can be read as they are
// written; no file that is there is touched (F103), and a failed write fails the job. With
// checkpoints, exactly once: part-<number>-<epoch>.jsonl, whole or not there (staged_files.h).
// Thread: one task; no two tasks write the same file. Invariant: lines are whole: a flush never
// cuts one, and what a failed write left of one is taken back. Order within a file is the order of
// arrival.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "checkpoint/publish/part_files.h"
#include "operators/connectors/part_format.h"
#include "operators/connectors/staged_files.h"
#include "runtime/exec/operator.h"

namespace tributary {

class FileSink final : public Operator {
 public:
  explicit FileSink(FileSinkOptions options) : options_(std::move(options)) {}

  Status open(OperatorContext& context) override;
  OperatorSnapshot snapshot(CheckpointId id) override;
  // Throws OperatorFailure when a file cannot be written directly, or a record cannot be a line.
  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                        Output& out) override;
  Progress on_processing_time(Timestamp now, Output& out) override;
  Status flush() override;
  Status close(bool clean) override;

  // Where an exactly-once sink stages and publishes.
  static FileConnector::Settings connector_settings(const std::string& directory,
                                                    const SinkIdentity& identity);

  static constexpr Duration kRetryAfter = seconds(1);

 private:
  PartFiles& files() { return staged_ ? staged_->writer().files() : *direct_; }
  // The file of the folder that the record belongs to.
  PartFiles::File& file_of(const void* record);
  void forget_files();
  // Nothing is taken now; something failed and waits.
  bool must_wait();

  const FileSinkOptions options_;
  OperatorContext* context_ = nullptr;
  std::optional<PartFormat> format_;
  std::string direct_name_;
  std::unique_ptr<PartFiles> direct_;
  std::optional<Error> failure_;  // of a direct write: nothing is written after it
  std::unique_ptr<StagedFiles> staged_;
  Timestamp retry_at_;

  std::unordered_map<std::string, PartFiles::File*> by_key_;
  PartFiles::File* last_ = nullptr;
  std::string last_key_;
  std::string key_;  // kept for its memory
};

}  // namespace tributary
