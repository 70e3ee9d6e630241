#include "base/text.hpp"
#include "report/drawing.hpp"
#include "report/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cairo-pdf.h>
#include <cstdlib>
#include <memory>
#include <pango/pangocairo.h>
#include <string_view>

namespace steno::report {

namespace {

// A4, in points.
constexpr double kWidth = 595.28, kHeight = 841.89, kMargin = 48, kInner = kWidth - 2 * kMargin;
constexpr double kFoot = kHeight - kMargin;

struct Colour {
    double red, green, blue;
};
constexpr Colour kText{0.11, 0.14, 0.19}, kQuiet{0.4, 0.44, 0.52}, kLine{0.86, 0.88, 0.91},
    kCard{0.97, 0.97, 0.98};
/// By Drawing::Ink.
constexpr std::array kInks = {Colour{0.19, 0.34, 0.83}, Colour{0.73, 0.78, 0.96}, Colour{0.85, 0.45, 0.05},
                              kLine, kQuiet};

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Surface = std::unique_ptr<cairo_surface_t, Freed<cairo_surface_destroy>>;
using Context = std::unique_ptr<cairo_t, Freed<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Freed<g_object_unref>>;
using Attributes = std::unique_ptr<PangoAttrList, Freed<pango_attr_list_unref>>;
using Font = std::unique_ptr<PangoFontDescription, Freed<pango_font_description_free>>;

/// What fonts and the libraries take: UTF-8 without control characters.
std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0)
            out += "\uFFFD";
        else if (length == 1 && static_cast<unsigned char>(text.front()) < 0x20)
            out += ' ';
        else
            out += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

/// No line begins with the percent sign of a number, or ends with the sign of an amount. What is copied out
/// of the page is the text as it is.
void keep_together(PangoLayout* layout, std::string_view text) {
    const Attributes attributes(pango_attr_list_new());
    for (const std::string_view pair : {" %", "+$", "−$"}) {
        for (std::size_t at = 0; (at = text.find(pair, at)) != text.npos; at += pair.size()) {
            PangoAttribute* const whole = pango_attr_allow_breaks_new(0);
            whole->start_index = static_cast<unsigned>(at);
            whole->end_index = static_cast<unsigned>(at + pair.size());
            pango_attr_list_insert(attributes.get(), whole);  // which owns it
        }
    }
    pango_layout_set_attributes(layout, attributes.get());
}

class Pages {
  public:
    /// `total`: what stands in the foot of every page; 0 while they are being counted.
    Pages(cairo_t* cairo, int total) : cairo_(cairo), total_(total) { foot(); }

    [[nodiscard]] int count() const { return page_; }

    void title(const Document& document) {
        double size = 20;  // one line, if it can be
        while (size > 15 && measure(document.title, size, true, 0).first > kInner) size -= 0.5;
        y_ += text(document.title, kMargin, y_, size, kText, true, kInner);
        y_ += 2 + text(document.subtitle, kMargin, y_ + 2, 9, kQuiet, false, kInner);
    }
    void operator()(const Heading& heading) {
        need(120);  // never alone at the end of a page
        y_ += 20;
        y_ += text(heading.text, kMargin, y_, 13, kText, true, kInner) + 4;
    }
    void operator()(const Paragraph& paragraph) {
        const double size = paragraph.quiet ? 8.5 : 10;
        const double height = measure(paragraph.text, size, false, kInner).second;
        need(height + 4);
        text(paragraph.text, kMargin, y_, size, paragraph.quiet ? kQuiet : kText, false, kInner);
        y_ += height + 5;
    }
    void operator()(const Headline& headline) {
        constexpr std::size_t kInRow = 4;
        constexpr double kGap = 8, kCardHeight = 62, kCardWidth = (kInner - kGap * (kInRow - 1)) / kInRow;
        y_ += 12;
        for (std::size_t i = 0; i < headline.figures.size(); ++i) {
            if (i % kInRow == 0) need(kCardHeight + kGap);
            const auto& figure = headline.figures[i];
            const double x = kMargin + static_cast<double>(i % kInRow) * (kCardWidth + kGap);
            box(x, y_, kCardWidth, kCardHeight, kCard);
            const auto add = [&](std::string_view what, double below, double usual, Colour colour,
                                 bool bold) {
                double size = usual;  // what is long, such as exact sums, is smaller
                while (size > usual / 2 && measure(what, size, bold, 0).first > kCardWidth - 18) size -= 0.25;
                text(what, x + 8, y_ + below + (usual - size) / 2, size, colour, bold, kCardWidth - 16, true);
            };
            add(figure.label, 7, 8.5, kQuiet, false);
            add(figure.value, 20, 14, kText, true);
            add(figure.note, 43, 8, kQuiet, false);
            if (i % kInRow == kInRow - 1 || i + 1 == headline.figures.size()) y_ += kCardHeight + kGap;
        }
    }
    void operator()(const Columns& columns) {
        constexpr double kChart = 150;
        need(kChart + 8);
        const Drawing drawing = draw(columns, kInner, kChart);
        for (const auto& shape : drawing.boxes)
            box(kMargin + shape.x, y_ + shape.y, shape.width, shape.height,
                kInks[static_cast<std::size_t>(shape.ink)]);
        for (const auto& label : drawing.labels) {
            const auto [wide, high] = measure(label.text, 7, false, 0);
            const double shift = label.anchor == Drawing::Label::Anchor::Right    ? wide
                                 : label.anchor == Drawing::Label::Anchor::Middle ? wide / 2
                                                                                  : 0;
            text(label.text, kMargin + label.x - shift, y_ + label.y - high * 0.8, 7, kQuiet, false, 0);
        }
        y_ += kChart + 8;
    }
    void operator()(const Table& table) {
        constexpr double kUsual = 8.5, kLeast = 5, kRow = 16, kGap = 10, kNarrow = 60;
        constexpr double kBar = 70, kShortBar = 24, kShorter = 2;
        const auto wide = static_cast<double>(std::ranges::count(table.columns, true, &Table::Column::wide));
        std::vector<double> widths;
        double size = kUsual, bar = kBar + kShorter, taken = kInner;
        // All columns are on the page, in the same size as in other tables: bars are shorter where numbers
        // are long, and only then letters smaller.
        while (size > kLeast && taken + wide * (kNarrow + kGap) > kInner) {
            if (bar > kShortBar)
                bar -= kShorter;
            else
                size -= 0.5;
            widths.clear();
            taken = 0;
            for (std::size_t i = 0; i < table.columns.size(); ++i) {
                double widest = measure(table.columns[i].head, size, false, 0).first;
                for (const auto& row : table.rows)
                    if (i < row.size()) widest = std::max(widest, measure(row[i], size, false, 0).first);
                if (table.columns[i].bar) widest = bar;
                widths.push_back(widest);
                if (!table.columns[i].wide) taken += widest + kGap;
            }
        }
        for (std::size_t i = 0; i < widths.size(); ++i)
            if (table.columns[i].wide) widths[i] = std::max(kNarrow, (kInner - taken) / wide - kGap);
        const auto line = [&](const std::vector<std::string>& cells, Colour colour, bool head) {
            double x = kMargin;
            for (std::size_t i = 0; i < widths.size() && i < cells.size(); ++i) {
                const auto& column = table.columns[i];
                if (column.bar && !head) {
                    const double share = std::clamp(std::strtod(cells[i].c_str(), nullptr), 0.0, 1.0);
                    box(x, y_ + 4, widths[i] * share, 7, kInks[0]);
                } else {
                    const double shift =
                        column.right
                            ? widths[i] - std::min(widths[i], measure(cells[i], size, false, 0).first)
                            : 0;
                    text(cells[i], x + shift, y_ + 2 + (kUsual - size) / 2, size, colour, false,
                         widths[i] - shift + 1, true);
                }
                x += widths[i] + kGap;
            }
            y_ += kRow;
            box(kMargin, y_ - 1, kInner, 0.5, kLine);
        };
        std::vector<std::string> heads;
        for (const auto& column : table.columns) heads.push_back(column.head);
        need(kRow * 3);
        line(heads, kQuiet, true);
        for (const auto& row : table.rows) {
            if (need(kRow)) line(heads, kQuiet, true);
            line(row, kText, false);
        }
        y_ += 6;
    }

  private:
    [[nodiscard]] Layout layout(std::string_view what, double size, bool bold, double width,
                                bool one_line) const {
        Layout made(pango_cairo_create_layout(cairo_));
        const Font font(pango_font_description_from_string("DejaVu Sans"));
        pango_font_description_set_absolute_size(font.get(), size * PANGO_SCALE);
        if (bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
        pango_layout_set_font_description(made.get(), font.get());
        const std::string clean = printable(what);
        pango_layout_set_text(made.get(), clean.data(), static_cast<int>(clean.size()));
        keep_together(made.get(), clean);
        // A line begins at the left also where its letters run from the right.
        pango_layout_set_auto_dir(made.get(), 0);
        if (width > 0) pango_layout_set_width(made.get(), static_cast<int>(width * PANGO_SCALE));
        if (one_line) pango_layout_set_ellipsize(made.get(), PANGO_ELLIPSIZE_END);
        return made;
    }
    [[nodiscard]] std::pair<double, double> measure(std::string_view what, double size, bool bold,
                                                    double width) const {
        int wide = 0, high = 0;
        pango_layout_get_size(layout(what, size, bold, width, false).get(), &wide, &high);
        return {static_cast<double>(wide) / PANGO_SCALE, static_cast<double>(high) / PANGO_SCALE};
    }
    /// Its height.
    double text(std::string_view what, double x, double y, double size, Colour colour, bool bold,
                double width, bool one_line = false) {
        const Layout made = layout(what, size, bold, width, one_line);
        cairo_set_source_rgb(cairo_, colour.red, colour.green, colour.blue);
        cairo_move_to(cairo_, x, y);
        pango_cairo_show_layout(cairo_, made.get());
        int wide = 0, high = 0;
        pango_layout_get_size(made.get(), &wide, &high);
        return static_cast<double>(high) / PANGO_SCALE;
    }
    void box(double x, double y, double width, double height, Colour colour) {
        cairo_set_source_rgb(cairo_, colour.red, colour.green, colour.blue);
        cairo_rectangle(cairo_, x, y, width, height);
        cairo_fill(cairo_);
    }
    void foot() {
        const std::string number =
            total_ > 0 ? fmt::format("{} / {}", page_, total_) : fmt::format("{}", page_);
        const double wide = measure(number, 8, false, 0).first;
        text(number, kWidth - kMargin - wide, kFoot + 14, 8, kQuiet, false, 0);
    }
    /// Begins a page where less than this is left; says whether it did.
    bool need(double height) {
        if (y_ + height <= kFoot) return false;
        cairo_show_page(cairo_);
        ++page_;
        y_ = kMargin;
        foot();
        return true;
    }

    cairo_t* cairo_;
    int total_;
    int page_ = 1;
    double y_ = kMargin;
};

cairo_status_t append(void* out, const unsigned char* bytes, unsigned int size) {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
    return CAIRO_STATUS_SUCCESS;
}

}  // namespace

Result<std::string> pdf(const Document& document) {
    std::string out;
    int pages = 0;
    for (int pass = 0; pass < 2; ++pass) {  // the first counts the pages
        out.clear();
        const Surface surface(cairo_pdf_surface_create_for_stream(append, &out, kWidth, kHeight));
        cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE,
                                       printable(document.title).c_str());
        cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATOR, "Steno");
        cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                       document.made_at.c_str());
        const Context cairo(cairo_create(surface.get()));
        Pages writer(cairo.get(), pages);
        writer.title(document);
        for (const Block& block : document.blocks) std::visit([&](const auto& one) { writer(one); }, block);
        cairo_show_page(cairo.get());
        pages = writer.count();
        const cairo_status_t context = cairo_status(cairo.get());
        cairo_surface_finish(surface.get());
        const cairo_status_t status =
            context != CAIRO_STATUS_SUCCESS ? context : cairo_surface_status(surface.get());
        if (status != CAIRO_STATUS_SUCCESS)
            return fail(Code::Internal,
                        fmt::format("the PDF could not be drawn: {}", cairo_status_to_string(status)));
    }
    return out;
}

}  // namespace steno::report
