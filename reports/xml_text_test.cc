#include "reports/xml_text.h"

#include <gtest/gtest.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <tinyxml2.h>

#include <memory>

namespace bootrig {
namespace {

// Writes one element as the reporters do and reads it back with libxml2: the content, or "" when it
// is no XML.
struct ReadBack {
  bool legal = false;
  std::string content;
  std::string attribute;
};
ReadBack through_libxml(std::string_view bytes) {
  tinyxml2::XMLPrinter printer;
  printer.OpenElement("x");
  printer.PushAttribute("a", xml_attribute(bytes).c_str());
  printer.PushText(xml_text(bytes).c_str());
  printer.CloseElement();
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      xmlReadMemory(printer.CStr(), printer.CStrSize() - 1, "x.xml", nullptr, XML_PARSE_NOERROR), &xmlFreeDoc);
  if (!document) return {};
  const auto text_of = [](xmlChar* text) {
    const std::string copy = text == nullptr ? "" : reinterpret_cast<const char*>(text);
    xmlFree(text);
    return copy;
  };
  xmlNode* root = xmlDocGetRootElement(document.get());
  return {true, text_of(xmlNodeGetContent(root)), text_of(xmlGetProp(root, reinterpret_cast<const xmlChar*>("a")))};
}

TEST(XmlText, EachByteValueIsReadBackAsWritten) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes = "<" + std::string(1, static_cast<char>(byte)) + ">";
    const ReadBack read = through_libxml(bytes);
    ASSERT_TRUE(read.legal) << "byte " << byte;
    EXPECT_EQ(read.content, xml_text(bytes)) << "byte " << byte;
    EXPECT_EQ(read.attribute, xml_attribute(bytes)) << "byte " << byte;
  }
}

TEST(XmlText, ShowsWhatXmlCannotHold) {
  EXPECT_EQ(xml_text(std::string("\x1b[0m\0\x7f\x0b", 7)), "␛[0m␀␡␋");
  EXPECT_EQ(xml_text("a\tb\n"), "a\tb\n");
  EXPECT_EQ(xml_text("one\r\ntwo\rthree\r\r\n"), "one\ntwo␍three␍\n");
  EXPECT_EQ(xml_text("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(xml_text("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
  EXPECT_EQ(xml_text("\xef\xbf\xbe\xef\xbf\xbf"), "\xef\xbf\xbd\xef\xbf\xbd");  // U+FFFE, U+FFFF
  EXPECT_EQ(xml_text("grün € 𝄞"), "grün € 𝄞");
  EXPECT_EQ(xml_text("\xc2\x85"), "\xc2\x85");  // U+0085 is legal
}

TEST(XmlText, AttributesAreOneLine) {
  EXPECT_EQ(xml_attribute("a\n\tb\r\n"), "a␊␉b␊");
}

TEST(XmlText, BrokenUtf8AndMarkupComeThrough) {
  for (const char* bytes :
       {"\xc0\xaf", "\xe2\x82", "\xf0\x9f\x98", "\xf5\x80\x80\x80",
        "\xb0"
        "C",
        "]]>", "<![CDATA[", "<script>alert(1)</script>", "&amp;&#0;&lt;", "<!-- --", "\xef\xbb\xbf"}) {
    const ReadBack read = through_libxml(bytes);
    ASSERT_TRUE(read.legal) << bytes;
    EXPECT_EQ(read.content, xml_text(bytes)) << bytes;
  }
}

TEST(XmlText, AGuestCannotAttachFiles) {
  EXPECT_EQ(xml_guest_text("[[ATTACHMENT|/etc/passwd]] [[[[ATTACHMENT|x"),
            "[[ATTACHMENT¦/etc/passwd]] [[[[ATTACHMENT¦x");
}

TEST(CutMiddle, KeepsBothEndsAndWholeCharacters) {
  EXPECT_EQ(cut_middle("short", 3, 3), "short");
  EXPECT_EQ(cut_middle("abcdefghij", 2, 3), "ab\n[... 5 bytes left out ...]\nhij");
  EXPECT_EQ(cut_middle("a€bcdef€z", 3, 3), "a\n[... 11 bytes left out ...]\nz");
}

TEST(CutMiddle, HostileContinuationBytesDoNotEatTheText) {
  const std::string text(100, '\x80');
  const std::string cut = cut_middle(text, 10, 10);
  EXPECT_EQ(cut.substr(0, 7), std::string(7, '\x80'));
}

}  // namespace
}  // namespace bootrig
