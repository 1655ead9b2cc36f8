#include "shell_words.hpp"

namespace talome {

namespace {

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

} // namespace

std::vector<std::string> shellWords(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool open = false; // a word has begun, though it may be empty so far: ''
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (isBlank(c)) {
            if (open) words.push_back(std::move(word));
            word.clear();
            open = false;
            continue;
        }
        if (c == '\\') {
            if (++i == line.size()) throw ShellWordsError("a backslash stands at the end");
            if (line[i] == '\n') continue; // the line goes on
            word += line[i];
        } else if (c == '\'') {
            const auto end = line.find('\'', i + 1);
            if (end == line.npos) throw ShellWordsError("a ' is not closed");
            word.append(line.substr(i + 1, end - i - 1));
            i = end;
        } else if (c == '"') {
            for (++i; i < line.size() && line[i] != '"'; ++i) {
                const bool escapes = line[i] == '\\' && i + 1 < line.size() &&
                                     std::string_view("$`\"\\\n").find(line[i + 1]) != std::string_view::npos;
                if (escapes && line[++i] == '\n') continue;
                word += line[i];
            }
            if (i == line.size()) throw ShellWordsError("a \" is not closed");
        } else {
            word += c;
        }
        open = true;
    }
    if (open) words.push_back(std::move(word));
    return words;
}

} // namespace talome
