// Ollama, and OpenAI's endpoints besides those that chat: the forms in which they answer.

#include "base/text.hpp"
#include "simulator/form.hpp"
#include "simulator/sim_fixture.hpp"

#include <boost/json/object.hpp>

namespace steno::simulator {
namespace {

std::vector<std::string> lines_of(std::string_view body) {
    std::vector<std::string> lines;
    for (const std::string_view line : split(body, '\n'))
        if (!line.empty()) lines.emplace_back(line);
    return lines;
}

constexpr const char* kForm = "multipart/form-data; boundary=\"B\"";

std::string form(std::vector<std::pair<std::string, std::string>> texts, std::string_view file) {
    std::string body;
    for (const auto& [name, value] : texts)
        body += "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    body += "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.x\"\r\n\r\n";
    return body.append(file) + "\r\n--B--\r\n";
}

class FormsTest : public SimulatorTest {
  protected:
    net::SimpleResponse send(std::string method, std::string target, std::string_view body = "") const {
        net::RequestHead head;
        head.method = std::move(method);
        head.target = std::move(target);
        if (!body.empty()) head.headers.add("content-type", kForm);
        auto response = net::fetch(url(), head, body);
        EXPECT_TRUE(response) << response.error().message;
        return response ? std::move(*response) : net::SimpleResponse{};
    }
};

TEST_F(SimulatorTest, OllamaStreamsLinesUnlessToldOtherwise) {
    const auto streamed =
        post("/ollama/api/chat",
             R"({"model":"m","messages":[{"role":"user","content":"Hi [sim text=One%20two]"}]})");
    EXPECT_EQ(streamed.head.headers.get("content-type"), "application/x-ndjson");
    const auto lines = lines_of(streamed.body);
    ASSERT_GE(lines.size(), 2u);
    std::string said;
    for (const std::string& line : lines) said += text(parse(line), "/message/content");
    EXPECT_EQ(said, "One two");
    EXPECT_EQ(text(parse(lines.back()), "/done_reason"), "stop");
    EXPECT_EQ(number(parse(lines.back()), "/eval_count"), 2);
    const auto whole =
        post_json("/ollama/api/generate", R"({"model":"m","prompt":"Hi [sim text=One]","stream":false})");
    EXPECT_EQ(text(whole, "/response"), "One");
    EXPECT_GT(number(whole, "/total_duration"), 0);
    EXPECT_EQ(number(post_json("/ollama/api/embed", R"({"model":"m","input":"abcd"})"), "/prompt_eval_count"),
              1);
}

TEST_F(SimulatorTest, OllamaErrors) {
    const auto missing =
        post("/ollama/api/chat",
             R"({"model":"m","messages":[{"role":"user","content":"[sim error=not_found]"}]})");
    EXPECT_EQ(missing.head.status, 404);
    EXPECT_FALSE(text(parse(missing.body), "/error").empty());
    const auto broken =
        post("/ollama/api/chat",
             R"({"model":"m","messages":[{"role":"user","content":"[sim stream-error-after=1] Hi"}]})");
    EXPECT_EQ(broken.head.status, 200);
    EXPECT_FALSE(text(parse(lines_of(broken.body).back()), "/error").empty());
}

TEST(Forms, AreTextsAndFiles) {
    const UploadedForm read = read_upload(kForm, form({{"model", "m"}, {"prompt", "a\r\nb"}}, "12345"));
    EXPECT_EQ(read.texts.at("model").as_string(), "m");
    EXPECT_EQ(read.texts.at("prompt").as_string(), "a\r\nb");
    ASSERT_EQ(read.files.size(), 1u);
    EXPECT_EQ(read.files[0].filename, "f.x");
    EXPECT_EQ(read.files[0].content, "12345");
    EXPECT_TRUE(read_upload("text/plain", "x").texts.empty());
}

TEST_F(SimulatorTest, ImagesReportTokensOrNothing) {
    const auto tokens = post_json("/openai/v1/images/generations",
                                  R"({"model":"gpt-image-1","prompt":"A cat","quality":"low","n":2})");
    EXPECT_EQ(at(tokens, "/data").as_array().size(), 2u);
    EXPECT_EQ(number(tokens, "/usage/output_tokens"), 2 * 272);
    EXPECT_EQ(number(tokens, "/usage/total_tokens"), 2 * 272 + 2);
    const auto old = post_json("/openai/v1/images/generations", R"({"prompt":"A cat"})");
    EXPECT_TRUE(text(old, "/data/0/url").starts_with("https://"));
    EXPECT_TRUE(at(old, "/usage").is_null());
    const auto events =
        events_of(post("/openai/v1/images/generations",
                       R"({"model":"gpt-image-1","prompt":"A cat","stream":true,"partial_images":1})")
                      .body);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].name, "image_generation.partial_image");
    EXPECT_EQ(text(parse(events[1].data), "/type"), "image_generation.completed");
}

TEST_F(FormsTest, AudioBothWays) {
    const auto speech =
        post("/openai/v1/audio/speech", R"({"model":"tts-1","input":"Hello","voice":"alloy"})");
    EXPECT_EQ(speech.head.headers.get("content-type"), "audio/mpeg");
    EXPECT_EQ(speech.body.size(), 600u);
    const auto events = events_of(
        post("/openai/v1/audio/speech", R"({"model":"m","input":"Hello","stream_format":"sse"})").body);
    EXPECT_EQ(text(parse(events.back().data), "/type"), "speech.audio.done");
    const std::string sound(20'000, 'x');
    const auto transcribe = [&](std::string model, std::string format) {
        return send("POST", "/openai/v1/audio/transcriptions",
                    form({{"model", std::move(model)}, {"response_format", std::move(format)}}, sound));
    };
    EXPECT_EQ(number(parse(transcribe("whisper-1", "json").body), "/usage/seconds"), 2);
    EXPECT_EQ(text(parse(transcribe("gpt-4o-transcribe", "json").body), "/usage/type"), "tokens");
    EXPECT_TRUE(transcribe("whisper-1", "vtt").body.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n"));
}

TEST_F(SimulatorTest, ModerationFlagsTellingWords) {
    const auto answer = post_json("/openai/v1/moderations", R"({"input":["hello","I hate it"]})");
    EXPECT_FALSE(at(answer, "/results/0/flagged").as_bool());
    EXPECT_TRUE(at(answer, "/results/1/categories/hate").as_bool());
}

TEST_F(FormsTest, ABatchIsItsFile) {
    const std::string lines =
        R"({"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}})"
        "\n"
        R"({"custom_id":"b","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini","messages":[]}})";
    const auto file = parse(send("POST", "/openai/v1/files", form({{"purpose", "batch"}}, lines)).body);
    EXPECT_EQ(number(file, "/bytes"), static_cast<std::int64_t>(lines.size()));
    const auto created =
        post_json("/openai/v1/batches", R"({"input_file_id":")" + text(file, "/id") + R"("})");
    EXPECT_EQ(text(created, "/status"), "validating");
    const auto get = [&](const std::string& target) { return send("GET", target).body; };
    EXPECT_EQ(get("/openai/v1/files/" + text(file, "/id") + "/content"), lines);
    const auto batch = parse(get("/openai/v1/batches/" + text(created, "/id")));
    EXPECT_EQ(text(batch, "/status"), "completed");
    EXPECT_EQ(number(batch, "/request_counts/failed"), 1);
    const std::string content = get("/openai/v1/files/" + text(batch, "/output_file_id") + "/content");
    const auto results = lines_of(content);
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(text(parse(results[0]), "/custom_id"), "a");
    EXPECT_EQ(number(parse(results[0]), "/response/body/usage/total_tokens"),
              number(batch, "/usage/total_tokens"));
    EXPECT_EQ(number(parse(results[1]), "/response/status_code"), 400);
    EXPECT_EQ(get("/openai/v1/files/" + text(batch, "/output_file_id") + "/content"), content);
}

}  // namespace
}  // namespace steno::simulator
