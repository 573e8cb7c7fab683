#include "checkpoint/tiered_backing.h"

#include <mutex>
#include <utility>

#include "base/hash.h"

namespace tributary {

// What jobs of the pool share with the owner; lives as long as either.
struct TieredBacking::Shared {
  std::mutex mutex;
  std::unique_ptr<Lsm> lsm;                    // guarded by mutex until it is set
  std::vector<std::function<void()>> answers;  // guarded by mutex

  Result<Lsm*> open(LsmFactory& factory, const std::string& folder) {
    const std::lock_guard lock(mutex);
    if (lsm == nullptr) lsm = TRY(factory.open(folder));
    return lsm.get();
  }
  void answer(std::function<void()> job, const std::function<void()>& wake) {
    {
      const std::lock_guard lock(mutex);
      answers.push_back(std::move(job));
    }
    if (wake) wake();
  }
};

TieredBacking::TieredBacking(BackingFiles files)
    : files_(std::move(files)), shared_(std::make_shared<Shared>()) {}

void TieredBacking::adopt(std::unique_ptr<Lsm> lsm) {
  shared_->lsm = std::move(lsm);
  holds_any_ = true;
}

Status TieredBacking::multi_get(std::span<const std::string> keys,
                                std::span<std::optional<std::string>> values) {
  return TRY(shared_->open(*files_.lsm, files_.folder))->multi_get(keys, values);
}

Status TieredBacking::scan(std::string_view from, std::string_view to,
                           const std::function<bool(std::string_view, std::string_view)>& visit) {
  return TRY(shared_->open(*files_.lsm, files_.folder))->scan(from, to, visit);
}

Status TieredBacking::write_now(std::span<const LsmWrite> writes) {
  holds_any_ = true;
  return TRY(shared_->open(*files_.lsm, files_.folder))
      ->apply(std::exchange(deleted_prefixes_, {}), writes);
}

void TieredBacking::write(std::vector<LsmWrite> writes, std::function<void(Status)> done) {
  TRIBUTARY_CHECK(!writing_, "two writes at once to the state in {}", files_.folder);
  writing_ = true;
  files_.io->submit([this, shared = shared_, factory = files_.lsm, folder = files_.folder,
                     wake = files_.wake, prefixes = std::exchange(deleted_prefixes_, {}),
                     writes = std::move(writes), done = std::move(done)]() mutable {
    Status status;
    if (auto lsm = shared->open(*factory, folder); !lsm)
      status = std::unexpected(std::move(lsm).error());
    else
      status = (*lsm)->apply(prefixes, writes);
    // `this` is used by poll() alone, so the owner is there.
    shared->answer(
        [this, status = std::move(status), done = std::move(done)]() mutable {
          writing_ = false;
          if (status) holds_any_ = true;
          done(std::move(status));
        },
        wake);
  });
}

void TieredBacking::read(std::vector<std::string> keys,
                         std::function<void(std::span<const std::string>, Result<Values>)> done) {
  ++reading_;
  const std::uint64_t number = ++last_read_;
  files_.io->submit([this, number, shared = shared_, factory = files_.lsm, folder = files_.folder,
                     wake = files_.wake, keys = std::move(keys), done = std::move(done)]() mutable {
    Result<Values> values(std::in_place, keys.size());
    if (auto lsm = shared->open(*factory, folder); !lsm)
      values = std::unexpected(std::move(lsm).error());
    else if (Status status = (*lsm)->multi_get(keys, *values); !status)
      values = std::unexpected(std::move(status).error());
    shared->answer(
        [this, number, keys = std::move(keys), values = std::move(values),
         done = std::move(done)]() mutable {
          answering_ = number;
          done(keys, std::move(values));
          if (--reading_ == 0) left_.clear();
        },
        wake);
  });
}

void TieredBacking::left_memory(std::string_view lsm_key) {
  if (reading_ > 0) left_.insert(xxh3_64(lsm_key));
}

void TieredBacking::forget_reads() { reads_from_ = last_read_ + 1; }

bool TieredBacking::may_be_old(std::string_view lsm_key) const {
  return answering_ < reads_from_ || left_.contains(xxh3_64(lsm_key));
}

void TieredBacking::poll() {
  std::vector<std::function<void()>> answers;
  {
    const std::lock_guard lock(shared_->mutex);
    answers.swap(shared_->answers);
  }
  for (auto& answer : answers) answer();
}

}  // namespace tributary
