#pragma once

#include "report/document.hpp"

#include <string>
#include <vector>

namespace steno::report {

/// A picture as shapes: what SVG and PDF both draw.
struct Drawing {
    enum class Ink { Value, Expected, Marked, Grid, Text };
    struct Box {
        double x, y, width, height;
        Ink ink;
    };
    struct Label {
        enum class Anchor { Left, Middle, Right };
        double x, y;  ///< of its baseline
        Anchor anchor;
        std::string text;
    };
    double width = 0, height = 0;
    std::vector<Box> boxes;
    std::vector<Label> labels;
};

Drawing draw(const Columns& columns, double width, double height);

}  // namespace steno::report
