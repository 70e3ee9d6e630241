#include "journal/restart.hpp"

#include "journal/format.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

namespace steno::journal {
namespace {

constexpr std::size_t kSearchBytes = 256 * 1024;

/// The search behind one damaged place.
class Search {
  public:
    Search(io::File& file, std::uint64_t size, std::uint64_t due, const ProvenEnd& end)
        : file_(file), size_(size), due_(due), end_(end), budget_(4 * size + kSearchBytes) {}

    Result<std::optional<Restart>> from(std::uint64_t offset) {
        std::vector<char> chunk(kSearchBytes);
        for (;;) {
            STENO_ASSIGN(const std::size_t got, file_.read(offset, chunk));
            if (got < kPrefixBytes) return std::optional<Restart>();
            const std::string_view bytes(chunk.data(), got);
            const std::size_t places = got - kPrefixBytes + 1;
            for (std::size_t at = 0; at < places; ++at) {
                std::uint64_t sequence;
                std::memcpy(&sequence, bytes.data() + at + 8, sizeof sequence);
                if (sequence <= due_ || sequence > end_.sequence) continue;
                const auto prefix = parse_prefix(bytes.substr(at, kPrefixBytes));
                if (!prefix) continue;
                STENO_ASSIGN(const bool proven, leads_to_end(offset + at, *prefix));
                if (proven) return std::optional(Restart{offset + at, prefix->sequence});
                if (budget_ == 0) return std::optional<Restart>();
            }
            offset += places;
        }
    }

  private:
    /// Whether the chain goes on from record to record up to the end. A place that was passed once on a way
    /// that led nowhere is not followed again.
    Result<bool> leads_to_end(std::uint64_t offset, Prefix prefix) {
        for (;;) {
            if (!passed_.insert(offset).second) return false;
            if (prefix.sequence == end_.sequence) return prefix.chain == end_.chain;
            offset += prefix.size;
            char bytes[kPrefixBytes];
            STENO_ASSIGN(const std::size_t got, file_.read(offset, bytes));
            const auto next = parse_prefix({bytes, got});
            if (!next || next->sequence != prefix.sequence + 1) return false;
            STENO_ASSIGN(const auto digest, digest_at(offset, *next));
            if (!digest || chain_next(prefix.chain, next->sequence, *digest) != next->chain) return false;
            prefix = *next;
        }
    }

    /// Of a record; nothing if its header frame is damaged, or too much was read already.
    Result<std::optional<Sha256>> digest_at(std::uint64_t offset, const Prefix& prefix) {
        char start[kFrameStart];
        STENO_ASSIGN(std::size_t got, file_.read(offset + kPrefixBytes, start));
        std::uint32_t size = 0;
        if (got == sizeof start) std::memcpy(&size, start + 4, sizeof size);
        if (size < kFrameStart || size > prefix.size - kPrefixBytes || offset + prefix.size > size_)
            return std::optional<Sha256>();
        if (size > budget_) {
            budget_ = 0;
            return std::optional<Sha256>();
        }
        budget_ -= size;
        std::string frame(size, '\0');
        STENO_ASSIGN(got, file_.read(offset + kPrefixBytes, frame));
        const auto digested = parse_header_frame(std::string_view(frame).substr(0, got));
        return digested ? std::optional(sha256(*digested)) : std::nullopt;
    }

    io::File& file_;
    const std::uint64_t size_;
    const std::uint64_t due_;
    const ProvenEnd& end_;
    std::uint64_t budget_;  ///< bytes of header frames that may still be read: they may overlap
    std::unordered_set<std::uint64_t> passed_;
};

}  // namespace

Result<std::optional<Restart>> find_restart(io::File& file, std::uint64_t offset, std::uint64_t due,
                                            const std::optional<ProvenEnd>& end) {
    char bytes[kPrefixBytes];
    STENO_ASSIGN(const std::size_t got, file.read(offset, bytes));
    STENO_ASSIGN(const std::uint64_t size, file.size());
    const auto prefix = parse_prefix({bytes, got});
    if (prefix && prefix->sequence == due) {
        if (offset + prefix->size >= size) return std::optional<Restart>();
        return std::optional(Restart{offset + prefix->size, due + 1});
    }
    if (!end || due >= end->sequence) return std::optional<Restart>();
    return Search(file, size, due, *end).from(offset + 1);
}

}  // namespace steno::journal
