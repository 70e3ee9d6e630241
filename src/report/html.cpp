#include "report/drawing.hpp"
#include "report/render.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace steno::report {

namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--back:#fff;--text:#1c2330;--quiet:#667085;--line:#e4e7ec;--value:#3056d3;--expected:#b9c6f5;--marked:#d9730d;--card:#f7f8fa}
@media(prefers-color-scheme:dark){:root{--back:#12161d;--text:#e6e9ef;--quiet:#98a2b3;--line:#2b3340;--value:#6d8cff;--expected:#33447f;--marked:#f0953f;--card:#1a2029}}
@media print{:root{--back:#fff;--text:#000;--quiet:#555;--line:#ccc;--value:#3056d3;--expected:#b9c6f5;--marked:#d9730d;--card:#fff}section,tr,svg{break-inside:avoid}h2{break-after:avoid}body{padding:0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:920px;padding:32px 24px;background:var(--back);color:var(--text);font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:36px 0 8px}p{margin:8px 0}.quiet{color:var(--quiet);font-size:13px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:24px 0}
.figure{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.figure b{display:block;font-size:21px;font-weight:600;overflow-wrap:anywhere}.figure span{color:var(--quiet);font-size:13px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{text-align:left;color:var(--quiet);font-weight:500;font-size:12px}th,td{padding:5px 8px;border-bottom:1px solid var(--line);vertical-align:top}
td.wide{overflow-wrap:anywhere;min-width:140px}.right{text-align:right;white-space:nowrap}
.bar{width:110px}.bar i{display:block;height:9px;margin-top:6px;background:var(--value);border-radius:2px}
svg{width:100%;height:auto;display:block;margin:8px 0}svg text{fill:var(--quiet);font-size:10px}
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                // HTML has no control characters.
                if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
        }
    }
    return out;
}

struct Writer {
    std::string out;

    void operator()(const Heading& heading) { out += fmt::format("<h2>{}</h2>\n", escaped(heading.text)); }
    void operator()(const Paragraph& paragraph) {
        out += fmt::format("<p{}>{}</p>\n", paragraph.quiet ? " class=quiet" : "", escaped(paragraph.text));
    }
    void operator()(const Headline& headline) {
        out += "<div class=figures>\n";
        for (const auto& figure : headline.figures)
            out += fmt::format("<div class=figure><span>{}</span><b>{}</b><span>{}</span></div>\n",
                               escaped(figure.label), escaped(figure.value), escaped(figure.note));
        out += "</div>\n";
    }
    void operator()(const Columns& columns) {
        static constexpr std::array kInks = {"value", "expected", "marked", "line", "text"};
        static constexpr std::array kAnchors = {"start", "middle", "end"};
        const Drawing drawing = draw(columns, 870, 230);
        out += fmt::format("<svg viewBox=\"0 0 {} {}\" role=img aria-label=\"{}\">\n", drawing.width,
                           drawing.height, escaped(columns.says));
        for (const auto& box : drawing.boxes)
            out += fmt::format(
                "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"var(--{})\"/>\n",
                box.x, box.y, box.width, box.height, kInks[static_cast<std::size_t>(box.ink)]);
        for (const auto& label : drawing.labels)
            out +=
                fmt::format("<text x=\"{:.2f}\" y=\"{:.2f}\" text-anchor=\"{}\">{}</text>\n", label.x,
                            label.y, kAnchors[static_cast<std::size_t>(label.anchor)], escaped(label.text));
        out += "</svg>\n";
    }
    void operator()(const Table& table) {
        out += "<table>\n<thead><tr>";
        for (const auto& column : table.columns)
            out += fmt::format("<th{}>{}</th>", column.right ? " class=right" : "", escaped(column.head));
        out += "</tr></thead>\n<tbody>\n";
        for (const auto& row : table.rows) {
            out += "<tr>";
            for (std::size_t i = 0; i < table.columns.size() && i < row.size(); ++i) {
                const auto& column = table.columns[i];
                if (column.bar)
                    out += fmt::format("<td class=bar><i style=\"width:{:.1f}%\"></i></td>",
                                       std::strtod(row[i].c_str(), nullptr) * 100);
                else
                    out += fmt::format("<td{}>{}</td>",
                                       column.right  ? " class=right"
                                       : column.wide ? " class=wide"
                                                     : "",
                                       escaped(row[i]));
            }
            out += "</tr>\n";
        }
        out += "</tbody>\n</table>\n";
    }
};

}  // namespace

std::string html(const Document& document) {
    Writer writer;
    // Nothing but what stands here may be shown or run, whatever the texts say.
    writer.out = fmt::format(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n"
        "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>{}</title>\n"
        "<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n<p class=quiet>{}</p>\n",
        escaped(document.title), kStyle, escaped(document.title), escaped(document.subtitle));
    for (const Block& block : document.blocks) std::visit(writer, block);
    writer.out += "</body>\n</html>\n";
    return std::move(writer.out);
}

}  // namespace steno::report
