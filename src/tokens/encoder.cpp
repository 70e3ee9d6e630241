#include "tokens/encoder.hpp"

#include "base/embedded.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

/// Defined by the build from the tables that are embedded (steno_embed): first cl100k_base, then o200k_base.
std::span<const steno::Embedded> steno_token_ranks();

namespace steno::tokens {

namespace {

/// A multiplicative hash over words of eight bytes. The tables are ours, so that collisions made on purpose
/// can only slow down the search for tokens that do not exist, by the length of one run of slots.
std::uint32_t hash_of(std::string_view bytes) {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
    std::uint64_t hash = bytes.size() * kOdd;
    while (!bytes.empty()) {
        std::uint64_t word = 0;
        const std::size_t taken = std::min<std::size_t>(8, bytes.size());
        for (std::size_t i = 0; i < taken; ++i)
            word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
        hash = (std::rotl(hash, 23) ^ word) * kOdd;
        bytes.remove_prefix(taken);
    }
    return static_cast<std::uint32_t>((hash ^ hash >> 29) * kOdd >> 32);
}

}  // namespace

const Encoder& Encoder::of(Encoding encoding) {
    if (encoding == Encoding::Cl100k) {
        static const Encoder encoder(Rule::Cl100k, steno_token_ranks()[0].bytes);
        return encoder;
    }
    static const Encoder encoder(Rule::O200k, steno_token_ranks()[1].bytes);
    return encoder;
}

Encoder::Encoder(Rule rule, std::string_view packed) : rule_(rule), packed_(packed) {
    for (std::size_t at = 0; at < packed.size(); at += 1 + static_cast<unsigned char>(packed[at]))
        offsets_.push_back(static_cast<std::uint32_t>(at));
    slots_.resize(std::bit_ceil(offsets_.size() * 5 / 4 + 1));
    for (std::uint32_t rank = 0; rank < offsets_.size(); ++rank) {
        const std::size_t length = static_cast<unsigned char>(packed[offsets_[rank]]);
        const std::uint32_t hash = hash_of(packed.substr(offsets_[rank] + 1, length));
        std::size_t slot = hash & (slots_.size() - 1);
        while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = std::uint64_t{hash} << 32 | (rank + 1);
        longest_ = std::max(longest_, length);
    }
}

std::optional<std::uint32_t> Encoder::rank(std::string_view token) const {
    if (token.size() > longest_) return std::nullopt;
    const std::uint32_t hash = hash_of(token);
    for (std::size_t slot = hash & (slots_.size() - 1); slots_[slot] != 0;
         slot = (slot + 1) & (slots_.size() - 1)) {
        if (slots_[slot] >> 32 != hash) continue;
        const auto rank = static_cast<std::uint32_t>(slots_[slot]) - 1;
        const std::size_t length = static_cast<unsigned char>(packed_[offsets_[rank]]);
        if (packed_.substr(offsets_[rank] + 1, length) == token) return rank;
    }
    return std::nullopt;
}

/// Byte-pair merging of one piece: of all neighbours whose concatenation is a token, those of the lowest rank
/// become one, the leftmost first, until no two are. A heap holds the possible merges, and a linked list the
/// parts, so that each step costs log n.
class Encoder::Merger {
  public:
    explicit Merger(const Encoder& encoder) : encoder_(encoder) {}

    template <class Sink>
    void run(std::string_view piece, Sink sink) {
        piece_ = piece;
        const auto size = static_cast<std::uint32_t>(piece.size());
        end_.resize(size);
        before_.resize(size);
        heap_.clear();
        for (std::uint32_t i = 0; i < size; ++i) {
            end_[i] = i + 1;
            before_[i] = i - 1;
        }
        for (std::uint32_t i = 0; i + 1 < size; ++i) offer(i);
        while (!heap_.empty()) {
            std::ranges::pop_heap(heap_, later);
            const Merge merge = heap_.back();
            heap_.pop_back();
            const std::uint32_t middle = end_[merge.begin];
            // Not what it was: one of the two has been merged with another since.
            if (middle == kGone || middle == size || end_[middle] != merge.end) continue;
            end_[merge.begin] = merge.end;
            end_[middle] = kGone;
            if (merge.end != size) {
                before_[merge.end] = merge.begin;
                offer(merge.begin);
            }
            if (merge.begin != 0) offer(before_[merge.begin]);
        }
        for (std::uint32_t begin = 0; begin < size; begin = end_[begin])
            sink(piece.substr(begin, end_[begin] - begin));
    }

  private:
    struct Merge {
        std::uint32_t rank;
        std::uint32_t begin;
        std::uint32_t end;
    };
    static bool later(const Merge& a, const Merge& b) {
        return std::tie(a.rank, a.begin) > std::tie(b.rank, b.begin);
    }
    static constexpr std::uint32_t kGone = std::numeric_limits<std::uint32_t>::max();

    /// The part that begins there and the one behind it.
    void offer(std::uint32_t begin) {
        const std::uint32_t end = end_[end_[begin]];
        const auto rank = encoder_.rank(piece_.substr(begin, end - begin));
        if (!rank) return;
        heap_.push_back({*rank, begin, end});
        std::ranges::push_heap(heap_, later);
    }

    const Encoder& encoder_;
    std::string_view piece_;
    std::vector<std::uint32_t> end_;  ///< by where a part begins: where it ends; kGone if none begins there
    std::vector<std::uint32_t> before_;  ///< by where a part begins: where the one before it begins
    std::vector<Merge> heap_;
};

template <class Sink>
void Encoder::each_token(std::string_view text, Sink sink) const {
    Splitter splitter(rule_, text);
    Merger merger(*this);
    for (std::string_view piece = splitter.next(); !piece.empty(); piece = splitter.next()) {
        if (rank(piece)) {
            sink(piece);
        } else {
            merger.run(piece, sink);
        }
    }
}

std::vector<std::uint32_t> Encoder::encode(std::string_view text) const {
    std::vector<std::uint32_t> ranks;
    // Every single byte is a token, so that every part has a rank.
    each_token(text, [&](std::string_view token) { ranks.push_back(*rank(token)); });
    return ranks;
}

std::size_t Encoder::count(std::string_view text) const {
    std::size_t tokens = 0;
    each_token(text, [&](std::string_view) { ++tokens; });
    return tokens;
}

}  // namespace steno::tokens
