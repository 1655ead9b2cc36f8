// Rows of the history as text: JSON rows as the API document has them, JSON columns, CSV. All are written by hand: a week
// is two thousand rows.
#pragma once

#include "history/metrics_query.hpp"

namespace talome::system {

/// Writes one row's fields, one after the other.
class MetricsText {
public:
    MetricsText(const Wanted& wanted, bool detail);
    virtual ~MetricsText() = default;
    virtual void row(const Bucket&) = 0;
    virtual void gap(std::int64_t t) = 0; ///< nothing was recorded then
    virtual std::string done() = 0;

protected:
    /// What a row holds beside its time: one value of one series, or a total.
    struct Field {
        std::string name;
        std::size_t series = 0;
        std::int64_t Span::*part = nullptr;                  ///< null: a total
        std::optional<std::int64_t> Bucket::*total = nullptr;
    };
    static void putTime(std::string& out, std::int64_t t);
    /// One decimal where the stored number has hundredths; `none` where there is none.
    static void put(std::string& out, const Field&, const Bucket&, std::string_view none);
    static std::optional<std::int64_t> valueOf(const Field&, const Bucket&);

    std::vector<Field> fields_;
};

/// `[{"timestamp":…,"cpu":…},…]`
class MetricsRowsText final : public MetricsText {
public:
    MetricsRowsText(const Wanted& wanted, bool detail);
    void row(const Bucket&) override;
    void gap(std::int64_t t) override;
    std::string done() override { return std::move(out_) + "]"; }

private:
    std::vector<std::string> keys_; ///< of the fields: `,"cpu":`
    std::string out_ = "[";
};

/// `{"timestamp":[…],"cpu":[…]}`
class MetricsColumnsText final : public MetricsText {
public:
    MetricsColumnsText(const Wanted& wanted, bool detail);
    void row(const Bucket&) override;
    void gap(std::int64_t t) override;
    std::string done() override;

private:
    std::string times_;
    std::vector<std::string> columns_;
};

/// RFC 4180, with a line of headings.
class MetricsCsv final : public MetricsText {
public:
    MetricsCsv(const Wanted& wanted, bool detail);
    void row(const Bucket&) override;
    void gap(std::int64_t t) override;
    std::string done() override { return std::move(out_); }

private:
    std::string out_ = "timestamp";
};

} // namespace talome::system
