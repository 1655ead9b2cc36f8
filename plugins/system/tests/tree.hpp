// A folder of a test's own, with files made as they are named: the kernel's trees, as far as a test needs them.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <stdlib.h>

class Tree {
public:
    Tree() {
        char name[] = "/tmp/talome-system-XXXXXX";
        REQUIRE(::mkdtemp(name));
        path_ = name;
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() { std::filesystem::remove_all(path_); }

    Tree& file(const std::string& name, std::string_view text) {
        const auto path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return *this;
    }
    Tree& folder(const std::string& name) {
        std::filesystem::create_directories(path_ / name);
        return *this;
    }
    Tree& link(const std::string& name, const std::string& to) {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::filesystem::create_symlink(to, path_ / name);
        return *this;
    }
    std::string path(const std::string& name = {}) const { return (name.empty() ? path_ : path_ / name).string(); }

private:
    std::filesystem::path path_;
};
