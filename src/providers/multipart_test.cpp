#include "providers/multipart.hpp"

#include "providers/json_view.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace steno::providers {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XyZ";

std::string body_of(std::string_view pattern, std::string_view line_end = "\r\n") {
    std::string body;
    for (const char c : pattern) c == '|' ? body.append(line_end) : body.append(1, c);
    return body;
}

const std::string kBody = body_of(
    "preamble|--XyZ|Content-Disposition: form-data; name=\"model\"||whisper-1|--XyZ|"
    "content-disposition:form-data; filename=\"a \\\"b\\\".mp3\"; name=file|Content-Type: audio/mpeg||"
    "\x01|--XyZw|--Xy||bytes|--XyZ  |Content-Disposition: form-data; name=\"empty\"|||--XyZ--|epilogue");

TEST(Multipart, FieldsAreRead) {
    for (const std::string_view line_end : {"\r\n", "\n"}) {
        std::string body = kBody;
        if (line_end == "\n") std::erase(body, '\r');
        const Form form = read_form(kType, body);
        ASSERT_EQ(form.fields.size(), 3u);
        EXPECT_TRUE(form.whole);
        EXPECT_EQ(form.text("model"), "whisper-1");
        EXPECT_FALSE(form.fields[0].is_file());
        EXPECT_EQ(form.fields[1].name, "file");
        EXPECT_EQ(form.fields[1].filename, "a \"b\".mp3");
        EXPECT_EQ(form.fields[1].content_type, "audio/mpeg");
        EXPECT_EQ(form.fields[1].value, body_of("\x01|--XyZw|--Xy||bytes", line_end));
        EXPECT_EQ(form.fields[2].value, "");
        EXPECT_EQ(form.find("nothing"), nullptr);
        EXPECT_EQ(form.text("nothing"), "");
    }
}

TEST(Multipart, TheBoundaryMayBeQuotedAndTheBodyBeginWithIt) {
    const std::string body = body_of("--a b:\"c|Content-Disposition: form-data; name=\"n\"||v|--a b:\"c--");
    const Form form = read_form("Multipart/Form-Data; charset=utf-8; boundary=\"a b:\\\"c\"", body);
    ASSERT_EQ(form.fields.size(), 1u);
    EXPECT_EQ(form.text("n"), "v");
    EXPECT_TRUE(form.whole);
}

TEST(Multipart, FileNamesInOtherAlphabets) {
    const std::string body = body_of(
        "--XyZ|Content-Disposition: form-data; name=f; filename=\"x.txt\"; "
        "filename*=UTF-8''na%C3%AFve.txt||v|--XyZ--");
    EXPECT_EQ(read_form(kType, body).fields.at(0).filename, "naïve.txt");
}

TEST(Multipart, FilesAreKnownByTheirDigests) {
    const Form form = read_form(kType, kBody);
    const std::string content = body_of("\x01|--XyZw|--Xy||bytes");
    std::string expected = kBody;
    expected.replace(
        expected.find(content), content.size(),
        R"({"bytes":24,"sha256":"24e46a86079598d9069a551f1b5e9e64a1db962f1bbe5b46d0120a1c402a0399"})");
    EXPECT_EQ(form_without_files(form, kBody), expected);
    const std::string again = *form_without_files(form, kBody);
    EXPECT_EQ(read_form(kType, again).fields.size(), 3u) << "it is a form still";
    const std::string plain =
        body_of("--XyZ|Content-Disposition: form-data; name=\"model\"||whisper-1|--XyZ--");
    EXPECT_EQ(form_without_files(read_form(kType, plain), plain), std::nullopt);
    EXPECT_EQ(form_without_files(read_form("text/plain", plain), plain), std::nullopt);
    const std::string cut = kBody.substr(0, kBody.find("bytes"));
    EXPECT_EQ(form_without_files(read_form(kType, cut), cut)->find("--Xy\r\n"), std::string::npos);
}

TEST(Multipart, ACutBodyGivesWhatCame) {
    for (std::size_t size = 0; size < kBody.size(); ++size) {
        const std::string body = kBody.substr(0, size);
        const Form form = read_form(kType, body);
        EXPECT_EQ(form.whole, body.contains("--XyZ--")) << size;
        EXPECT_LE(form.fields.size(), 3u);
        for (std::size_t i = 0; i + 1 < form.fields.size(); ++i) {
            EXPECT_EQ(form.fields[i].value, read_form(kType, kBody).fields[i].value) << size;
        }
    }
}

TEST(Multipart, CredentialsInFieldsAreNotKept) {
    const std::string body =
        "--XyZ\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\nsk-1\r\n"
        "--XyZ\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--XyZ--\r\n";
    const Form form = read_form("multipart/form-data; boundary=XyZ", body);
    EXPECT_EQ(form_parameters(form, {}).text, R"({"api_key":"***","model":"whisper-1"})");
    std::string expected = body;
    expected.replace(expected.find("sk-1"), 4, "***");
    EXPECT_EQ(form_without_files(form, body), expected);
}

TEST(Multipart, WhatIsNoFormHasNoFields) {
    EXPECT_TRUE(read_form("application/json", kBody).fields.empty());
    EXPECT_TRUE(read_form("multipart/form-data", kBody).fields.empty());
    EXPECT_TRUE(read_form("multipart/form-data; boundary=", kBody).fields.empty());
    EXPECT_TRUE(read_form("multipart/form-data; boundary=other", kBody).fields.empty());
    EXPECT_TRUE(read_form(kType, "--XyZ\r\nno header\r\n").fields.empty());
}

TEST(Multipart, Limits) {
    std::string body;
    for (int i = 0; i < 3000; ++i) body += "--XyZ\nContent-Disposition: form-data; name=a\n\nb\n";
    EXPECT_EQ(read_form(kType, body).fields.size(), Form::kMaxFields);
    const std::string long_head = "--XyZ\n" + std::string(Form::kMaxFieldHead + 10, 'h') +
                                  ": 1\nContent-Disposition: form-data; name=a\n\nb";
    EXPECT_TRUE(read_form(kType, long_head).fields.empty());
}

TEST(Multipart, ParametersAndFiles) {
    const std::string body = body_of(
        "--XyZ|Content-Disposition: form-data; name=\"model\"||m|--XyZ|Content-Disposition: form-data; "
        "name=\"timestamp_granularities[]\"||word|--XyZ|Content-Disposition: form-data; "
        "name=\"twice\"||1|--XyZ|"
        "Content-Disposition: form-data; name=\"twice\"||2|--XyZ|Content-Disposition: form-data; "
        "name=\"file\"; filename=\"a.wav\"|Content-Type: audio/wav||12345|--XyZ--");
    const Form form = read_form(kType, body);
    EXPECT_EQ(form_parameters(form, {"model"}).text,
              R"({"timestamp_granularities":["word"],"twice":["1","2"]})");
    EXPECT_EQ(form_files(form).text,
              R"([{"name":"file","filename":"a.wav","content_type":"audio/wav","bytes":5}])");
    EXPECT_EQ(form_parameters({}, {}).text, "");
    EXPECT_EQ(form_files({}).text, "");
}

RC_GTEST_PROP(Multipart, AnyValuesComeBack, (const std::vector<std::string>& values)) {
    std::string body;
    for (const std::string& value : values) {
        RC_PRE(value.find("--") == std::string::npos);
        body += "--XyZ\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n" + value + "\r\n";
    }
    body += "--XyZ--\r\n";
    const Form form = read_form(kType, body);
    RC_ASSERT(form.whole);
    RC_ASSERT(form.fields.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) RC_ASSERT(form.fields[i].value == values[i]);
}

RC_GTEST_PROP(Multipart, AnyBytesAreTaken, (const std::string& type, const std::string& body)) {
    const Form form = read_form("multipart/form-data; boundary=" + type, body);
    RC_ASSERT(is_json(form_parameters(form, {}).text) || form_parameters(form, {}).text.empty());
    RC_ASSERT(is_json(form_files(form).text) || form_files(form).text.empty());
}

}  // namespace
}  // namespace steno::providers
