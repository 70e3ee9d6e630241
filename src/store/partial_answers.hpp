#pragma once

#include "store/parts.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

/// The parts of answers that were computed before.
namespace steno::store {

/// Any thread.
class PartialAnswers {
  public:
    using PartPointer = std::shared_ptr<const Part>;

    /// Whether to put answers to this question together; false: its parts took too much memory.
    [[nodiscard]] bool worthwhile(const std::string& key) const;
    /// One for each of the stretches; nullptr where there is none of this version.
    std::vector<PartPointer> find(const std::string& key, std::span<const Stretch> stretches,
                                  std::span<const std::uint64_t> versions);
    /// The parts of an answer, in place of those of the same stretches.
    void keep(const std::string& key, std::span<const PartPointer> parts);
    void not_worthwhile(const std::string& key);

    /// Of all questions together, about. The one asked least recently goes first.
    static constexpr std::size_t kMaxBytes = 192U << 20;
    static constexpr std::size_t kMaxBytesOfOne = kMaxBytes / 4;
    static constexpr std::size_t kMaxQuestions = 2000;

  private:
    struct Question {
        std::string key;
        std::map<Stretch, PartPointer> parts;
        std::size_t bytes = 0;
        bool worthwhile = true;
    };
    Question& asked(const std::string& key);
    void forget_old();

    mutable std::mutex mutex_;
    std::list<Question> questions_;  ///< the one asked last is the first
    std::unordered_map<std::string, std::list<Question>::iterator> by_key_;
    std::size_t bytes_ = 0;
};

}  // namespace steno::store
