// Reads and writes NAME.plugin.json. It is indented, so that two versions of a plugin can be compared line by line.
#include "manifest.hpp"

namespace talome::manifest {

namespace {

void indent(std::string& out, int depth) {
    out += '\n';
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

void print(std::string& out, const boost::json::value& value, int depth) {
    if (const auto* object = value.if_object(); object && !object->empty()) {
        char before = '{';
        for (const auto& pair : *object) {
            out += before;
            indent(out, depth + 1);
            write(out, std::string_view(pair.key()));
            out += ": ";
            print(out, pair.value(), depth + 1);
            before = ',';
        }
        indent(out, depth);
        out += '}';
    } else if (const auto* list = value.if_array(); list && !list->empty()) {
        char before = '[';
        for (const auto& one : *list) {
            out += before;
            indent(out, depth + 1);
            print(out, one, depth + 1);
            before = ',';
        }
        indent(out, depth);
        out += ']';
    } else {
        write(out, value);
    }
}

} // namespace

std::string toText(const Manifest& manifest) {
    std::string out;
    print(out, boost::json::parse(toJson(manifest)), 0);
    out += '\n';
    return out;
}

/// One that was made by an older SDK has not the lists that came later: then it has nothing of that.
Manifest fromText(std::string_view text) {
    auto written = boost::json::parse(text);
    if (auto* members = written.if_object())
        for (const char* later : {"requirements"})
            if (!members->contains(later)) members->emplace(later, boost::json::array{});
    return readText<Manifest>(boost::json::serialize(written));
}

} // namespace talome::manifest
