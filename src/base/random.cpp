#include "base/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <pthread.h>

namespace steno {

std::uint64_t Random::next_u64() {
    std::array<std::uint8_t, 8> bytes{};
    fill(bytes);
    return std::bit_cast<std::uint64_t>(bytes);
}

namespace {

class SystemRandom final : public Random {
  public:
    void fill(std::span<std::uint8_t> out) override {
        // A call into OpenSSL costs about a microsecond; ids and salts are small, so they are cut from a
        // block.
        thread_local std::array<std::uint8_t, 1024> block;
        thread_local std::size_t used = block.size();
        thread_local std::uint64_t of = 0;
        if (const std::uint64_t now = forks().load(std::memory_order_relaxed); of != now) {
            used = block.size();  // the rest of it is the parent's, and that of each other child
            of = now;
        }
        if (out.size() > block.size()) {
            generate(out);
            return;
        }
        if (block.size() - used < out.size()) {
            generate(block);
            used = 0;
        }
        std::memcpy(out.data(), block.data() + used, out.size());
        std::memset(block.data() + used, 0, out.size());
        used += out.size();
    }

    SystemRandom() {
        ::pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1); });
    }

  private:
    static std::atomic<std::uint64_t>& forks() {
        static std::atomic<std::uint64_t> count{0};
        return count;
    }
    static void generate(std::span<std::uint8_t> out) {
        // Without randomness no id or salt can be trusted: there is nothing sensible left to do.
        if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
    }
};

std::uint64_t splitmix(std::uint64_t& x) {
    std::uint64_t z = (x += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

}  // namespace

Random& system_random() {
    static SystemRandom random;
    return random;
}

SeededRandom::SeededRandom(std::uint64_t seed) {
    for (auto& word : state_) word = splitmix(seed);
}

std::uint64_t SeededRandom::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    for (std::size_t i = 0; i < out.size(); i += 8) {
        const std::uint64_t word = next();
        std::memcpy(out.data() + i, &word, std::min<std::size_t>(8, out.size() - i));
    }
}

}  // namespace steno
