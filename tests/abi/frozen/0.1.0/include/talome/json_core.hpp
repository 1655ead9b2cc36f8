// The part of the JSON layer that does not depend on the type: tables of members and the functions over them. Kept out
// of templates, so that a file with many structs compiles in reasonable time.
#pragma once

#include "errors.hpp"

#include <boost/json/value.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talome::detail {

/// Where the reader is. It lives on the stack, and costs nothing until something is wrong.
struct Path {
    const Path* up = nullptr;
    std::string_view key;
    std::size_t index = 0;
    bool inList = false;

    std::string text() const;
    [[noreturn]] void fail(const std::string& why) const { throw Invalid(text(), why); }
};

class SchemaText;

/// What the layer knows of a type.
struct Type {
    void (*write)(std::string&, const void*);
    void (*read)(const boost::json::value&, void*, const Path&);
    void (*schema)(SchemaText&);
    bool (*absent)(const void*); ///< of an optional: it has no value; null for all other types
};

struct Member {
    std::string_view name;
    const Type* type;
    const void* (*in)(const void* object);
};

struct Struct {
    std::string_view name;
    std::span<const Member> members;
};

struct Enumerator {
    std::string_view name;
    long long value;
};

void quote(std::string& out, std::string_view text); ///< bytes that are not UTF-8 become U+FFFD
void writeValue(std::string& out, const boost::json::value&);
void writeStruct(std::string& out, const void* object, const Struct&);
void readStruct(const boost::json::value&, void* object, const Struct&, const Path&);
void writeEnum(std::string& out, long long value, std::span<const Enumerator>);
long long readEnum(const boost::json::value&, std::span<const Enumerator>, const Path&);
boost::json::value parse(std::string_view text, boost::json::storage_ptr = {}); ///< throws Invalid
std::string schemaOf(const Type&, bool closed);

/// Collects the text of a schema. A struct that contains itself stands in $defs, the others stand where they are used.
class SchemaText {
public:
    explicit SchemaText(bool closed) : closed_(closed) {}
    std::string out;

    void object(const Struct&);
    void enumeration(std::span<const Enumerator>);

private:
    friend std::string schemaOf(const Type&, bool);
    bool isRecursive(const Struct&) const;
    std::string nameOf(const Struct&) const;
    void body(const Struct&);

    bool closed_;
    bool searching_ = true; ///< first pass: only finds the recursive structs
    std::vector<const Struct*> open_, recursive_;
};

} // namespace talome::detail

#include "json_core.ipp"
