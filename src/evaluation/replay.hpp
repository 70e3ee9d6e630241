#pragma once

#include "base/error.hpp"
#include "record/call.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A recorded call again, changed: the first slice of evaluation.
namespace steno::evaluation {

/// How evaluation reaches models. The implementation sends through the gateway's own client and records like
/// it. Blocking; any thread.
class ModelCaller {
  public:
    virtual ~ModelCaller() = default;
    struct Request {
        std::string provider;  ///< record name of the original's: "openai"
        std::string host;      ///< where the original went
        std::string path;  ///< there, with the upstream's base path in front, as in provider.endpoint.path
        std::string body;
        bool came_with_key = false;  ///< the original did; it is not kept
        Call context;  ///< what the new call's record begins with: replay.of, session, prompt, labels
    };
    /// Sends it and returns the recorded call with its payloads. An answer with an error status is a Call
    /// with `error`; an Error means that nothing could be sent: no credential (the message names the
    /// environment variable), no such upstream.
    virtual Result<Call> call(const Request& request) = 0;
};

struct ReplayRequest {
    std::optional<std::string> model;
    /// Parameters to set, as JSON values: {"temperature", "0.2"}. "null" removes one.
    std::map<std::string, std::string> set;
    /// Replaces the text of the last user message.
    std::optional<std::string> prompt;
    /// Replaces what the model is told beforehand (system or developer message, instructions); empty removes
    /// it.
    std::optional<std::string> system = {};
    /// A JSON object in the place of the recorded body; the other changes are made to it.
    std::optional<std::string> body = {};
};

struct Comparison {
    /// 0 … 1: how many words of the two answers stand in the same order in both, twice the length of their
    /// longest common subsequence over the sum of their lengths (the ratio of Ratcliff and Obershelp's
    /// family). Absent when one of them has no text.
    std::optional<double> similarity;
    std::optional<Decimal>
        cost_delta;  ///< replay minus original; absent unless both have one in the same currency
    std::optional<Duration> latency_delta;  ///< replay minus original
    std::optional<std::int64_t> output_tokens_delta;
};

struct ReplayOutcome {
    Call original;
    Call replay;
    Comparison comparison;
};

struct ChangedRequest {
    std::string path;
    std::string body;
};
/// The recorded request with the change in it; never a streaming one. FailedPrecondition when the exact
/// request was not kept; InvalidArgument when a change cannot be applied to this kind of request.
Result<ChangedRequest> change_request(const Call& original, const ReplayRequest& change);

/// Never streams: the answer is compared, not watched. `original` with its payloads.
Result<ReplayOutcome> replay(ModelCaller& caller, const Call& original, const ReplayRequest& change);

Comparison compare(const Call& original, const Call& replay);
double similarity(std::string_view a, std::string_view b);

/// The assistant's text, choices joined by a blank line.
std::string answer_text(const Call& call);

}  // namespace steno::evaluation
