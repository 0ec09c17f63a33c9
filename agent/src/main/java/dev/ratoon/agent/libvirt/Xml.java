package dev.ratoon.agent.libvirt;

/** Writes XML: elements nest by indentation, every value is escaped. */
final class Xml {
  private final StringBuilder text = new StringBuilder();
  private int depth;

  /** Opens an element; {@code attributes} are names and values in turn. */
  Xml open(String name, Object... attributes) {
    tag(name, ">", attributes);
    depth++;
    return this;
  }

  Xml close(String name) {
    depth--;
    text.append("  ".repeat(depth)).append("</").append(name).append(">\n");
    return this;
  }

  /** An element with attributes alone. */
  Xml empty(String name, Object... attributes) {
    tag(name, "/>", attributes);
    return this;
  }

  /** An element with text alone. */
  Xml leaf(String name, Object value, Object... attributes) {
    tag(name, ">" + escape(value.toString()) + "</" + name + ">", attributes);
    return this;
  }

  private void tag(String name, String end, Object... attributes) {
    text.append("  ".repeat(depth)).append('<').append(name);
    for (int i = 0; i < attributes.length; i += 2) {
      text.append(' ').append(attributes[i]).append("='");
      text.append(escape(attributes[i + 1].toString())).append('\'');
    }
    text.append(end).append('\n');
  }

  /** Characters that XML cannot carry at all become the replacement character. */
  static String escape(String value) {
    var escaped = new StringBuilder(value.length());
    value.codePoints().forEach(c -> escape(c, escaped));
    return escaped.toString();
  }

  private static void escape(int c, StringBuilder to) {
    switch (c) {
      case '&' -> to.append("&amp;");
      case '<' -> to.append("&lt;");
      case '>' -> to.append("&gt;");
      case '\'' -> to.append("&apos;");
      case '"' -> to.append("&quot;");
      case '\n', '\r', '\t' -> to.append("&#").append(c).append(';');
      default -> to.appendCodePoint(isCharacter(c) ? c : 0xFFFD);
    }
  }

  private static boolean isCharacter(int c) {
    return c >= 0x20 && (c < 0xD800 || c > 0xDFFF) && c != 0xFFFE && c != 0xFFFF;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
