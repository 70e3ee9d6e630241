#pragma once

#include "store/stretch.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace steno::store {

/// Parts of answers that were computed before. `Part` has a `time`, a `version` (see AnswerCache) and
/// `bytes`, about what it takes of memory. Any thread.
template <class Part>
class KeptParts {
  public:
    using Pointer = std::shared_ptr<const Part>;

    /// Of all questions together; the one asked least recently goes first.
    explicit KeptParts(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    /// Whether to put answers to this question together; false: its parts took too much memory.
    [[nodiscard]] bool worthwhile(const std::string& key) const {
        const std::scoped_lock lock(mutex_);
        const auto found = by_key_.find(key);
        return found == by_key_.end() || found->second->worthwhile;
    }

    void not_worthwhile(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        give_up(asked(key));
    }

    /// One for each of the stretches; nullptr where there is none of this version.
    std::vector<Pointer> find(const std::string& key, std::span<const Stretch> stretches,
                              std::span<const std::uint64_t> versions) {
        std::vector<Pointer> parts(stretches.size());
        const std::scoped_lock lock(mutex_);
        const Question& question = asked(key);
        for (std::size_t i = 0; i < stretches.size(); ++i) {
            const auto found = question.parts.find(stretches[i]);
            if (found != question.parts.end() && found->second->version == versions[i])
                parts[i] = found->second;
        }
        forget_old();
        return parts;
    }

    /// The parts of an answer, in place of those of the same stretches.
    void keep(const std::string& key, std::span<const Pointer> parts) {
        std::size_t bytes = 0;
        std::map<Stretch, Pointer> kept;
        for (const Pointer& part : parts) {
            bytes += part->bytes;
            kept.emplace(part->time, part);
        }
        const std::scoped_lock lock(mutex_);
        Question& question = asked(key);
        if (bytes > most_bytes_ / 2) return give_up(question);
        // What other ranges are made of stays while there is room. Hours of days that are whole by now go in
        // time.
        std::size_t others = 0;
        for (const auto& [time, part] : question.parts) {
            if (others > parts.size() + 100 || bytes > most_bytes_ / 4) break;
            if (!kept.emplace(time, part).second) continue;
            bytes += part->bytes;
            ++others;
        }
        bytes_ += bytes - question.bytes;
        question.parts = std::move(kept);
        question.bytes = bytes;
        forget_old();
    }

  private:
    static constexpr std::size_t kMostQuestions = 2000;

    struct Question {
        std::string key;
        std::map<Stretch, Pointer> parts;
        std::size_t bytes = 0;
        bool worthwhile = true;
    };

    Question& asked(const std::string& key) {
        if (const auto found = by_key_.find(key); found != by_key_.end()) {
            questions_.splice(questions_.begin(), questions_, found->second);
        } else {
            questions_.push_front({.key = key, .parts = {}});
            by_key_.emplace(key, questions_.begin());
        }
        return questions_.front();
    }
    void give_up(Question& question) {
        bytes_ -= std::exchange(question.bytes, 0);
        question.parts.clear();
        question.worthwhile = false;
    }
    void forget_old() {
        while ((bytes_ > most_bytes_ || questions_.size() > kMostQuestions) && questions_.size() > 1) {
            bytes_ -= questions_.back().bytes;
            by_key_.erase(questions_.back().key);
            questions_.pop_back();
        }
    }

    const std::size_t most_bytes_;
    mutable std::mutex mutex_;
    std::list<Question> questions_;  ///< the one asked last is the first
    std::unordered_map<std::string, typename std::list<Question>::iterator> by_key_;
    std::size_t bytes_ = 0;
};

}  // namespace steno::store
