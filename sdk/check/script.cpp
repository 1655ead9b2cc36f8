// The script that every plugin goes through: its order, and what is checked of the file.
#include "sdk/check/script.hpp"

#include "host/gate/schema.hpp"
#include "sdk/check/elf_file.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

namespace talome::check {

namespace {

constexpr int kMostSessions = 20; // a plugin that dies that often has been seen through

/// What can go wrong anywhere, and is noticed on the way.
constexpr std::pair<const char*, const char*> kFindings[] = {
    {"borrowed", "keeps nothing that it is lent, and leaves it as it is"},
    {"threads", "calls each function from a thread from which it may"},
    {"exceptions", "no exception leaves it"},
    {"descriptors", "passes descriptors that are open"},
    {"areas", "uses areas that can be carried between processes"}};

std::string listOf(const std::vector<std::string>& all) {
    std::string text;
    for (std::size_t i = 0; i < all.size() && i < 5; ++i) text += (i ? ", " : "") + all[i];
    if (all.size() > 5) text += " and " + std::to_string(all.size() - 5) + " more";
    return text;
}

/// As talome-manifest writes it, without what it knows of the file.
std::string comparable(const std::string& manifest) {
    auto value = boost::json::parse(manifest);
    value.as_object().erase("digest");
    value.as_object().erase("size");
    return boost::json::serialize(value);
}

/// The first member in which two manifests differ.
std::string difference(const std::string& ours, const std::string& theirs) {
    const auto a = boost::json::parse(ours).as_object(), b = boost::json::parse(theirs).as_object();
    for (const auto& [key, value] : a) {
        const auto* other = b.if_contains(key);
        if (!other || *other != value) return "'" + std::string(key) + "'";
    }
    return "what it has besides";
}

} // namespace

Script::Script(const Options& options, Places places, Report& report)
    : options_(options), places_(std::move(places)), report_(report), name_(options.plugin.stem().string()) {}

void Script::run() {
    checkElf();
    if (!checkManifest()) return reportFindings();
    checkSchemas();
    checkWithoutAreas();
    checkLife();
    if (session_) {
        checkOperations();
        checkSettings();
        checkEvents();
        checkTasks();
        checkGenerations();
        checkLeftovers();
        checkUnload();
    }
    reportFindings();
}

void Script::checkElf() {
    try {
        const auto file = readElf(options_.plugin);
        if (file.executableStack || file.textRelocations)
            report_.failed("file", file.executableStack ? "wants an executable stack" : "has text relocations");
        else
            report_.ok("file", "a shared object for this machine");
        std::vector<std::string> extra;
        bool entry = false;
        for (const auto& name : file.exported) name == "talome_plugin_v1" ? void(entry = true) : extra.push_back(name);
        if (!entry)
            report_.failed("symbols", "it does not export talome_plugin_v1");
        else if (!extra.empty())
            report_.failed("symbols", "it exports more than talome_plugin_v1: " + listOf(extra));
        else if (!file.unique.empty())
            report_.failed("symbols", "it has unique symbols, and so is never unmapped: " + listOf(file.unique));
        else
            report_.ok("symbols", "exports talome_plugin_v1, and nothing else");
        if (file.runPath.empty())
            report_.ok("rpath", "none");
        else
            report_.failed("rpath", "it looks for libraries in " + file.runPath);
    } catch (const std::exception& error) {
        report_.failed("file", error.what());
    }
}

bool Script::checkManifest() {
    Near near(places_.runner, options_.plugin, options_.limit);
    if (!near.loaded()) {
        report_.failed("load", near.why());
        collect(near);
        return false;
    }
    report_.ok("load", "with every symbol that it needs");
    if (near.steps() != 63)
        report_.failed("descriptor",
                       "not all of create(), start(), activate(), quiesce(), stop() and destroy() are set");
    else if (near.id() != name_)
        report_.failed("descriptor", "the file's name and the plugin's id, \"" + near.id() + "\", must be the same");
    else
        report_.ok("descriptor");
    try {
        text_ = near.describe(name_);
        manifest_ = manifest::fromText(text_);
        report_.ok("declarations", "operations: " + std::to_string(manifest_.operations.size()));
    } catch (const Gone&) {
        report_.failed("declarations", near.death().value_or("has ended"));
        collect(near);
        return false;
    } catch (const std::exception& error) {
        report_.failed("declarations", error.what());
        collect(near);
        return false;
    }
    collect(near);
    auto beside = options_.plugin;
    beside.replace_extension(".plugin.json");
    std::ostringstream written;
    if (!(written << std::ifstream(beside).rdbuf())) {
        report_.failed("manifest", beside.filename().string() + " is missing beside it");
        return true;
    }
    try {
        const auto theirs = comparable(manifest::toText(manifest::fromText(written.str()))), ours = comparable(text_);
        if (ours == theirs)
            report_.ok("manifest", "says what registering gives");
        else
            report_.failed("manifest",
                           "differs from what registering gives in " + difference(ours, theirs) + ": build it again");
    } catch (const std::exception& error) {
        report_.failed("manifest", error.what());
    }
    return true;
}

void Script::checkSchemas() {
    std::vector<std::string> wrong;
    const auto compile = [&](const std::string& what, const boost::json::value& schema) {
        try {
            return std::optional<gate::Schema>(schema);
        } catch (const std::exception& error) {
            wrong.push_back(what + ": " + error.what());
            return std::optional<gate::Schema>();
        }
    };
    for (const auto& each : manifest_.operations) {
        compile(each.id + " (input)", each.input);
        if (each.output) compile(each.id + " (output)", *each.output);
    }
    for (const auto& each : manifest_.topics)
        if (each.schema) compile(each.name, *each.schema);
    for (const auto& each : manifest_.settings) {
        const auto schema = compile(each.key, each.schema);
        auto value = each.fallback;
        if (!schema || value.is_null()) continue;
        const auto details = schema->check(value);
        if (!details.empty())
            wrong.push_back(each.key + ": its default is not what its schema allows, " + details[0].text());
    }
    wrong.empty() ? report_.ok("schemas") : report_.failed("schemas", listOf(wrong));
}

Session* Script::session() {
    if (session_ && session_->runs() && !session_->near().death()) return session_.get();
    if (session_) collect(session_->near());
    session_.reset();
    if (++begun_ > kMostSessions) return nullptr;
    session_ = std::make_unique<Session>(places_, options_.plugin, text_, options_.with, "", options_.limit);
    session_->start();
    return session_.get();
}

void Script::within(const std::string& name, const std::function<void(Session&)>& body) {
    std::string wrong;
    try {
        auto* now = session();
        if (!now) return report_.skipped(name, "its process has ended too often");
        body(*now);
    } catch (const std::exception& error) {
        wrong = error.what();
    }
    if (session_) {
        if (const auto death = session_->near().death()) wrong = *death;
        collect(session_->near());
    }
    if (!wrong.empty())
        report_.failed(name, wrong);
    else
        report_.ok(name);
}

void Script::collect(Near& near) {
    for (const auto& finding : near.takeFindings()) findings_[finding.check].insert(finding.what);
}

void Script::reportFindings() {
    if (session_) collect(session_->near());
    for (const auto& [name, meaning] : kFindings) {
        const auto it = findings_.find(name);
        if (it == findings_.end())
            report_.ok(name, meaning);
        else if (std::string_view(name) == "areas")
            report_.skipped(name, listOf({it->second.begin(), it->second.end()}));
        else
            report_.failed(name, listOf({it->second.begin(), it->second.end()}));
    }
}

} // namespace talome::check
