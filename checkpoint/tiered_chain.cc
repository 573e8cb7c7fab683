#include "checkpoint/tiered_chain.h"

#include <algorithm>

#include "base/error.h"

namespace tributary {

TieredChain::TieredChain(DeltaSink* sink, std::uint32_t group_begin, std::uint32_t group_end,
                         const StateHazards& hazards)
    : sink_(sink),
      group_begin_(group_begin),
      group_end_(group_end),
      hazards_(hazards),
      current_(std::in_place, 1) {}

void TieredChain::cut(DeltaWriter& writer) {
  std::uint64_t& count = &writer == &*current_ ? current_chunks_ : frozen_chunks_;
  DeltaChunk chunk{writer.epoch(), ++count, std::make_shared<const std::string>(writer.take())};
  unstored_bytes_ += chunk.bytes->size();
  unstored_[{chunk.epoch, chunk.number}].chunk = chunk;
  sink_->add(chunk);
}

void TieredChain::freeze() {
  TRIBUTARY_CHECK(!sweeping(), "epoch {} is frozen while {} is swept", epoch(), frozen_epoch_);
  for (auto& [place, unstored] : unstored_) {
    if (!unstored.lost) continue;
    unstored.lost = false;
    sink_->add(unstored.chunk);
  }
  frozen_epoch_ = epoch();
  frozen_.emplace(std::move(*current_));
  frozen_chunks_ = std::exchange(current_chunks_, 0);
  current_.emplace(frozen_epoch_ + 1);
}

void TieredChain::end_sweep() {
  if (!frozen_->empty()) cut(*frozen_);
  frozen_.reset();
}

void TieredChain::chunks_stored(std::uint64_t epoch, std::uint64_t first, std::uint64_t last,
                                const checkpoint::PieceRef& piece) {
  for (std::uint64_t number = first; number <= last; ++number) {
    const auto found = unstored_.find({epoch, number});
    TRIBUTARY_CHECK(found != unstored_.end(), "chunk {} of epoch {} was stored and never made",
                    number, epoch);
    unstored_bytes_ -= found->second.chunk.bytes->size();
    unstored_.erase(found);
  }
  checkpoint::DeltaPiece& made = pieces_[{epoch, first}];
  made.set_epoch(epoch);
  made.set_first_chunk(first);
  made.set_last_chunk(last);
  *made.mutable_piece() = piece;
}

void TieredChain::chunks_lost(std::uint64_t epoch, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t number = first; number <= last; ++number) {
    const auto found = unstored_.find({epoch, number});
    TRIBUTARY_CHECK(found != unstored_.end(), "chunk {} of epoch {} was lost and never made",
                    number, epoch);
    found->second.lost = true;
    if (hazards_.lost_chunks_are_forgotten) unstored_.erase(found);
  }
}

bool TieredChain::complete() const {
  return !sweeping() && frozen_epoch_ > 0 &&
         (unstored_.empty() || unstored_.begin()->first.first > frozen_epoch_);
}

std::vector<checkpoint::StateLayer> TieredChain::layers() const {
  std::vector<checkpoint::StateLayer> layers = inherited_;
  checkpoint::StateLayer own;
  own.set_group_begin(group_begin_);
  own.set_group_end(group_end_);
  for (const auto& file : base_) *own.add_base() = file;
  for (const auto& [place, piece] : pieces_)
    if (place.first <= frozen_epoch_) *own.add_deltas() = piece;
  if (own.base_size() > 0 || own.deltas_size() > 0) layers.push_back(std::move(own));
  return layers;
}

bool TieredChain::fold_is_due(std::uint64_t base_bytes_min) const {
  if (folding_epoch_) return false;
  std::uint64_t base_bytes = whole_bytes_;
  std::uint64_t delta_bytes = 0;
  for (const checkpoint::StateLayer& layer : layers()) {
    for (const auto& file : layer.base()) base_bytes += file.blob().size();
    for (const auto& piece : layer.deltas()) delta_bytes += piece.piece().length();
  }
  return delta_bytes - whole_bytes_ > std::max(base_bytes_min, base_bytes / 2);
}

void TieredChain::fold_began() { folding_epoch_ = frozen_epoch_; }

void TieredChain::fold_ended(const checkpoint::StateLayer* base) {
  TRIBUTARY_CHECK(folding_epoch_.has_value(), "the end of a fold that never began");
  const std::uint64_t epoch = *std::exchange(folding_epoch_, std::nullopt);
  if (base == nullptr) return;
  whole_bytes_ = 0;
  inherited_.clear();
  base_.assign(base->base().begin(), base->base().end());
  const auto behind =
      hazards_.fold_forgets_newer_deltas ? pieces_.end() : pieces_.lower_bound({epoch + 1, 0});
  pieces_.erase(pieces_.begin(), behind);
}

void TieredChain::begin_at(std::uint64_t epoch) {
  inherited_.clear();
  base_.clear();
  pieces_.erase(pieces_.begin(), pieces_.lower_bound({epoch, 0}));
  whole_bytes_ = 0;
  for (const auto& [place, piece] : pieces_)
    if (place.first <= frozen_epoch_) whole_bytes_ += piece.piece().length();
}

std::size_t TieredChain::bytes() const {
  return unstored_bytes_ + current_->bytes() + (frozen_ ? frozen_->bytes() : 0);
}

}  // namespace tributary
