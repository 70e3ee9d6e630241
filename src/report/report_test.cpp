#include "report/render.hpp"

#include <gtest/gtest.h>

#include <string>

namespace steno::report {
namespace {

Document sample() {
    Document document;
    document.title = "Week <script>alert(1)</script>";
    document.subtitle = "\"quoted\" & 'so'";
    document.made_at = "2026-11-22T00:00:00Z";
    document.blocks.push_back(Headline{{{"cost", "$12.34", "+3 % against before"}, {"calls", "1,234", ""}}});
    Columns chart{"<img src=x onerror=alert(1)>", {}, {{0, "0"}, {50, "50"}, {100, "100"}}};
    for (int i = 0; i < 30; ++i)
        chart.columns.push_back(
            {std::to_string(i), i == 7 ? std::nullopt : std::optional(i * 3.0), i > 25, {}, i == 12});
    document.blocks.push_back(chart);
    document.blocks.push_back(Heading{"By model"});
    Table table{{{"model", false, true}, {"cost", true}, {"", false, false, true}}, {}};
    for (const char* name :
         {"</td><script>alert(2)</script>", "модель", "模型", "نموذج", "a\x01\x1b[31mb", "\xff\xfe"})
        table.rows.push_back({name, "$1.00", "0.25"});
    for (int i = 0; i < 120; ++i) table.rows.push_back({"row " + std::to_string(i), "$0.01", "1"});
    document.blocks.push_back(table);
    document.blocks.push_back(Paragraph{"Say & mean."});
    return document;
}

TEST(Html, WhatWasRecordedIsTextAndNothingElse) {
    const std::string page = html(sample());
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<img"), std::string::npos);
    EXPECT_EQ(page.find("http://"), std::string::npos);
    EXPECT_EQ(page.find("https://"), std::string::npos);
    EXPECT_EQ(page.find('\x1b'), std::string::npos);
    EXPECT_NE(page.find("&lt;/td&gt;&lt;script&gt;alert(2)"), std::string::npos);
    EXPECT_NE(page.find("aria-label=\"&lt;img src=x onerror=alert(1)&gt;\""), std::string::npos);
    EXPECT_NE(page.find("模型"), std::string::npos);
    EXPECT_NE(page.find("width:25.0%"), std::string::npos);
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(Pdf, HasPagesWhateverTheTextsAre) {
    const auto file = pdf(sample());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->substr(0, 5), "%PDF-");
    EXPECT_EQ(pdf(sample()).value(), *file);  // the same says the same
    ASSERT_TRUE(pdf(Document{"", "", "", {}}));
}

TEST(Pdf, NothingIsNoPicture) {
    Document document = sample();
    document.blocks = {Columns{"", {}, {}}, Columns{"", {{"a", std::nullopt}}, {}}, Table{{{"head"}}, {}},
                       Headline{}};
    EXPECT_TRUE(pdf(document));
    EXPECT_FALSE(html(document).empty());
}

}  // namespace
}  // namespace steno::report
