#include "evaluation/replay.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

namespace steno::evaluation {

namespace {

/// Beyond this many words each, an answer is compared by its beginning: the comparison is quadratic.
constexpr std::size_t kMaxWords = 4000;

/// Words as numbers, the same number for the same word in both texts.
class Words {
  public:
    std::vector<std::uint32_t> read(std::string_view text) {
        std::vector<std::uint32_t> words;
        std::size_t at = 0;
        while (at < text.size() && words.size() < kMaxWords) {
            const std::size_t start = text.find_first_not_of(" \t\r\n", at);
            if (start == std::string_view::npos) break;
            at = std::min(text.find_first_of(" \t\r\n", start), text.size());
            words.push_back(numbers_
                                .try_emplace(std::string(text.substr(start, at - start)),
                                             static_cast<std::uint32_t>(numbers_.size()))
                                .first->second);
        }
        return words;
    }

  private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace

double similarity(std::string_view a, std::string_view b) {
    Words numbering;
    const auto left = numbering.read(a);
    const auto right = numbering.read(b);
    if (left.empty() && right.empty()) return 1;
    // Longest common subsequence, one row at a time.
    std::vector<std::uint32_t> row(right.size() + 1);
    for (const std::uint32_t word : left) {
        std::uint32_t diagonal = 0;
        for (std::size_t j = 0; j < right.size(); ++j) {
            const std::uint32_t above = row[j + 1];
            row[j + 1] = word == right[j] ? diagonal + 1 : std::max(above, row[j]);
            diagonal = above;
        }
    }
    return 2.0 * row.back() / static_cast<double>(left.size() + right.size());
}

std::string answer_text(const Call& call) {
    std::string text;
    for (const Message& message : call.response.messages) {
        std::string choice;
        for (const Part& part : message.parts) {
            if (part.type == PartType::Text) choice += part.text;
        }
        if (choice.empty()) continue;
        if (!text.empty()) text += "\n\n";
        text += choice;
    }
    return text;
}

Comparison compare(const Call& original, const Call& replay) {
    Comparison comparison;
    const std::string before = answer_text(original);
    const std::string after = answer_text(replay);
    if (!before.empty() && !after.empty()) comparison.similarity = similarity(before, after);
    if (original.cost.total && replay.cost.total && original.cost.currency == replay.cost.currency) {
        comparison.cost_delta = *replay.cost.total - *original.cost.total;
    }
    if (original.time.duration && replay.time.duration) {
        comparison.latency_delta = Duration{replay.time.duration->nanos - original.time.duration->nanos};
    }
    if (original.usage.output_tokens && replay.usage.output_tokens) {
        comparison.output_tokens_delta = *replay.usage.output_tokens - *original.usage.output_tokens;
    }
    return comparison;
}

Result<ReplayOutcome> replay(ModelCaller& caller, const Call& original, const ReplayRequest& change) {
    STENO_ASSIGN(ChangedRequest changed, change_request(original, change));
    ModelCaller::Request request;
    request.provider = original.provider.name;
    request.host = original.provider.endpoint.host;
    request.path = std::move(changed.path);
    request.body = std::move(changed.body);
    request.came_with_key = !original.who.api_key_id.empty();
    Call& context = request.context;
    context.project = original.project;
    context.environment = original.environment;
    context.trace.session_id = original.trace.session_id;
    context.trace.agent = original.trace.agent;
    context.trace.function = original.trace.function;
    context.trace.operation = original.trace.operation;
    context.who = original.who;
    context.prompt = original.prompt;
    context.labels = original.labels;
    // Who asked not to keep it asked so of its replays too.
    context.privacy.full_data = original.privacy.full_data;
    context.privacy.withheld_by = original.privacy.withheld_by;
    context.privacy.retention = original.privacy.retention;
    context.replay.of = original.id.to_string();
    STENO_ASSIGN(Call replayed, caller.call(request));
    ReplayOutcome outcome{original, std::move(replayed), {}};
    outcome.comparison = compare(outcome.original, outcome.replay);
    return outcome;
}

}  // namespace steno::evaluation
