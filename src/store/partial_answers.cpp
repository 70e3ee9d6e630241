#include "store/partial_answers.hpp"

#include <algorithm>
#include <iterator>

namespace steno::store {

PartialAnswers::Question& PartialAnswers::asked(const std::string& key) {
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        questions_.splice(questions_.begin(), questions_, found->second);
    } else {
        questions_.push_front({.key = key, .parts = {}});
        by_key_.emplace(key, questions_.begin());
    }
    return questions_.front();
}

bool PartialAnswers::worthwhile(const std::string& key) const {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key);
    return found == by_key_.end() || found->second->worthwhile;
}

void PartialAnswers::not_worthwhile(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    Question& question = asked(key);
    bytes_ -= question.bytes;
    question = {.key = key, .parts = {}, .bytes = 0, .worthwhile = false};
}

std::vector<PartialAnswers::PartPointer> PartialAnswers::find(const std::string& key,
                                                              std::span<const Stretch> stretches,
                                                              std::span<const std::uint64_t> versions) {
    std::vector<PartPointer> parts(stretches.size());
    const std::scoped_lock lock(mutex_);
    const Question& question = asked(key);
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        const auto found = question.parts.find(stretches[i]);
        if (found != question.parts.end() && found->second->version == versions[i]) parts[i] = found->second;
    }
    forget_old();
    return parts;
}

void PartialAnswers::keep(const std::string& key, std::span<const PartPointer> parts) {
    std::size_t bytes = 0;
    std::map<Stretch, PartPointer> kept;
    for (const PartPointer& part : parts) {
        bytes += part->bytes;
        kept.emplace(part->time, part);
    }
    if (bytes > kMaxBytesOfOne) return not_worthwhile(key);
    const std::scoped_lock lock(mutex_);
    Question& question = asked(key);
    // What other ranges are made of stays, while there is room: the hours of a day that is a whole one now
    // go.
    std::size_t others = 0;
    for (const auto& [time, part] : question.parts) {
        if (others > parts.size() + 100 || bytes > kMaxBytesOfOne / 2) break;
        const auto [at, added] = kept.emplace(time, part);
        if (!added) continue;
        bytes += part->bytes;
        ++others;
    }
    bytes_ += bytes - question.bytes;
    question.parts = std::move(kept);
    question.bytes = bytes;
    forget_old();
}

void PartialAnswers::forget_old() {
    while ((bytes_ > kMaxBytes || questions_.size() > kMaxQuestions) && questions_.size() > 1) {
        bytes_ -= questions_.back().bytes;
        by_key_.erase(questions_.back().key);
        questions_.pop_back();
    }
}

}  // namespace steno::store
