// Small pieces of the HTML page: escaped text, numbers, data URIs. The page is written so that it parses both as HTML
// and as XML, hence the few entities and the replaced control characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "io/json.hpp"

namespace gdm::report {

/// Text for an element or a quoted attribute: & < > " ' become entities, control characters U+FFFD. `text` is UTF-8.
std::string escape(std::string_view text);

/// A decimal number that is not "-0"; an en dash for none or an infinite value.
std::string decimal(const std::optional<double>& value, int decimals);
/// Three significant digits; an en dash for none.
std::string short_number(const std::optional<double>& value);

/// A finite number; none for null, another kind, or an absent key.
std::optional<double> number_of(const Json& value);
std::optional<double> number_at(const Json& object, const std::string& key);
/// A string as it is, a number as short as it round-trips, anything else as JSON; not escaped.
std::string plain_text(const Json& value);
/// The text of a key, "" if it is absent or null; not escaped.
std::string text_at(const Json& object, const std::string& key);
/// Whether the key is there and holds something: not null, no empty object or array.
bool holds(const Json& object, const std::string& key);

/// RFC 4648, section 4.
std::string base64(std::string_view bytes);
/// "sha256-..." of an inline script or style sheet, as a Content-Security-Policy names it.
std::string policy_hash(std::string_view content);

/// <section id=ID><h2>TITLE</h2>BODY</section>; "" for an empty body, so that nothing is shown empty.
std::string section(const std::string& id, const std::string& title, const std::string& body);
/// A table in a box that scrolls sideways, so that the page does not; head and body are rows of cells.
std::string table_box(const std::string& caption, const std::string& head, const std::string& body,
                      const std::string& css_class = "");
std::string head_cell(const std::string& text, const std::string& css_class = "");  ///< <th scope=col>, escaped
std::string row_head(const std::string& text);                                      ///< <th scope=row>, escaped
std::string cell(const std::string& text, const std::string& css_class = "num");    ///< <td>, escaped

}  // namespace gdm::report
