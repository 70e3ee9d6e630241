#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/form.hpp"
#include "simulator/openai.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

// /v1/files and /v1/batches. Nothing is remembered between requests, so a small file is in its own id
// (compressed, in hexadecimal digits), and so are the batch of it and the file of its results. A batch is
// done as soon as it is looked at.

namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostContent = 256 << 10;
constexpr std::size_t kMostPacked = 3'000;  ///< bytes, so that the id fits into a request line
constexpr std::int64_t kCreated = 1'763'600'000;

/// "" if it is too big.
std::string packed(std::string_view content) {
    if (content.size() > kMostContent) return {};
    uLongf size = compressBound(content.size());
    std::string out(size, '\0');
    if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(content.data()),
                  content.size(), Z_BEST_COMPRESSION) != Z_OK ||
        size > kMostPacked)
        return {};
    out.resize(size);
    return to_hex(out);
}

std::optional<std::string> unpacked(std::string_view hex) {
    const auto bytes = from_hex(hex);
    if (!bytes) return std::nullopt;
    std::string out(kMostContent, '\0');
    uLongf size = out.size();
    if (uncompress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes->data()),
                   bytes->size()) != Z_OK)
        return std::nullopt;
    out.resize(size);
    return out;
}

struct Result {
    std::string line;
    bool failed = false;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
};

/// Answers one line of a batch as if it had been asked by itself. The same line has the same answer, wherever
/// it is looked at.
Result run_line(std::string_view line) {
    const Sha256 digest = sha256(line);
    std::uint64_t seed = 0;
    std::memcpy(&seed, digest.data(), sizeof seed);
    Dice dice(seed);
    const auto request = parse_body(line).value_or(json::object{});
    const json::value* body = find(request, "body");
    const std::string text = body ? json::serialize(*body) : std::string{};
    const std::string url = string_at(request, "url");
    const net::Headers none;
    const Reply reply = answer_openai({"POST", url, "", &none, text, seed});
    const auto answer = parse_body(reply.frames.front()).value_or(json::object{});
    Result result;
    result.failed = reply.status != 200;
    if (const json::value* usage = find(answer, "usage")) {
        for (const std::string_view name : {"prompt_tokens", "input_tokens"})
            result.input_tokens += integer_at(*usage, name).value_or(0);
        for (const std::string_view name : {"completion_tokens", "output_tokens"})
            result.output_tokens += integer_at(*usage, name).value_or(0);
    }
    JsonWriter json(result.line);
    json.begin_object();
    json.member("id", "batch_req_" + dice.hex(32));
    json.member("custom_id", string_at(request, "custom_id"));
    json.key("response");
    json.begin_object();
    json.member("status_code", reply.status);
    json.member("request_id", dice.hex(32));
    json.member_raw("body", reply.frames.front());
    json.end_object();
    json.member_raw("error", "null");
    json.end_object();
    return result;
}

std::vector<Result> run_all(std::string_view content) {
    std::vector<Result> results;
    for (const std::string_view line : split(content, '\n'))
        if (!trim(line).empty()) results.push_back(run_line(line));
    return results;
}

std::string file_object(std::string_view id, std::string_view filename, std::string_view purpose,
                        std::size_t bytes) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", id);
    json.member("object", "file");
    json.member("bytes", static_cast<std::int64_t>(bytes));
    json.member("created_at", kCreated);
    json.member("filename", filename);
    json.member("purpose", purpose);
    json.member("status", "processed");
    json.end_object();
    return out;
}

/// `pack` is the input file, packed.
std::string batch_object(std::string_view pack, std::string_view content, std::string_view status) {
    const std::vector<Result> results = run_all(content);
    const bool completed = status == "completed";
    const auto failed = std::ranges::count_if(results, &Result::failed);
    const auto first = parse_body(content.substr(0, content.find('\n'))).value_or(json::object{});
    std::int64_t input = 0;
    std::int64_t output = 0;
    for (const Result& result : results) {
        input += result.input_tokens;
        output += result.output_tokens;
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", fmt::format("batch_{}", pack));
    json.member("object", "batch");
    json.member("endpoint", string_at(first, "url"));
    json.member("input_file_id", fmt::format("file-{}", pack));
    json.member("completion_window", "24h");
    json.member("status", status);
    json.member("created_at", kCreated);
    if (completed) {
        json.member("output_file_id", fmt::format("file-out-{}", pack));
        json.member("completed_at", kCreated + 60);
    }
    json.key("request_counts");
    json.begin_object();
    json.member("total", static_cast<std::int64_t>(completed ? results.size() : 0));
    json.member("completed", completed ? static_cast<std::int64_t>(results.size()) - failed : 0);
    json.member("failed", completed ? static_cast<std::int64_t>(failed) : 0);
    json.end_object();
    if (completed)
        json.member_raw(
            "usage",
            fmt::format(
                R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}})",
                input, output, input + output));
    json.end_object();
    return out;
}

Reply plain(std::string body, Dice& dice) {
    Reply reply;
    reply.frames.push_back(std::move(body));
    add_usual_headers(Vendor::OpenAi, reply.headers, dice);
    return reply;
}

Reply missing(std::string_view what, Dice& dice) {
    return error_reply(Vendor::OpenAi, "not_found", {}, dice, "", fmt::format("No such {}", what));
}

Reply create_batch(const Incoming& request, Dice& dice) {
    const auto body = parse_body(request.body).value_or(json::object{});
    const std::string input = string_at(body, "input_file_id");
    const std::string_view pack = std::string_view(input).substr(std::min<std::size_t>(5, input.size()));
    const auto content = unpacked(pack);
    if (!content) return missing("file: " + input, dice);
    return plain(batch_object(pack, *content, "validating"), dice);
}

Reply look_at_batch(std::string_view rest, bool cancel, Dice& dice) {
    const std::string_view id = rest.substr(0, rest.find('/'));
    const std::string_view pack = id.substr(std::min<std::size_t>(6, id.size()));
    const auto content = unpacked(pack);
    if (!content) return missing(fmt::format("batch: {}", id), dice);
    return plain(batch_object(pack, *content, cancel ? "cancelling" : "completed"), dice);
}

Reply take_file(const Incoming& request, Dice& dice) {
    const UploadedForm form = read_upload(request.headers->get("content-type").value_or(""), request.body);
    if (form.files.empty())
        return error_reply(Vendor::OpenAi, "invalid", {}, dice, "", "'file' is a required property");
    const UploadedFile& file = form.files.front();
    std::string pack = packed(file.content);
    if (pack.empty()) pack = to_hex(as_text(sha256(file.content)));  // too big to come back
    return plain(
        file_object("file-" + pack, file.filename, string_at(form.texts, "purpose"), file.content.size()),
        dice);
}

Reply look_at_file(const Incoming& request, std::string_view rest, Dice& dice) {
    const std::string_view id = rest.substr(0, rest.find('/'));
    if (request.method == "DELETE")
        return plain(fmt::format(R"({{"id":"{}","object":"file","deleted":true}})", id), dice);
    const bool results = id.starts_with("file-out-");
    auto content = unpacked(id.substr(std::min<std::size_t>(results ? 9 : 5, id.size())));
    if (!content) return missing(fmt::format("File object: {}", id), dice);
    if (results) {
        std::string lines;
        for (const Result& result : run_all(*content)) lines += result.line + "\n";
        content = std::move(lines);
    }
    if (!rest.ends_with("/content"))
        return plain(file_object(id, results ? "batch_output.jsonl" : "batch_input.jsonl",
                                 results ? "batch_output" : "batch", content->size()),
                     dice);
    Reply reply = plain(std::move(*content), dice);
    reply.content_type = "application/octet-stream";
    return reply;
}

}  // namespace

std::optional<Reply> answer_files(const Incoming& request, Dice& dice) {
    constexpr std::string_view kFiles = "/v1/files";
    constexpr std::string_view kBatches = "/v1/batches";
    const bool post = request.method == "POST";
    if (request.path == kFiles && post) return take_file(request, dice);
    if (request.path == kBatches && post) return create_batch(request, dice);
    if ((request.path == kFiles || request.path == kBatches) && request.method == "GET")
        return plain(R"({"object":"list","data":[],"has_more":false})", dice);
    if (request.path.starts_with("/v1/files/"))
        return look_at_file(request, request.path.substr(kFiles.size() + 1), dice);
    if (request.path.starts_with("/v1/batches/"))
        return look_at_batch(request.path.substr(kBatches.size() + 1),
                             post && request.path.ends_with("/cancel"), dice);
    return std::nullopt;
}

}  // namespace steno::simulator
