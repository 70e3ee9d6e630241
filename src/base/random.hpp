#pragma once

#include <cstdint>
#include <span>

namespace steno {

/// A source of random bytes. Injected wherever ids, salts or jitter are made, so that tests are repeatable.
class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;
    std::uint64_t next_u64();
};

/// The operating system's cryptographic generator, buffered per thread. Safe to call from any thread.
Random& system_random();

/// xoshiro256**: fast, repeatable, not for secrets. One thread at a time.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed);
    void fill(std::span<std::uint8_t> out) override;

  private:
    std::uint64_t next();
    std::uint64_t state_[4];
};

}  // namespace steno
