#include "prompts/prompt_file.hpp"

#include "prompts/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace steno::prompts {
namespace {

using testing::HasSubstr;

TEST(PromptFiles, AreReadAsPeopleWriteThem) {
    const auto file = read_prompt_file(
        "\xef\xbb\xbf+++\r\n"
        "name = \"support/answer\"  # where it is\r\n"
        "version = \"1.10\"\n"
        "tags = [\"support\"]\n"
        "labels = [\"staging\"]\n"
        "temperature = 0.30\n"
        "token_limit = 500\n"
        "parameters = {stop = [\"a\"], n = 1, p = 0.1, x = 2.0}\n"
        "tools = '''[{\"name\": \"b\", \"a\": 1}]'''\n"
        "[[variables]]\n"
        "name = \"tone\"\n"
        "default = \"friendly\"\n"
        "[[variables]]\n"
        "name = \"facts\"\n"
        "type = \"list\"\n"
        "default = [1, 2]\n"
        "+++\n"
        "Answer {{question}}.\n"
        "+++\n"
        "\n");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->name, "support/answer");
    EXPECT_EQ(file->version.number->text(), "1.10");
    EXPECT_EQ(file->version.content.text, "Answer {{question}}.\n+++\n");
    EXPECT_EQ(file->version.content.temperature, 0.3);
    EXPECT_EQ(file->version.content.token_limit, 500);
    EXPECT_EQ(file->version.content.tools, R"([{"name":"b","a":1}])");
    EXPECT_EQ(file->version.content.parameters, R"({"n":1,"p":0.1,"stop":["a"],"x":2.0})");
    EXPECT_EQ(file->version.content.variables[1].default_value, "[1,2]");
    EXPECT_THAT(file->version.labels, testing::ElementsAre("staging"));
}

TEST(PromptFiles, SayWhatIsWrongAndInWhichLine) {
    for (const auto& [file, what] : std::initializer_list<std::pair<std::string, const char*>>{
             {"", "does not begin with a line"},
             {"---\nname: x\n---\n", "does not begin with a line"},
             {"+++\nname = \"x\"\n", "behind the TOML is missing"},
             {"+++", "behind the TOML is missing"},
             {"+++\nname = \"x\"\nversion = 1.10.1\n+++\n", "line 3: "},
             {"+++\nversion = 1.1\n+++\nx", "version: a text in quotes"},
             {"+++\nversion = \"x\"\n+++\nx", "\"x\" is no version"},
             {"+++\nmodell = \"x\"\n+++\nx", "a prompt has no \"modell\""},
             {"+++\ntools = \"[\"\n+++\nx", "tools: "},
             {"+++\ntools = \"[] x\"\n+++\nx", "tools: no JSON"},
             {"+++\ntemperature = nan\n+++\nx", "temperature: a number"},
             {"+++\ntemperature = 2026-01-01\n+++\nx", "temperature: a number"},
             {"+++\ntags = \"a\"\n+++\nx", "tags: a list of texts"},
             {"+++\ntext = \"a\"\n+++\nx", "another one behind it"},
             {"+++\nname = \"\xff\"\n+++\nx", "no UTF-8"}}) {
        const auto read = read_prompt_file(file);
        ASSERT_FALSE(read) << file;
        EXPECT_EQ(read.error().code, Code::InvalidArgument);
        EXPECT_THAT(read.error().message, HasSubstr(what)) << file;
    }
    EXPECT_FALSE(read_prompt_file("+++\na = " + std::string(100'000, '[') + "\n+++\n"));
}

/// All that one can say, with what TOML could take for its own.
PromptFile odd_file(const std::string& text) {
    PromptFile file;
    file.name = "a \"quoted\" \\ name";
    file.description = text;
    file.tags = {"x", text + "x"};
    file.version.number = *VersionNumber::parse("1.10");
    file.version.notes = text;
    Content& content = file.version.content;
    content.goal = text;
    content.temperature = 1;
    content.top_p = 0.1;
    content.parameters = R"({"a":"'''","b":"\u0001\\"})";
    content.response_schema = R"({"z":{"y":null},"a":[1.50,"+++"]})";
    content.variables = {{"a", VariableType::String, R"("+++\n\"\"\"")", false, text},
                         {"b", VariableType::Object, R"({"z":null,"a":"'''"})", true, ""},
                         {"c", VariableType::List, "[]", true, ""},
                         {"d", VariableType::Number, "1.5", true, ""},
                         {"e", VariableType::Boolean, "false", true, ""}};
    return file;
}

void comes_back(const PromptFile& file) {
    const std::string written = write_prompt_file(file);
    const auto read = read_prompt_file(written);
    ASSERT_TRUE(read) << read.error().message << "\n" << written;
    EXPECT_EQ(read->name, file.name);
    EXPECT_EQ(read->description, file.description);
    EXPECT_EQ(read->tags, file.tags);
    EXPECT_EQ(read->version.notes, file.version.notes);
    EXPECT_EQ(to_json(read->version.content), to_json(file.version.content)) << written;
    EXPECT_EQ(write_prompt_file(*read), written);
}

TEST(PromptFiles, ComeBackAsTheyWere) {
    for (const char* const text :
         {"a", "+++\n", "\n+++\n+++", "\"\"\"", "a\\", "'''", "\r\n", "\t\x01\x7f", "ü🙂\n\n"}) {
        PromptFile file = odd_file(text);
        file.version.content.text = text;
        comes_back(file);
        file.version.content.text.clear();
        file.version.content.messages = {{"system", text}, {"user", ""}, {"assistant", "+++"}};
        comes_back(file);
    }
}

TEST(PromptFiles, KeepNumbersToTheDigit) {
    for (const char* const number : {"0", "-0", "1.0", "1.50", "1e3", "1E5", "1e-7", "0.1", "-0.0",
                                     "12345678901234567890", "-9223372036854775808", "999999999999999999",
                                     "0.30000000000000004", "1e400", "100000000000000000000.5"}) {
        PromptFile file;
        file.version.content.text = "x";
        const bool whole = std::string_view(number).find_first_of(".eE") == std::string_view::npos;
        file.version.content.variables = {
            {"n", whole ? VariableType::Integer : VariableType::Number, number, true, ""}};
        ASSERT_TRUE(check(file.version.content)) << number;
        comes_back(file);
    }
}

TEST(PromptFiles, SayTheSameWithTheLinesOfWindows) {
    PromptFile file = odd_file("two\nlines\n");
    file.version.content.text = "one\ntwo\n\nfour";
    std::string written = write_prompt_file(file);
    for (std::size_t at = 0; (at = written.find('\n', at)) != std::string::npos; at += 2)
        written.insert(at, "\r");
    const auto read = read_prompt_file(written);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_json(read->version.content), to_json(file.version.content));
}

RC_GTEST_PROP(PromptFileProperties, AnyNumberComesBack, ()) {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    PromptFile file;
    file.version.content.text = "x";
    file.version.content.temperature = static_cast<double>(bits) / 2e17;
    file.version.content.top_p = static_cast<double>(bits) / 1.9e19;
    const auto read = read_prompt_file(write_prompt_file(file));
    RC_ASSERT(read && read->version.content == file.version.content);
}

RC_GTEST_PROP(PromptFileProperties, AnyTextComesBack, ()) {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::inRange<char>(1, 127), rc::gen::elementOf(std::string("+\n\"'\\\r{}"))));
    PromptFile file;
    file.version.content.text = "x" + text;
    auto read = read_prompt_file(write_prompt_file(file));
    RC_ASSERT(read && read->version.content == file.version.content);
    file.version.content.text.clear();
    file.version.content.messages = {{"user", text}};
    read = read_prompt_file(write_prompt_file(file));
    RC_ASSERT(read && read->version.content == file.version.content);
}

}  // namespace
}  // namespace steno::prompts
