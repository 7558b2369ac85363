#include "storage/base/memory_budget.h"

#include "storage/base/check.h"

namespace stria {

MemoryBudget::~MemoryBudget() {
  if (parent_ != nullptr && charged() != 0) parent_->Release(charged());
}

const MemoryBudget* MemoryBudget::TryCharge(uint64_t bytes) {
  const uint64_t before = charged_.fetch_add(bytes, std::memory_order_relaxed);
  const uint64_t used = before + unaccounted_.load(std::memory_order_relaxed);
  const MemoryBudget* full = used > limit_ || bytes > limit_ - used ? this : nullptr;
  if (full == nullptr && parent_ != nullptr) full = parent_->TryCharge(bytes);
  if (full != nullptr) charged_.fetch_sub(bytes, std::memory_order_relaxed);
  return full;
}

void MemoryBudget::Charge(uint64_t bytes) {
  for (MemoryBudget* budget = this; budget != nullptr; budget = budget->parent_)
    budget->charged_.fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::Release(uint64_t bytes) {
  for (MemoryBudget* budget = this; budget != nullptr; budget = budget->parent_) {
    const uint64_t before = budget->charged_.fetch_sub(bytes, std::memory_order_relaxed);
    STRIA_DCHECK(before >= bytes);
    static_cast<void>(before);
  }
}

uint64_t MemoryBudget::FreeBelow(unsigned percent) const {
  if (limit_ == kNoLimit) return kNoLimit;
  const uint64_t most = limit_ / 100 * percent;
  const uint64_t now = used();
  return now < most ? most - now : 0;
}

void MemoryBudget::Measure() {
  if (probe_ == nullptr) return;
  const uint64_t measured = probe_();
  const uint64_t known = charged();
  unaccounted_.store(measured > known ? measured - known : 0, std::memory_order_relaxed);
}

bool MemoryCharge::GrowTo(uint64_t bytes) {
  if (bytes <= bytes_) return true;
  if (budget_->TryCharge(bytes - bytes_) != nullptr) return false;
  bytes_ = bytes;
  return true;
}

void MemoryCharge::Set(uint64_t bytes) {
  if (bytes > bytes_) budget_->Charge(bytes - bytes_);
  if (bytes < bytes_) budget_->Release(bytes_ - bytes);
  bytes_ = bytes;
}

void MemoryCharge::Release() {
  if (bytes_ != 0) budget_->Release(std::exchange(bytes_, 0));
}

}  // namespace stria
