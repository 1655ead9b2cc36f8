#include "shell_words.hpp"

#include <doctest/doctest.h>

using talome::shellWords;
using Words = std::vector<std::string>;

TEST_CASE("words, quotes and backslashes") {
    CHECK(shellWords("") == Words{});
    CHECK(shellWords(" \t\n ") == Words{});
    CHECK(shellWords("ls -l  /tmp\n") == Words{"ls", "-l", "/tmp"});
    CHECK(shellWords("sh -c 'echo \"a  b\" $HOME'") == Words{"sh", "-c", "echo \"a  b\" $HOME"});
    CHECK(shellWords(R"(a"b c"'d e'f '' "")") == Words{"ab cd ef", "", ""});
    CHECK(shellWords(R"("\$ \` \" \\ \n" a\ b \'c)") == Words{"$ ` \" \\ \\n", "a b", "'c"});
    CHECK(shellWords("a\\\nb \"c\\\nd\"") == Words{"ab", "cd"});
}

TEST_CASE("nothing is expanded, and nothing is an operator") {
    CHECK(shellWords("echo $HOME `id` $(id) * ~ ; rm -rf / | cat > x & #y") ==
          Words{"echo", "$HOME", "`id`", "$(id)", "*", "~", ";", "rm", "-rf", "/", "|", "cat", ">", "x", "&", "#y"});
}

TEST_CASE("what does not end") {
    CHECK_THROWS_AS(shellWords("a 'b"), talome::ShellWordsError);
    CHECK_THROWS_AS(shellWords("a \"b\\\""), talome::ShellWordsError);
    CHECK_THROWS_AS(shellWords("a\\"), talome::ShellWordsError);
}
