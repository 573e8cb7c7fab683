#include "runtime/cluster/record_writer.h"

#include <algorithm>
#include <utility>

namespace tributary {
namespace {

constexpr std::int64_t kPauseNanos = 1'000'000'000;

bool may_pass(ErrorCode code) {
  return code == ErrorCode::F101 || code == ErrorCode::F102 || code == ErrorCode::S440;
}

}  // namespace

RecordWriter::RecordWriter(MetadataStore& store, std::string key, MetadataVersion version,
                           const Clock& clock)
    : store_(store), key_(std::move(key)), version_(version), clock_(clock) {}

void RecordWriter::write(const cluster::JobRecord& record, Done done) {
  bytes_ = record.SerializeAsString();
  waiting_.push_back(std::move(done));
  // What waits for the store goes with it, in its time.
  if (failure_ && !gives_up_) return;
  try_now();
}

bool RecordWriter::step() {
  if (clock_.monotonic_nanos() < next_nanos()) return false;
  try_now();
  return true;
}

void RecordWriter::give_up() {
  gives_up_ = true;
  if (!waiting_.empty()) try_now();
}

std::optional<Timestamp> RecordWriter::failing_since() const {
  if (!failure_) return std::nullopt;
  return failing_since_;
}

void RecordWriter::try_now() {
  const Status written = put();
  if (!written && may_pass(written.error().code()) && !gives_up_) {
    if (!failure_) failing_since_ = clock_.now();
    failure_ = Error(written.error()).in("writing the job's record");
    ++failures_;
    retry_at_ = clock_.monotonic_nanos() + kPauseNanos;
    return;
  }
  failure_.reset();
  // Each may write the next record.
  for (const Done& done : std::exchange(waiting_, {})) done(written);
}

Status RecordWriter::put() {
  for (;;) {
    const auto outcome = store_.compare_and_set(key_, version_, bytes_);
    if (!outcome) {
      if (tried_.empty() || tried_.back() != bytes_) tried_.push_back(bytes_);
      return std::unexpected(outcome.error());
    }
    if (outcome->stored) {
      version_ = outcome->version;
      tried_.clear();
      return {};
    }
    if (!TRY(was_ours()))
      return fail(ErrorCode::J601, "the job's record is at version {}, this coordinator wrote {}",
                  outcome->version.value, version_.value);
  }
}

Result<bool> RecordWriter::was_ours() {
  if (tried_.empty()) return false;
  const auto found = TRY(store_.get(key_));
  if (!found || found->version.value != version_.value + 1 ||
      std::ranges::find(tried_, found->bytes) == tried_.end())
    return false;
  version_ = found->version;
  tried_.clear();
  return true;
}

}  // namespace tributary
