package dev.ratoon.cli.fleet;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** A file of credentials as {@code mount.cifs} reads it. */
final class CredentialsFile {
  private static final long MOST_BYTES = 4096;
  private static final String LINES =
      "It has the lines username=NAME, password=WORD and, if need be, domain=NAME; mode 600.";
  private static final Set<PosixFilePermission> OF_OTHERS =
      Set.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);

  private CredentialsFile() {}

  /**
   * @throws RatoonException {@code file-unreadable}; {@code invalid-value} if others may read it,
   *     or something is missing
   */
  static ShareCredentials read(Path file) {
    String doing = "reading the credentials in " + file;
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw wrong(doing, "It is larger than such a file can be.", "");
      }
      if (Files.getPosixFilePermissions(file).stream().anyMatch(OF_OTHERS::contains)) {
        throw wrong(doing, "Others may read it.", "chmod 600 " + file);
      }
      Map<String, String> values = new HashMap<>();
      for (String line : Files.readAllLines(file)) {
        int equals = line.indexOf('=');
        if (equals > 0) {
          values.put(line.substring(0, equals).strip(), line.substring(equals + 1));
        }
      }
      return new ShareCredentials(
          values.getOrDefault("domain", "").strip(),
          value(values, "username", doing).strip(),
          value(values, "password", doing));
    } catch (NoSuchFileException gone) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, doing)
          .detail("There is no such file.")
          .next(LINES)
          .asException(gone);
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, doing)
          .detail(String.valueOf(unreadable.getMessage()))
          .asException(unreadable);
    }
  }

  private static String value(Map<String, String> values, String name, String doing) {
    String value = values.getOrDefault(name, "");
    if (value.isEmpty()) {
      throw wrong(doing, "The line " + name + "= is missing.", LINES);
    }
    return value;
  }

  private static RatoonException wrong(String doing, String why, String next) {
    return Problem.of(ErrorCode.INVALID_VALUE, doing).detail(why).next(next).asException();
  }
}
