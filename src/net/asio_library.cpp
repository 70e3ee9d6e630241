// The non-template parts of Asio and Beast, compiled here once (see CMakeLists.txt).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
