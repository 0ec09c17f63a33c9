package dev.ratoon.cli.vm;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Public keys, given as they are or by the file that holds them. */
final class SshKeys {
  private SshKeys() {}

  /**
   * @param keyOrFile a key's line, or a file of such lines, for example {@code authorized_keys}
   * @throws RatoonException {@link ErrorCode#FILE_UNREADABLE} if it is neither, {@link
   *     ErrorCode#INVALID_VALUE} if it is a private key
   */
  static List<String> read(String keyOrFile) {
    if (keyOrFile.matches("(?:ssh-|ecdsa-|sk-)\\S+ \\S.*")) {
      return List.of(keyOrFile.strip());
    }
    String text = text(keyOrFile);
    if (text.contains("PRIVATE KEY-----")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the ssh key '" + keyOrFile + "'")
          .detail("It is a private key, which never leaves its machine.")
          .next("Give the public one: " + keyOrFile + ".pub")
          .asException();
    }
    return text.lines().map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#")).toList();
  }

  /** The text of a file that the user named. */
  static String text(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException | java.nio.file.InvalidPathException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading '" + file + "'")
          .detail("There is no such text file, or this user may not read it.")
          .asException(unreadable);
    }
  }
}
