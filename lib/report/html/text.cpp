// Small pieces of the HTML page: escaped text, numbers, data URIs.
#include "report/html/text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sys/sha256.hpp"

namespace gdm::report {
namespace {

constexpr char none[] = "\u2013";

}  // namespace

std::string escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const unsigned char code = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        if ((code < 0x20 && c != '\n' && c != '\t') || code == 0x7f) {
          result += "\uFFFD";
        } else {
          result += c;
        }
    }
  }
  return result;
}

std::string decimal(const std::optional<double>& value, int decimals) {
  if (!value || !std::isfinite(*value)) return none;
  const std::string text = fmt::format("{:.{}f}", *value, decimals);
  const bool negative_zero = text[0] == '-' && text.find_first_not_of("-0.") == std::string::npos;
  return negative_zero ? text.substr(1) : text;
}

std::string short_number(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return none;
  const double size = std::abs(*value);
  if (size != 0 && (size < 1e-3 || size >= 1e6)) return fmt::format("{:.2e}", *value);
  const int whole = size < 1 ? 1 : static_cast<int>(std::floor(std::log10(size))) + 1;
  return decimal(value, size == 0 ? 0 : size < 0.1 ? 4 : std::max(0, 3 - (size < 1 ? 0 : whole)));
}

std::optional<double> number_of(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

std::optional<double> number_at(const Json& object, const std::string& key) {
  if (!object.is_object() || !object.contains(key)) return std::nullopt;
  return number_of(object.at(key));
}

std::string plain_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? none : value.dump();
}

std::string text_at(const Json& object, const std::string& key) {
  return holds(object, key) ? plain_text(object.at(key)) : "";
}

bool holds(const Json& object, const std::string& key) {
  if (!object.is_object() || !object.contains(key)) return false;
  const Json& value = object.at(key);
  return !value.is_null() && !(value.is_structured() && value.empty());
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    unsigned group = 0;
    for (std::size_t n = 0; n < 3; ++n)
      group = group << 8U | (n < have ? static_cast<unsigned char>(bytes[at + n]) : 0U);
    for (std::size_t n = 0; n < 4; ++n) text += n <= have ? digits[group >> (18U - 6U * n) & 63U] : '=';
  }
  return text;
}

std::string policy_hash(std::string_view content) {
  const std::string hex = sha256_hex(content.data(), content.size());
  std::string bytes;
  for (std::size_t n = 0; n < hex.size(); n += 2) bytes += static_cast<char>(std::stoi(hex.substr(n, 2), nullptr, 16));
  return "sha256-" + base64(bytes);
}

std::string section(const std::string& id, const std::string& title, const std::string& body) {
  if (body.empty()) return "";
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, escape(title), body);
}

std::string table_box(const std::string& caption, const std::string& head, const std::string& body,
                      const std::string& css_class) {
  // A box that scrolls must be reachable by keyboard, and then needs a name.
  return fmt::format(
      "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table{1}>\n<caption>{0}</caption>\n"
      "<thead>{2}</thead>\n<tbody>{3}</tbody>\n</table></div>\n",
      escape(caption), css_class.empty() ? "" : " class=\"" + css_class + "\"", head, body);
}

std::string head_cell(const std::string& text, const std::string& css_class) {
  return (css_class.empty() ? "<th scope=\"col\">" : "<th scope=\"col\" class=\"" + css_class + "\">") + escape(text) +
         "</th>";
}

std::string row_head(const std::string& text) {
  return "<th scope=\"row\">" + escape(text) + "</th>";
}

std::string cell(const std::string& text, const std::string& css_class) {
  return "<td class=\"" + css_class + "\">" + escape(text) + "</td>";
}

}  // namespace gdm::report
