// What the plugin itself offers to models: words to begin with, and how this server works.
#pragma once

#include <talome/plugin.hpp>

namespace talome::mcp {

struct PromptMessage {
    std::string role = "user";
    boost::json::value content;
};
BOOST_DESCRIBE_STRUCT(PromptMessage, (), (role, content))

struct Prompt {
    std::string description;
    std::vector<PromptMessage> messages;
};
BOOST_DESCRIBE_STRUCT(Prompt, (), (description, messages))

struct DiagnoseInput {
    std::string container;
    std::optional<std::string> symptom;
};
BOOST_DESCRIBE_STRUCT(DiagnoseInput, (), (container, symptom))

struct PlanBackupInput {
    std::optional<std::string> app;
};
BOOST_DESCRIBE_STRUCT(PlanBackupInput, (), (app))

struct ExplainAlertInput {
    std::string alert;
};
BOOST_DESCRIBE_STRUCT(ExplainAlertInput, (), (alert))

struct GuideInput {
    std::string slug;
};
BOOST_DESCRIBE_STRUCT(GuideInput, (), (slug))

class Guides {
public:
    explicit Guides(Registry&);

private:
    Prompt diagnose(const DiagnoseInput&) const;
    Prompt planBackup(const PlanBackupInput&) const;
    Prompt explainAlert(const ExplainAlertInput&) const;
    std::string guide(const GuideInput&) const;
};

} // namespace talome::mcp
