// Any bytes as legal XML 1.0 text, for tinyxml2, which writes control bytes as they are. Escaping
// of &, < and > is left to it; nothing here is for CDATA.
//
// What XML cannot hold becomes visible (XML 1.0, section 2.2 "Characters"): C0 controls and DEL the
// control pictures U+2400.., ill-formed UTF-8, U+FFFE and U+FFFF the replacement character U+FFFD.
#pragma once

#include <string>
#include <string_view>

namespace bootrig {

// For element content: tabs and newlines stay, "\r\n" is a newline, a lone '\r' is shown.
std::string xml_text(std::string_view bytes);
// For attribute values, where XML parsers turn tabs and newlines into blanks: these are shown too.
// One line.
std::string xml_attribute(std::string_view bytes);
// What a guest said, as element content: as xml_text, and "[[ATTACHMENT|", which CI servers take as
// an order to fetch a file, is broken.
std::string xml_guest_text(std::string_view bytes);

// At most `head` + `tail` bytes of the text; what was cut between is said on a line of its own.
std::string cut_middle(std::string_view bytes, std::size_t head, std::size_t tail);

}  // namespace bootrig
