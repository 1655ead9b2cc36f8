// The words of a declaration: permission, tier, and what is said of an input or a setting beyond its type.
#pragma once

#include "json.hpp"

#include <array>
#include <initializer_list>

namespace talome {

/// What a call can do at most: only look, change what can be changed back, or destroy.
enum class Tier { read, modify, destructive };

/// Who may call. There is no default.
class Permission {
public:
    template <class... Word> explicit constexpr Permission(const char* first, Word... more)
        : words_{first, more...}, n_(1 + sizeof...(more)) {}
    std::string text() const {
        std::string joined;
        for (std::size_t i = 0; i < n_; ++i) joined += (i ? "," : "") + std::string(words_[i]);
        return joined;
    }

private:
    std::array<const char*, 8> words_;
    std::size_t n_;
};

inline constexpr Permission anyone{"public"};   ///< without logging in
inline constexpr Permission session{"session"}; ///< every user
inline constexpr Permission admin{"admin"};
/// A person who has logged in, or who sits at the server: no API token. For what makes or changes credentials.
inline constexpr Permission inPerson{"interactive"};
inline constexpr Permission adminInPerson{"admin", "interactive"};

/// Users who have all of these feature flags: string literals.
template <class... Flag> constexpr Permission flags(const char* first, Flag... more) {
    return Permission{first, more...};
}

/// A rule for one value: words of JSON Schema.
struct Constraint {
    std::vector<std::pair<std::string, boost::json::value>> words;
};

template <class N> Constraint atLeast(N least) { return {{{"minimum", least}}}; }
template <class N> Constraint atMost(N most) { return {{{"maximum", most}}}; }
template <class N, class M> Constraint range(N least, M most) { return {{{"minimum", least}, {"maximum", most}}}; }
/// Of text, in code points.
inline Constraint length(std::uint64_t least, std::uint64_t most) {
    return {{{"minLength", least}, {"maxLength", most}}};
}
/// A password, a key: never shown again, and left out of the audit log.
inline Constraint secret() { return {{{"writeOnly", true}}}; }
/// Of a list.
inline Constraint items(std::uint64_t least, std::uint64_t most) { return {{{"minItems", least}, {"maxItems", most}}}; }
/// A regular expression that is found anywhere in the text, unless it has ^ and $.
inline Constraint pattern(std::string_view expression) { return {{{"pattern", boost::json::string(expression)}}}; }
inline Constraint oneOf(std::initializer_list<std::string_view> texts) {
    boost::json::array list;
    for (const std::string_view text : texts) list.emplace_back(text);
    return {{{"enum", std::move(list)}}};
}

namespace detail {

/// What was said of one value.
struct Note {
    std::string field; ///< "tail", "ports[].host", "options.deep"; empty: the whole value
    std::string description;
    std::vector<std::pair<std::string, boost::json::value>> words;
    std::optional<std::string> fallback; ///< JSON

    void add(const Constraint& rule) { words.insert(words.end(), rule.words.begin(), rule.words.end()); }
    template <class T> void add(const T& value) { fallback = toJson(value); }
};

/// The schema with the notes in it. Throws std::logic_error for a field that is not there, and for a word that does not
/// fit its type: mistakes of the plugin, found when its manifest is made.
std::string annotate(const std::string& schema, const std::vector<Note>& notes);

} // namespace detail
} // namespace talome

#include "declare.ipp"
