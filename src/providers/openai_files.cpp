#include "providers/batch_result.hpp"
#include "providers/errors.hpp"
#include "providers/http_facts.hpp"
#include "providers/line_stream.hpp"
#include "providers/openai.hpp"

#include <utility>

// The content of a file. If it is the output of a batch, each of its lines is the answer to a request of its
// own, and its usage stands nowhere else: {"id", "custom_id", "response": {"status_code", "request_id",
// "body"}, "error"} (OpenAI API reference, "The request output object").

namespace steno::providers {

namespace {

constexpr std::size_t kMaxLine = 32 << 20;
/// A file is taken for one of another kind when so many lines have come and none of them was a result.
constexpr std::int64_t kMaxStrange = 100;

struct BodyForm {
    Kind kind;
    MakeReader* make_reader;
};

/// Which endpoint made this body? The line does not say.
BodyForm form_of(JsonValue body) {
    const JsonValue object = body["object"];
    if (object.is("chat.completion")) return {Kind::Chat, &make_chat_reader};
    if (object.is("response")) return {Kind::Chat, &make_responses_reader};
    if (object.is("text_completion")) return {Kind::Completion, &make_completion_reader};
    if (object.is("list")) return {Kind::Embedding, &make_embeddings_reader};
    if (body["results"].is_array()) return {Kind::Moderation, &make_moderation_reader};
    if (body["data"].is_array() && body["created"].has_value()) return {Kind::Image, &make_images_reader};
    return {Kind::Span, nullptr};  // an error
}

std::optional<Timestamp> time_of(JsonValue body) {
    for (const JsonValue value : {body["created"], body["created_at"]}) {
        constexpr std::int64_t kLatest =
            9'000'000'000;  // seconds; what is beyond does not fit into nanoseconds
        const auto seconds = value.count();
        if (seconds && *seconds > 0 && *seconds < kLatest) return Timestamp{*seconds * 1'000'000'000};
    }
    return std::nullopt;
}

class FileReader final : public ResponseReader {
  public:
    FileReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect,
               std::string_view provider)
        : status_(make_generic_reader(request, response)),
          dialect_(dialect),
          provider_(provider),
          file_id_(id_in(request.path)),
          may_be_results_(response.status < 400),
          range_(response.status == 206),
          lines_(kMaxLine),
          on_line_([this](std::string_view line) { read_line(line); }) {}

    void feed(std::string_view bytes) override {
        status_->feed(bytes);
        if (may_be_results_) lines_.feed(bytes, on_line_);
    }
    [[nodiscard]] bool first_token_seen() const override { return false; }
    [[nodiscard]] bool finished() const override { return false; }

    void end(bool complete, Call& call) override {
        const std::int64_t unreadable = counts_.unreadable;
        if (may_be_results_) lines_.finish(on_line_);
        if (!complete) counts_.unreadable = unreadable;  // the rest of a line that was cut off
        counts_.unreadable += static_cast<std::int64_t>(lines_.oversized());
        status_->end(complete, call);
        write_batch_summary(call, counts_);
        // Who fetches a part of a file cuts its first and last lines.
        if (complete && !range_) report_unreadable(call, counts_);
    }

    std::vector<Call> further_calls() override { return std::exchange(calls_, {}); }

  private:
    /// …/files/{id}/content
    static std::string id_in(std::string_view path) {
        const std::vector<std::string> segments = path_segments(path);
        return segments.size() < 2 ? std::string() : segments[segments.size() - 2];
    }

    void read_line(std::string_view line) {
        if (!may_be_results_) return;
        constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
        if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
        const bool object = line.find_first_not_of(" \t") == line.find('{');
        const bool parsed = object && document_.parse(line);
        const JsonValue root = parsed ? document_.root() : JsonValue();
        const JsonValue custom_id = root["custom_id"];
        const bool named = custom_id.is_string() || custom_id.number().has_value();
        if (named && (root["response"].is_object() || root["error"].is_object())) {
            calls_.push_back(read_result(root));
            ++counts_.results;
            if (calls_.back().status == Status::Failure) ++counts_.failed;
            return;
        }
        ++counts_.unreadable;
        if (counts_.results == 0 && counts_.unreadable >= kMaxStrange) may_be_results_ = false;
    }

    Call read_result(JsonValue root) const {
        const JsonValue response = root["response"];
        const JsonValue body = response["body"];
        Call call;
        call.provider.name = provider_;
        call.provider.request_id = response["request_id"].string();
        call.started_at = time_of(body);
        call.status = Status::Success;
        if (const auto status = response["status_code"].count()) {
            call.provider.http_status = status;
            read_body(body, static_cast<int>(std::min<std::int64_t>(*status, 999)), call);
        } else if (body.is_object()) {
            read_body(body, 200, call);
        }
        if (const JsonValue error = root["error"]; error.is_object() && call.status == Status::Success) {
            set_error(call, 0, {{}, error["code"].scalar_text(), error["message"].string(), {}});
        }
        const std::string result = root["id"].string();
        name_batch_result(call, file_id_, result.empty() ? call.provider.request_id : result,
                          root["custom_id"].scalar_text());
        return call;
    }

    /// The same readers as for an answer that comes at once.
    void read_body(JsonValue body, int status, Call& call) const {
        const BodyForm form = form_of(body);
        call.kind = form.kind;
        RequestView request;
        request.method = "POST";
        request.header = [](std::string_view) { return std::nullopt; };
        const ResponseView response{status, request.header};
        const auto reader = form.make_reader == nullptr ? make_generic_reader(request, response)
                                                        : form.make_reader(request, response, dialect_);
        reader->feed(body.raw());
        reader->end(true, call);
    }

    std::unique_ptr<ResponseReader> status_;
    OpenAiDialect dialect_;
    std::string provider_;
    std::string file_id_;
    bool may_be_results_;
    bool range_;  ///< only a part of the file was asked for
    LineStream lines_;
    LineStream::Sink on_line_;
    JsonDocument document_;
    std::vector<Call> calls_;
    BatchCounts counts_;
};

}  // namespace

std::unique_ptr<ResponseReader> make_file_reader(const RequestView& request, const ResponseView& response,
                                                 const OpenAiDialect& dialect, std::string_view provider) {
    return std::make_unique<FileReader>(request, response, dialect, provider);
}

}  // namespace steno::providers
