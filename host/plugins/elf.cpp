// Reads an ELF file: its header, its program headers, and from the dynamic section the symbols that it exports. Section
// headers are not read: the loader does not read them either, and may do without. The number of symbols
// comes from the hash table, as in the loader (System V ABI, gABI 4.1; GNU hash: binutils' documentation).
#include "host/plugins/elf.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <optional>
#include <vector>

namespace talome::plugins {

namespace {

/// Thrown within this file only.
struct Problem {
    std::string words;
};

constexpr std::size_t kMostHeaders = 64;
constexpr std::uint64_t kMostSymbols = 1u << 20;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kMachine = EM_RISCV;
#else
#error "say here which machine this is"
#endif

std::string nameOf(Elf64_Half machine) {
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_386:
        return "32-bit x86";
    case EM_AARCH64:
        return "64-bit ARM";
    case EM_ARM:
        return "32-bit ARM";
    case EM_RISCV:
        return "RISC-V";
    default:
        return "machine number " + std::to_string(machine);
    }
}

class Reader {
public:
    explicit Reader(std::span<const std::byte> file) : file_(file) {}

    void requireExport(std::string_view symbol) {
        readHeader();
        readSegments();
        readDynamic();
        if (!exports(symbol)) throw Problem{"it does not export " + std::string(symbol) + ": it is no Talome plugin"};
    }

private:
    /// A copy, for what is in a file need not be aligned.
    template <class T> T at(std::uint64_t offset) const {
        if (offset > file_.size() || sizeof(T) > file_.size() - offset)
            throw Problem{"it is truncated, or a number in it points beyond its end"};
        T value;
        std::memcpy(&value, file_.data() + offset, sizeof value);
        return value;
    }

    void readHeader() {
        if (file_.size() < EI_NIDENT || std::memcmp(file_.data(), ELFMAG, SELFMAG) != 0)
            throw Problem{"it is not an ELF file"};
        const auto ident = [&](int i) { return std::to_integer<unsigned>(file_[static_cast<std::size_t>(i)]); };
        if (ident(EI_CLASS) != ELFCLASS64) throw Problem{"it is not a 64-bit file, and this host is 64-bit"};
        if (ident(EI_DATA) != ELFDATA2LSB) throw Problem{"its byte order is not that of this machine"};
        if (file_.size() < sizeof header_) throw Problem{"it is truncated within its header"};
        header_ = at<Elf64_Ehdr>(0);
        if (header_.e_machine != kMachine)
            throw Problem{"it is built for " + nameOf(header_.e_machine) + ", and this machine is " + nameOf(kMachine)};
        if (header_.e_type != ET_DYN) throw Problem{"it is not a shared object"};
        if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 || header_.e_phnum > kMostHeaders)
            throw Problem{"its program headers cannot be read"};
        const auto sections = std::uint64_t{header_.e_shnum} * header_.e_shentsize; // may be gone, but not in part
        if (header_.e_shoff > file_.size() || sections > file_.size() - header_.e_shoff)
            throw Problem{"it is truncated: its section headers are not all there"};
    }

    void readSegments() {
        for (Elf64_Half i = 0; i < header_.e_phnum; ++i) {
            const auto offset = std::uint64_t{i} * sizeof(Elf64_Phdr);
            if (header_.e_phoff > file_.size())
                throw Problem{"it is truncated, or a number in it points beyond its end"};
            const auto segment = at<Elf64_Phdr>(header_.e_phoff + offset);
            if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC) continue;
            if (segment.p_offset > file_.size() || segment.p_filesz > file_.size() - segment.p_offset)
                throw Problem{"it is truncated: a part that would be loaded is not all there"};
            if (segment.p_filesz > segment.p_memsz || segment.p_vaddr > UINT64_MAX - segment.p_memsz)
                throw Problem{"a part of it does not fit into memory"};
            if (segment.p_type == PT_LOAD)
                loaded_.push_back(segment);
            else if (dynamic_)
                throw Problem{"it has two dynamic sections"};
            else
                dynamic_ = segment;
        }
        if (!dynamic_) throw Problem{"it has no dynamic section"};
    }

    /// Where in the file n bytes of memory come from.
    std::uint64_t offsetOf(std::uint64_t address, std::uint64_t n) const {
        for (const auto& segment : loaded_)
            if (address >= segment.p_vaddr && address - segment.p_vaddr <= segment.p_filesz &&
                n <= segment.p_filesz - (address - segment.p_vaddr))
                return segment.p_offset + (address - segment.p_vaddr);
        throw Problem{"its dynamic section points to where nothing is"};
    }
    template <class T> T inMemory(std::uint64_t address) const { return at<T>(offsetOf(address, sizeof(T))); }

    void readDynamic() {
        for (std::uint64_t i = 0; i + sizeof(Elf64_Dyn) <= dynamic_->p_filesz; i += sizeof(Elf64_Dyn)) {
            const auto entry = at<Elf64_Dyn>(dynamic_->p_offset + i);
            if (entry.d_tag == DT_NULL) break;
            const auto value = entry.d_un.d_val;
            if (entry.d_tag == DT_SYMTAB) symbols_ = value;
            if (entry.d_tag == DT_STRTAB) strings_ = value;
            if (entry.d_tag == DT_STRSZ) stringBytes_ = value;
            if (entry.d_tag == DT_HASH) hash_ = value;
            if (entry.d_tag == DT_GNU_HASH) gnuHash_ = value;
        }
        if (!symbols_ || !strings_ || (!hash_ && !gnuHash_)) throw Problem{"its dynamic section lists no symbols"};
    }

    /// The last symbol is the end of the chain that begins last.
    std::uint64_t countByGnuHash() const {
        const auto buckets = inMemory<std::uint32_t>(*gnuHash_);
        const auto first = inMemory<std::uint32_t>(*gnuHash_ + 4);
        const auto bloomWords = inMemory<std::uint32_t>(*gnuHash_ + 8);
        const auto table = *gnuHash_ + 16 + std::uint64_t{bloomWords} * 8;
        std::uint64_t last = 0;
        for (std::uint64_t i = 0; i < buckets && i < kMostSymbols; ++i)
            last = std::max<std::uint64_t>(last, inMemory<std::uint32_t>(table + i * 4));
        if (last < first) return first;
        const auto chains = table + std::uint64_t{buckets} * 4;
        for (; last < kMostSymbols; ++last)
            if (inMemory<std::uint32_t>(chains + (last - first) * 4) & 1) break;
        return last + 1;
    }

    bool isNamed(const Elf64_Sym& symbol, std::string_view name) const {
        const std::uint64_t end = std::uint64_t{symbol.st_name} + name.size() + 1;
        if (end > stringBytes_) return false;
        const auto offset = offsetOf(*strings_ + symbol.st_name, name.size() + 1);
        return std::memcmp(file_.data() + offset, name.data(), name.size()) == 0 &&
               file_[offset + name.size()] == std::byte{0};
    }

    bool exports(std::string_view name) const {
        const std::uint64_t count = gnuHash_ ? countByGnuHash() : inMemory<std::uint32_t>(*hash_ + 4);
        if (count > kMostSymbols) throw Problem{"it lists more symbols than can be"};
        for (std::uint64_t i = 1; i < count; ++i) {
            const auto symbol = inMemory<Elf64_Sym>(*symbols_ + i * sizeof(Elf64_Sym));
            const auto binding = ELF64_ST_BIND(symbol.st_info);
            const bool visible = symbol.st_shndx != SHN_UNDEF && (binding == STB_GLOBAL || binding == STB_WEAK) &&
                                 ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
            if (visible && isNamed(symbol, name)) return true;
        }
        return false;
    }

    const std::span<const std::byte> file_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> loaded_;
    std::optional<Elf64_Phdr> dynamic_;
    std::optional<std::uint64_t> symbols_, strings_, hash_, gnuHash_;
    std::uint64_t stringBytes_ = 0;
};

} // namespace

std::string elfProblem(std::span<const std::byte> file, std::string_view symbol) {
    try {
        Reader(file).requireExport(symbol);
        return {};
    } catch (const Problem& problem) {
        return problem.words;
    }
}

} // namespace talome::plugins
