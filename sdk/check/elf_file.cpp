// What a shared object says of itself.
#include "sdk/check/elf_file.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <link.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace talome::check {

namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Segment = ElfW(Phdr);
using Symbol = ElfW(Sym);
using Dynamic = ElfW(Dyn);

class Image {
public:
    explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}

    /// A copy: nothing in a file need be aligned.
    template <class T> T at(std::uint64_t offset) const {
        if (offset > bytes_.size() || sizeof(T) > bytes_.size() - offset)
            throw std::runtime_error("the file is cut off");
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }
    std::string text(std::uint64_t offset) const {
        if (offset >= bytes_.size()) throw std::runtime_error("the file is cut off");
        const auto end = bytes_.find('\0', offset);
        return bytes_.substr(offset, end - offset);
    }

private:
    std::string bytes_;
};

/// Of the program that this is.
Header ownHeader() {
    Header header{};
    std::ifstream file("/proc/self/exe", std::ios::binary);
    if (!file.read(reinterpret_cast<char*>(&header), sizeof header))
        throw std::runtime_error("cannot read /proc/self/exe");
    return header;
}

Header checked(const Image& image) {
    const auto header = image.at<Header>(0);
    const auto own = ownHeader();
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) throw std::runtime_error("the file is no ELF file");
    if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || header.e_ident[EI_DATA] != own.e_ident[EI_DATA] ||
        header.e_machine != own.e_machine)
        throw std::runtime_error("the file is for another kind of machine");
    if (header.e_type != ET_DYN) throw std::runtime_error("the file is no shared object");
    return header;
}

void readDynamic(const Image& image, const Section& section, std::uint64_t texts, ElfFile& file) {
    for (std::uint64_t at = 0; at + sizeof(Dynamic) <= section.sh_size; at += sizeof(Dynamic)) {
        const auto entry = image.at<Dynamic>(section.sh_offset + at);
        if (entry.d_tag == DT_NULL) return;
        if (entry.d_tag == DT_NEEDED) file.libraries.push_back(image.text(texts + entry.d_un.d_val));
        if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) file.runPath = image.text(texts + entry.d_un.d_val);
        if (entry.d_tag == DT_TEXTREL || (entry.d_tag == DT_FLAGS && entry.d_un.d_val & DF_TEXTREL))
            file.textRelocations = true;
    }
}

void readSymbols(const Image& image, const Section& section, std::uint64_t texts, ElfFile& file) {
    for (std::uint64_t at = sizeof(Symbol); at + sizeof(Symbol) <= section.sh_size; at += sizeof(Symbol)) {
        const auto symbol = image.at<Symbol>(section.sh_offset + at);
        const auto binding = ELF64_ST_BIND(symbol.st_info);
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || binding == STB_LOCAL) continue;
        const auto name = image.text(texts + symbol.st_name);
        if (binding == STB_GNU_UNIQUE) file.unique.push_back(name);
        const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
        if (visibility == STV_DEFAULT || visibility == STV_PROTECTED) file.exported.push_back(name);
    }
}

} // namespace

ElfFile readElf(const std::filesystem::path& path) {
    std::ostringstream bytes;
    if (!(bytes << std::ifstream(path, std::ios::binary).rdbuf())) throw std::runtime_error("the file cannot be read");
    const Image image(std::move(bytes).str());
    const auto header = checked(image);
    ElfFile file;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const auto segment = image.at<Segment>(header.e_phoff + std::uint64_t{i} * header.e_phentsize);
        if (segment.p_type == PT_GNU_STACK) file.executableStack = segment.p_flags & PF_X;
    }
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        const auto section = image.at<Section>(header.e_shoff + std::uint64_t{i} * header.e_shentsize);
        if (section.sh_type != SHT_DYNAMIC && section.sh_type != SHT_DYNSYM) continue;
        const auto texts =
            image.at<Section>(header.e_shoff + std::uint64_t{section.sh_link} * header.e_shentsize).sh_offset;
        if (section.sh_type == SHT_DYNAMIC)
            readDynamic(image, section, texts, file);
        else
            readSymbols(image, section, texts, file);
    }
    return file;
}

} // namespace talome::check
