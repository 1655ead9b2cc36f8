#include "history/metrics_text.hpp"

#include "live/timestamp.hpp"

#include <charconv>
#include <cstdlib>

namespace talome::system {

MetricsText::MetricsText(const Wanted& wanted, bool detail) {
    for (std::size_t i = 0; i < kSeries; ++i) {
        if (!wanted.series[i]) continue;
        const std::string name(kSeriesNames[i]);
        fields_.push_back({name, i, &Span::mean, nullptr});
        if (i == static_cast<std::size_t>(Series::memoryUsed)) fields_.push_back({"memory_total", i, nullptr, &Bucket::memoryTotal});
        if (i == static_cast<std::size_t>(Series::diskUsed)) fields_.push_back({"disk_total", i, nullptr, &Bucket::diskTotal});
        if (!detail) continue;
        fields_.push_back({name + "_min", i, &Span::least, nullptr});
        fields_.push_back({name + "_max", i, &Span::most, nullptr});
    }
}

std::optional<std::int64_t> MetricsText::valueOf(const Field& field, const Bucket& bucket) {
    if (!field.part) return bucket.*field.total;
    const auto& span = bucket.spans[field.series];
    return span ? std::optional((*span).*field.part) : std::nullopt;
}

void MetricsText::putTime(std::string& out, std::int64_t t) { out += timestamp(t * 1000); }

void MetricsText::put(std::string& out, const Field& field, const Bucket& bucket, std::string_view none) {
    const auto n = valueOf(field, bucket);
    if (!n) {
        out += none;
        return;
    }
    char digits[32];
    char* at = digits;
    if (!field.part || kSeriesScale[field.series] == 1) {
        at = std::to_chars(digits, digits + sizeof digits, *n).ptr;
    } else {
        const std::int64_t tenths = (std::abs(*n) + 5) / 10;
        if (*n < 0 && tenths) *at++ = '-';
        at = std::to_chars(at, digits + sizeof digits, tenths / 10).ptr;
        if (tenths % 10) *at++ = '.', *at++ = static_cast<char>('0' + tenths % 10);
    }
    out.append(digits, static_cast<std::size_t>(at - digits));
}

MetricsRowsText::MetricsRowsText(const Wanted& wanted, bool detail) : MetricsText(wanted, detail) {
    for (const Field& each : fields_) keys_.push_back(",\"" + each.name + "\":");
    out_.reserve(400'000);
}

void MetricsRowsText::row(const Bucket& bucket) {
    out_ += out_.size() > 1 ? ",{\"timestamp\":\"" : "{\"timestamp\":\"";
    putTime(out_, bucket.t);
    out_ += '"';
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        out_ += keys_[i];
        put(out_, fields_[i], bucket, "null");
    }
    out_ += '}';
}

void MetricsRowsText::gap(std::int64_t t) {
    Bucket nothing;
    nothing.t = t;
    row(nothing);
    out_.pop_back();
    out_ += ",\"gap\":true}";
}

MetricsColumnsText::MetricsColumnsText(const Wanted& wanted, bool detail) : MetricsText(wanted, detail), columns_(fields_.size()) {}

void MetricsColumnsText::row(const Bucket& bucket) {
    times_ += times_.empty() ? "\"" : ",\"";
    putTime(times_, bucket.t);
    times_ += '"';
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (!columns_[i].empty()) columns_[i] += ',';
        put(columns_[i], fields_[i], bucket, "null");
    }
}

void MetricsColumnsText::gap(std::int64_t t) {
    Bucket nothing;
    nothing.t = t;
    row(nothing);
}

std::string MetricsColumnsText::done() {
    std::string out = "{\"timestamp\":[" + times_ + "]";
    for (std::size_t i = 0; i < fields_.size(); ++i) out.append(",\"").append(fields_[i].name).append("\":[").append(columns_[i]).append("]");
    return out + "}";
}

MetricsCsv::MetricsCsv(const Wanted& wanted, bool detail) : MetricsText(wanted, detail) {
    for (const Field& each : fields_) out_.append(",").append(each.name);
    out_ += "\r\n";
}

void MetricsCsv::row(const Bucket& bucket) {
    putTime(out_, bucket.t);
    for (const Field& each : fields_) {
        out_ += ',';
        put(out_, each, bucket, "");
    }
    out_ += "\r\n";
}

void MetricsCsv::gap(std::int64_t t) {
    Bucket nothing;
    nothing.t = t;
    row(nothing);
}

} // namespace talome::system
