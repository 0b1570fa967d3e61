// A bounded queue without locks, for many writers and one reader.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace toolcrib::internal {

/// A ring of cells, each with the number of the turn at which it may be written or read next (after D. Vyukov's bounded
/// queue). Nothing is allocated once it is made, but by the items themselves.
template <typename Item>
class Ring {
 public:
  /// A ring for at least `capacity` items.
  explicit Ring(std::size_t capacity) : cells_(PowerOfTwo(capacity)), mask_(cells_.size() - 1) {
    for (std::size_t place = 0; place < cells_.size(); ++place) cells_[place].turn.store(place);
  }

  /// How many it holds.
  std::size_t capacity() const { return cells_.size(); }

  /// How many are in it, or were a moment ago.
  std::size_t size() const {
    const std::size_t read = reads_.load(std::memory_order_acquire);
    return writes_.load(std::memory_order_acquire) - read;
  }

  /// Puts `item` in and answers true; or leaves it alone and answers false where there is no room. From any thread.
  bool Push(Item&& item) {
    std::size_t write = writes_.load(std::memory_order_relaxed);
    while (true) {
      Cell& cell = cells_[write & mask_];
      const std::size_t turn = cell.turn.load(std::memory_order_acquire);
      if (turn == write) {
        if (!writes_.compare_exchange_weak(write, write + 1, std::memory_order_relaxed)) continue;
        cell.item = std::move(item);
        cell.turn.store(write + 1, std::memory_order_release);
        return true;
      }
      // What was put in a round ago was not taken yet.
      if (static_cast<std::ptrdiff_t>(turn - write) < 0) return false;
      write = writes_.load(std::memory_order_relaxed);
    }
  }

  /// Takes the oldest into `item`; answers false where there is none. From one thread.
  bool Pop(Item& item) {
    const std::size_t read = reads_.load(std::memory_order_relaxed);
    Cell& cell = cells_[read & mask_];
    if (cell.turn.load(std::memory_order_acquire) != read + 1) return false;
    item = std::move(cell.item);
    cell.turn.store(read + cells_.size(), std::memory_order_release);
    reads_.store(read + 1, std::memory_order_release);
    return true;
  }

 private:
  struct Cell {
    std::atomic<std::size_t> turn{0};
    Item item;
  };

  static std::size_t PowerOfTwo(std::size_t least) {
    std::size_t size = 2;
    while (size < least) size *= 2;
    return size;
  }

  // Apart, so that writers and the reader do not share a line of the cache.
  static constexpr std::size_t kCacheLine = 64;

  std::vector<Cell> cells_;
  std::size_t mask_;
  alignas(kCacheLine) std::atomic<std::size_t> writes_{0};
  alignas(kCacheLine) std::atomic<std::size_t> reads_{0};
};

}  // namespace toolcrib::internal
