package dev.ratoon.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder of an SMB share, written {@code //server[:port]/share[/folder]}.
 *
 * @param folder with {@code /} between its parts; empty for the share itself
 */
public record SmbLocation(String server, int port, String share, String folder) {
  private static final int USUAL_PORT = 445;
  private static final int MOST_PORT = 0xffff;
  private static final Pattern FORM =
      Pattern.compile(
          "//([A-Za-z0-9._-]{1,255}|\\[[0-9a-fA-F:.]{2,45}])(?::([0-9]{1,5}))?/([^/\\\\:*?\"<>|\\p{Cntrl}]{1,80})((?:/[^/\\\\:*?\"<>|\\p{Cntrl}]{1,255}){0,16})/?");

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE}; backslashes are taken for slashes
   */
  public static SmbLocation parse(String text) {
    Matcher parts = FORM.matcher(text.replace('\\', '/'));
    if (parts.matches()) {
      int port = parts.group(2) == null ? USUAL_PORT : Integer.parseInt(parts.group(2));
      String folder = parts.group(4).isEmpty() ? "" : parts.group(4).substring(1);
      if (port >= 1 && port <= MOST_PORT && !hasDots(folder)) {
        return new SmbLocation(parts.group(1), port, parts.group(3), folder);
      }
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "reading the SMB location '" + text + "'")
        .next("Write it like this: //fs1/share/vmCache")
        .asException();
  }

  private static boolean hasDots(String folder) {
    return ("/" + folder + "/").contains("/../") || ("/" + folder + "/").contains("/./");
  }

  @Override
  public String toString() {
    return "//"
        + server
        + (port == USUAL_PORT ? "" : ":" + port)
        + "/"
        + share
        + (folder.isEmpty() ? "" : "/" + folder);
  }
}
